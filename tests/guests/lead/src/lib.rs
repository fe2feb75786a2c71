//! An honest plugin: keeps product-qualified leads above a confidence and reshapes them.

mod arena;
mod transform;
mod typed;

wit_bindgen::generate!({ world: "plugin", path: "../../../wit" });

use hookmill::plugin::log::{Level, log};
use hookmill::plugin::types::Output;
use transform::Lead;

#[global_allocator]
static ARENA: arena::Arena = arena::Arena::new();

struct Plugin;

export!(Plugin);

const MANIFEST: &str = r#"{
  "name": "lead", "version": "1.0.0", "description": "Reshapes lead signals.",
  "config_schema": {"type": "object", "properties": {"min_confidence": {"type": "number"},
    "typed": {"type": "boolean"}}},
  "examples": [
    {"name": "not a lead", "event": {"payload": {"signal_type": "churn_risk"}}, "expect": {"drop": "not a lead: churn_risk"}},
    {"name": "not sure", "config": {"min_confidence": 0.5},
     "event": {"payload": {"signal_type": "intent_spike", "confidence": 0.25}}, "expect": {"drop": "confidence 0.25"}},
    {"name": "not JSON", "event": {"payload_text": "?"}, "expect": {"error": "*"}}
  ]
}"#;

/// Set by `configure`, which comes before the first event of every instance.
static mut MIN_CONFIDENCE: f64 = 0.8;
static mut TYPED: bool = false;

impl Guest for Plugin {
    fn manifest() -> String {
        MANIFEST.to_string()
    }

    fn configure(config: String) -> Result<(), String> {
        let config: serde_json::Value = serde_json::from_str(&config).map_err(|error| error.to_string())?;
        if let Some(least) = config.get("min_confidence") {
            let least = least.as_f64().ok_or("min_confidence is not a number")?;
            unsafe { MIN_CONFIDENCE = least };
        }
        unsafe { TYPED = config.get("typed").and_then(serde_json::Value::as_bool).unwrap_or(false) };
        Ok(())
    }

    fn transform(event: Event) -> Result<Verdict, String> {
        let transform = if unsafe { TYPED } { typed::transform } else { transform::transform };
        Ok(match transform(&event.payload, unsafe { MIN_CONFIDENCE })? {
            Lead::Forward(event_type, payload) => Verdict::Forward(vec![Output {
                event_type: Some(event_type.to_string()),
                headers: vec![],
                payload,
                ordering_key: None,
            }]),
            Lead::Drop(reason) => {
                log(Level::Debug, &reason);
                Verdict::Drop(reason)
            }
        })
    }

    fn transform_batch(events: Vec<Event>) -> Vec<Result<Verdict, String>> {
        events.into_iter().map(Self::transform).collect()
    }
}
