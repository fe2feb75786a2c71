//! The transform that the guest runs in the sandbox and the bench runs natively: parse, filter,
//! rename, reshape, serialize, over `serde_json::Value`. Not here: anything of the plugin contract.

use serde_json::{Map, Value, json};

/// What became of a signal.
pub(crate) enum Lead {
    /// Forward this JSON under this event type.
    Forward(&'static str, Vec<u8>),
    /// Drop it for this reason.
    Drop(String),
}

/// Reshapes a lead signal; an error says what is wrong with the payload.
pub(crate) fn transform(payload: &[u8], min_confidence: f64) -> Result<Lead, String> {
    let mut signal: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let fields = signal.as_object_mut().ok_or("the payload is not an object")?;
    let kind = fields.get("signal_type").and_then(Value::as_str).ok_or("no signal_type")?;
    let event_type = match kind {
        "product_qualified_lead" => "lead.qualified",
        "intent_spike" => "lead.intent",
        other => return Ok(Lead::Drop(format!("not a lead: {other}"))),
    };
    let confidence = fields.get("confidence").and_then(Value::as_f64).unwrap_or(0.0);
    if confidence < min_confidence {
        return Ok(Lead::Drop(format!("confidence {confidence}")));
    }
    let lead = reshape(fields, event_type, confidence);
    serde_json::to_vec(&lead).map(|bytes| Lead::Forward(event_type, bytes)).map_err(|error| error.to_string())
}

fn reshape(fields: &mut Map<String, Value>, event_type: &str, confidence: f64) -> Value {
    let mut account = take(fields, "account");
    let mut enrichment = take(fields, "enrichment");
    json!({
        "type": event_type,
        "score": (confidence * 100.0) as i64,
        "origin": take(fields, "source"),
        "hypothesisId": take(fields, "hypothesis_id"),
        "company": {
            "name": account["name"].take(),
            "domain": account["domain"].take(),
            "size": enrichment["company_size"].take(),
            "industry": enrichment["industry"].take(),
        },
        "signals": take(fields, "events"),
        "activity": activity(take(fields, "activity")),
        "detectedAt": take(fields, "detected_at"),
    })
}

fn activity(entries: Value) -> Vec<Value> {
    let Value::Array(entries) = entries else {
        return vec![];
    };
    let one = |mut entry: Value| json!({ "action": entry["name"].take(), "at": entry["ts"].take(), "url": entry["props"]["url"].take() });
    entries.into_iter().filter(Value::is_object).map(one).collect()
}

fn take(fields: &mut Map<String, Value>, name: &str) -> Value {
    fields.remove(name).unwrap_or(Value::Null)
}
