//! Holding what a guest answers against the limits, and against what can be sent. Not here: what is done with it.

use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;

use crate::domain::plugin::Fault;
use crate::domain::plugin::Output;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::module::bindings::hookmill::plugin::types;

/// Headers of one output.
const HEADERS_MAX: usize = 100;
/// Bytes of all headers of one output, names and values.
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Bytes of a type and of an ordering key.
const WORD_BYTES_MAX: usize = 64 << 10;
/// Bytes of a name that are shown where it is wrong.
const SHOWN_BYTES: usize = 64;

/// The outputs of one event, if they are not too many or too large and can be sent.
pub(crate) fn bounded(outputs: Vec<types::Output>, state: &GuestState) -> Result<Vec<Output>, Fault> {
    let limits = &state.limits;
    within("outputs", outputs.len(), limits.outputs as usize)?;
    for output in &outputs {
        words(output)?;
        headers(&output.headers, state)?;
    }
    let bytes: u64 = outputs.iter().map(weight).sum();
    if bytes > limits.output_bytes {
        let detail = format!("{bytes} bytes of at most {}", limits.output_bytes);
        return Err(Fault::OutputTooLarge { detail });
    }
    Ok(outputs.into_iter().map(taken).collect())
}

fn within(what: &str, seen: usize, most: usize) -> Result<(), Fault> {
    if seen > most {
        return Err(Fault::OutputTooLarge { detail: format!("{seen} {what} of at most {most}") });
    }
    Ok(())
}

/// The guest answered what no output can be.
fn wrong(what: String) -> Fault {
    Fault::Trapped { trap: what, backtrace: Vec::new() }
}

fn words(output: &types::Output) -> Result<(), Fault> {
    for (what, word) in [("type", &output.event_type), ("ordering key", &output.ordering_key)] {
        let Some(word) = word else { continue };
        within(&format!("bytes of the {what} of an output"), word.len(), WORD_BYTES_MAX)?;
        if word.chars().any(char::is_control) {
            return Err(wrong(format!("the {what} of an output has control characters")));
        }
    }
    Ok(())
}

/// A header that cannot be sent would fail the delivery much later, where the plugin is no longer known.
fn headers(headers: &[(String, String)], state: &GuestState) -> Result<(), Fault> {
    within("headers of an output", headers.len(), HEADERS_MAX)?;
    let bytes = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    within("bytes of headers of an output", bytes, HEADER_BYTES_MAX)?;
    for (name, value) in headers {
        // Secrets are left out before it is cut, else the beginning of one would stay.
        let shown = || state.said(name.clone(), SHOWN_BYTES).escape_debug().to_string();
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(wrong(format!("`{}` is not a header name", shown())));
        }
        if HeaderValue::from_str(value).is_err() {
            return Err(wrong(format!(
                "the value of header `{}` has characters a header cannot have",
                shown()
            )));
        }
    }
    Ok(())
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
