//! The examples of a manifest as events to run. The manifest was checked when the plugin was
//! admitted. Not here: what they expect, which the sandbox has held them to.

use std::sync::Arc;

use serde_json::Value;

use crate::domain::plugin::GuestEvent;

/// One example.
#[derive(Debug)]
pub(in crate::cli::plugin) struct ExampleEvent {
    pub(in crate::cli::plugin) name: String,
    pub(in crate::cli::plugin) config: Arc<str>,
    pub(in crate::cli::plugin) event: GuestEvent,
}

/// All of a manifest.
pub(in crate::cli::plugin) fn of(manifest: &Value) -> Vec<ExampleEvent> {
    let examples = manifest["examples"].as_array();
    examples.into_iter().flatten().map(one).collect()
}

fn one(example: &Value) -> ExampleEvent {
    let event = &example["event"];
    let text = |name: &str, otherwise: &str| event[name].as_str().unwrap_or(otherwise).into();
    let headers = event["headers"].as_object().into_iter().flatten();
    let (payload, content_type) = match event["payload_text"].as_str() {
        Some(text) => (text.to_owned(), "text/plain"),
        None => (event["payload"].to_string(), "application/json"),
    };
    ExampleEvent {
        name: example["name"].as_str().unwrap_or_default().to_owned(),
        config: example.get("config").map_or_else(|| "{}".into(), |config| config.to_string().into()),
        event: GuestEvent {
            id: text("id", "evt_example"),
            event_type: text("type", ""),
            source: text("source", "example"),
            received_at: text("received_at", "2026-01-01T00:00:00Z"),
            headers: headers
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            content_type: text("content_type", content_type),
            payload: payload.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_example_leaves_out_is_filled_in() {
        let manifest = json!({"examples": [
            {"name": "a", "event": {"payload": {"b": 1}, "type": "t", "headers": {"x": "y"}}},
            {"name": "b", "config": {"c": 1}, "event": {"payload_text": "d", "id": "i"}},
        ]});
        let [a, b] = of(&manifest).try_into().unwrap();
        assert_eq!((a.name.as_str(), &*a.config, &a.event.payload[..]), ("a", "{}", &br#"{"b":1}"#[..]));
        assert_eq!((&*a.event.event_type, &*a.event.content_type), ("t", "application/json"));
        assert_eq!(a.event.headers, [("x".to_owned(), "y".to_owned())]);
        assert_eq!((&*b.config, &b.event.payload[..], &*b.event.id), (r#"{"c":1}"#, &b"d"[..], "i"));
        assert_eq!(&*b.event.content_type, "text/plain");
        assert!(of(&json!({})).is_empty());
    }
}
