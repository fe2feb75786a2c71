//! Entries of a trace as an assistant sees them: names in the place of ids, values of payloads cut short, no bodies.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::id::EventId;
use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::names::ResourceNames;
use crate::http::mcp::words;

/// What is shown as it is.
const PLAIN: [&str; 14] = [
    "delivery",
    "verdict",
    "outputs",
    "clause",
    "code",
    "blame",
    "plugin",
    "version",
    "duration_us",
    "attempt",
    "status",
    "state",
    "next_attempt_at",
    "payload_bytes",
];
/// Lines of a plugin's log that are shown of one call.
const LOGS_MAX: usize = 5;

/// The entries of an event's trace.
pub(super) async fn trace(caller: &ToolCaller, event: EventId) -> Result<Vec<Value>, ToolRefusal> {
    let found = caller.get(&format!("/v1/events/{event}/trace")).await?;
    Ok(found["entries"].as_array().cloned().unwrap_or_default())
}

/// One entry.
pub(super) fn entry(names: &ResourceNames, found: &Value) -> Value {
    let mut shown = Map::new();
    for name in ["at", "stage"] {
        shown.insert(name.to_owned(), found[name].clone());
    }
    if found["connection"].is_string() {
        shown.insert("connection".to_owned(), names.connection(&found["connection"]));
    }
    if found["destination"].is_string() {
        shown.insert("destination".to_owned(), names.destination(&found["destination"]));
    }
    for name in PLAIN {
        if let Some(value) = found.get(name) {
            // A plugin gives its own codes.
            let value = value.as_str().map_or_else(|| value.clone(), |text| words::foreign(text).into());
            shown.insert(name.to_owned(), value);
        }
    }
    if let Some(reason) = reason(found) {
        shown.insert("reason".to_owned(), reason.into());
    }
    if let Some(path) = found["path"].as_str() {
        shown.insert("path".to_owned(), words::path(path).into());
    }
    if let Some(seen) = found.get("seen") {
        shown.insert("seen".to_owned(), words::foreign_value(seen));
    }
    let logs = found["logs"].as_array().filter(|logs| !logs.is_empty());
    if let Some(logs) = logs {
        let lines = logs.iter().take(LOGS_MAX).filter_map(|line| line["message"].as_str());
        shown.insert("logs".to_owned(), lines.map(words::foreign).collect());
    }
    let fetches = found["fetches"].as_array().filter(|fetches| !fetches.is_empty());
    if let Some(fetches) = fetches {
        shown.insert("fetches".to_owned(), fetches.iter().map(fetch).collect());
    }
    Value::Object(shown)
}

/// Why, without the value that `seen` has, and of a plugin's own words the beginning.
pub(super) fn reason(found: &Value) -> Option<String> {
    let reason = found["reason"].as_str()?;
    let stage = found["stage"].as_str().or(found["step"].as_str()).unwrap_or_default();
    Some(match stage {
        "filter" if found["verdict"] == "drop" => "does not pass: see clause, path and seen".to_owned(),
        "plugin" => words::foreign(reason),
        _ => words::sentence(reason),
    })
}

fn fetch(found: &Value) -> Value {
    let reason = found["reason"].as_str().map(words::sentence);
    json!({"method": found["method"], "url": found["url"], "status": found["status"], "code": found["code"], "reason": reason})
}
