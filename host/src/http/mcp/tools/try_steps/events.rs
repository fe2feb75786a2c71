//! `try` on the last events of a source: how many would pass, and what stopped the others.

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::json;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::words;

/// Values that are shown of those a clause saw, and events of those it stopped.
const SHOWN_MAX: usize = 5;

/// Tries the steps on each.
pub(super) async fn run(
    caller: &ToolCaller,
    steps: &Value,
    source: &str,
    event_type: &str,
    last: u32,
) -> Result<Findings, ToolRefusal> {
    let limit = last.to_string();
    let query = [("source", source), ("type", event_type), ("limit", limit.as_str())];
    let events = caller.find("/v1/events", &query).await?;
    let events = events["items"].as_array().cloned().unwrap_or_default();
    let mut passed = 0_usize;
    let mut stopped: IndexMap<String, Value> = IndexMap::new();
    for event in &events {
        let preview = caller.post("/v1/preview", &json!({"steps": steps, "event": event["id"]})).await?;
        match verdict(&preview) {
            "pass" => passed += 1,
            verdict => note(&mut stopped, verdict, &preview, &event["id"]),
        }
    }
    let says = format!("{passed} of the last {} events would pass", events.len());
    let stopped: Vec<Value> = stopped.into_values().collect();
    Ok(Findings::new(json!({"says": says, "would_pass": passed, "events": events.len(), "stopped": stopped})))
}

/// `pass`, `drop`, `error` or `hold`.
pub(super) fn verdict(preview: &Value) -> &'static str {
    let last = preview["steps"].as_array().and_then(|steps| steps.last());
    match last.map(|step| &step["verdict"]) {
        Some(verdict) if verdict == "drop" => "drop",
        Some(verdict) if verdict == "error" => "error",
        _ if preview["outputs"].as_array().is_none_or(Vec::is_empty) => "hold",
        _ => "pass",
    }
}

fn note(stopped: &mut IndexMap<String, Value>, verdict: &str, preview: &Value, event: &Value) {
    let steps = preview["steps"].as_array().map_or(&[] as &[_], Vec::as_slice);
    let step = steps.last().unwrap_or(&Value::Null);
    let why = json!({
        "at_step": steps.len().saturating_sub(1), "step": step["step"], "verdict": verdict, "code": step["code"].as_str().map(words::foreign),
        "clause": step["clause"], "path": step["path"].as_str().map(words::path),
    });
    let found = stopped.entry(why.to_string()).or_insert_with(|| {
        let mut found = why.clone();
        found["count"] = 0.into();
        found["seen"] = json!([]);
        found["events"] = json!([]);
        found
    });
    found["count"] = (found["count"].as_u64().unwrap_or_default() + 1).into();
    add(&mut found["seen"], words::foreign_value(&step["seen"]));
    add(&mut found["events"], event.clone());
}

fn add(list: &mut Value, value: Value) {
    if let Some(items) = list.as_array_mut()
        && items.len() < SHOWN_MAX
        && !value.is_null()
        && !items.contains(&value)
    {
        items.push(value);
    }
}
