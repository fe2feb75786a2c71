//! Holding what a guest answers against the limits. Not here: what is done with it.

use bytes::Bytes;

use crate::domain::plugin::Fault;
use crate::domain::plugin::Output;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::bindings::hookmill::plugin::types;

/// The outputs of one event, if they are not too many or too large.
pub(crate) fn bounded(outputs: Vec<types::Output>, limits: &PluginLimits) -> Result<Vec<Output>, Fault> {
    if outputs.len() > limits.outputs as usize {
        let detail = format!("{} outputs of at most {}", outputs.len(), limits.outputs);
        return Err(Fault::OutputTooLarge { detail });
    }
    let bytes: u64 = outputs.iter().map(weight).sum();
    if bytes > limits.output_bytes {
        let detail = format!("{bytes} bytes of at most {}", limits.output_bytes);
        return Err(Fault::OutputTooLarge { detail });
    }
    Ok(outputs.into_iter().map(taken).collect())
}

/// Bytes of an output: its payload, its names and its headers.
fn weight(output: &types::Output) -> u64 {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let headers: usize = output.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    (output.payload.len() + headers + optional(&output.event_type) + optional(&output.ordering_key)) as u64
}

fn taken(output: types::Output) -> Output {
    Output {
        event_type: output.event_type,
        headers: output.headers,
        payload: Bytes::from(output.payload),
        ordering_key: output.ordering_key,
    }
}
