//! Examples that stand outside a manifest: an event, and what came of it once and has to come of it again. Not here:
//! where they come from, and what follows when one fails.

use serde_json::Value;
use serde_json::json;

use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::Verdict;
use crate::sandbox::admission::examples;
use crate::sandbox::admission::expect;
use crate::sandbox::admission::expect::ExampleAnswer;
use crate::sandbox::admission::manifest;
use crate::sandbox::admission::manifest::ManifestExample;
use crate::sandbox::plugin::Plugin;

/// See the head of this file.
#[derive(Debug)]
pub struct Case {
    pub(crate) example: ManifestExample,
}

/// Why an event cannot be captured.
#[derive(Debug, thiserror::Error)]
pub enum NotCaptured {
    /// A test is a text.
    #[error("its payload is neither JSON nor text in UTF-8, so it cannot be written down as a test")]
    Binary,
    /// There is no result to expect.
    #[error("the plugin gives no result to expect: {0}")]
    Faulted(Fault),
}

impl Case {
    /// Reads one in the form of a manifest's example, or says all that is wrong with it.
    pub fn parse(json: &str) -> Result<Self, Vec<String>> {
        manifest::parse_example(json).map(|example| Self { example })
    }

    /// The examples of a manifest, which was checked when its plugin was admitted.
    pub fn of_manifest(json: &str) -> Vec<Self> {
        let manifest = manifest::Manifest::parse(json);
        manifest.into_iter().flat_map(|found| found.examples).map(|example| Self { example }).collect()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.example.name
    }

    /// Runs a plugin on it: how the answer differs from what is expected, if it does. `Err` is the gateway's fault;
    /// one of the plugin is a difference.
    pub async fn difference(&self, plugin: &Plugin) -> Result<Option<String>, Fault> {
        match examples::answer(plugin, &self.example).await {
            Ok(answer) => Ok(self.example.expect.difference(&answer)),
            Err(fault) if fault.blame() == Blame::Host => Err(fault),
            Err(fault) => Ok(Some(fault.to_string())),
        }
    }

    /// Runs a plugin on an event, and writes both down as an example.
    pub async fn capture(
        plugin: &Plugin,
        name: &str,
        config: &str,
        event: GuestEvent,
    ) -> Result<String, NotCaptured> {
        let written = written(&event)?;
        let config_json: Value = serde_json::from_str(config).unwrap_or_else(|_| json!({}));
        let expect = match plugin.run(config.into(), event).await {
            Ok(ran) => expected(&ran.verdict)?,
            Err(failure) => match failure.fault {
                Fault::Refused { message } => json!({"error": message}),
                fault => return Err(NotCaptured::Faulted(fault)),
            },
        };
        let example = json!({"name": name, "config": config_json, "event": written, "expect": expect});
        Ok(example.to_string())
    }
}

fn written(event: &GuestEvent) -> Result<Value, NotCaptured> {
    let mut fields = payload(&event.payload)?;
    let headers: serde_json::Map<String, Value> =
        event.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    fields["id"] = (*event.id).into();
    fields["type"] = (*event.event_type).into();
    fields["source"] = (*event.source).into();
    fields["received_at"] = (*event.received_at).into();
    fields["content_type"] = (*event.content_type).into();
    fields["headers"] = headers.into();
    Ok(fields)
}

/// `payload` for JSON, `payload_text` for other text.
fn payload(bytes: &[u8]) -> Result<Value, NotCaptured> {
    if let Ok(json) = serde_json::from_slice::<Value>(bytes) {
        return Ok(json!({"payload": json}));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NotCaptured::Binary)?;
    Ok(json!({"payload_text": text}))
}

fn expected(verdict: &Verdict) -> Result<Value, NotCaptured> {
    match verdict {
        Verdict::Drop(reason) => Ok(json!({"drop": reason})),
        Verdict::Forward(outputs) => {
            let binary = outputs.iter().any(|output| std::str::from_utf8(&output.payload).is_err());
            if binary {
                return Err(NotCaptured::Binary);
            }
            Ok(json!({"forward": outputs.iter().map(expect::of_output).collect::<Vec<_>>()}))
        }
    }
}

/// What a plugin answers to an example, for comparing two runs.
pub(crate) async fn answer(plugin: &Plugin, example: &ManifestExample) -> Result<ExampleAnswer, Fault> {
    examples::answer(plugin, example).await
}
