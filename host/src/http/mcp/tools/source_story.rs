//! `explain` of a source: what came of its last events, and what it turned away, counted by reason.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::json;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::caller::segment;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::names::ResourceNames;
use crate::http::mcp::tools::entries::reason;
use crate::http::mcp::tools::entries::trace;
use crate::http::mcp::words;

/// Values that are shown of those a clause saw.
const SEEN_MAX: usize = 5;

/// Why events went no further, or how their deliveries stand.
#[derive(Default)]
struct Tally {
    /// By what stands for the cause: how often, and the values seen.
    stopped: IndexMap<String, (Value, u64, Vec<Value>)>,
    deliveries: BTreeMap<String, u64>,
}

/// Tells it.
pub(super) async fn tell(
    caller: &ToolCaller,
    source: &str,
    last: u32,
    since: &str,
) -> Result<Findings, ToolRefusal> {
    let about = caller.get(&format!("/v1/sources/{}", segment(source))).await?;
    let limit = last.to_string();
    let query = [("source", source), ("since", since), ("limit", limit.as_str())];
    let events = caller.find("/v1/events", &query).await?;
    let events = events["items"].as_array().cloned().unwrap_or_default();
    let names = ResourceNames::of(caller);
    let mut tally = Tally::default();
    for event in &events {
        let Some(Ok(id)) = event["id"].as_str().map(str::parse) else { continue };
        // One that has expired meanwhile is none of the last.
        let entries = trace(caller, id).await.unwrap_or_default();
        tally.take(&names, &entries);
    }
    let rejections = caller.get(&format!("/v1/sources/{}/rejections?limit=50", segment(source))).await?;
    let rejections = rejections["items"].as_array().cloned().unwrap_or_default();
    Ok(Findings::new(json!({
        "source": {
            "name": about["name"], "url": about["url"], "state": about["state"], "require_key": about["require_key"],
            "since_start": {"received": about["stats"]["received"], "rejected": about["stats"]["rejected"]},
            "last_received_at": about["stats"]["last_received_at"],
        },
        "events_looked_at": events.len(),
        "deliveries_by_state": tally.deliveries,
        "stopped": tally.stopped.into_values().map(|(mut why, count, seen)| {
            why["count"] = count.into();
            if !seen.is_empty() {
                why["seen"] = seen.into();
            }
            why
        }).collect::<Vec<_>>(),
        "last_rejections": by_code(&rejections),
    })))
}

impl Tally {
    fn take(&mut self, names: &ResourceNames, entries: &[Value]) {
        // The last entry of a delivery says how it stands.
        let mut states: BTreeMap<&str, &str> = BTreeMap::new();
        for found in entries {
            match (found["delivery"].as_str(), found["state"].as_str()) {
                (Some(delivery), Some(state)) => drop(states.insert(delivery, state)),
                (Some(delivery), None) => drop(states.entry(delivery).or_insert("pending")),
                _ => {}
            }
            if found["verdict"] == "drop" || found["verdict"] == "error" {
                self.stop(names, found);
            }
        }
        for state in states.into_values() {
            *self.deliveries.entry(state.to_owned()).or_default() += 1;
        }
    }

    fn stop(&mut self, names: &ResourceNames, found: &Value) {
        let why = json!({
            "connection": names.connection(&found["connection"]), "by": found["stage"], "verdict": found["verdict"],
            "code": found["code"].as_str().map(words::foreign), "clause": found["clause"], "path": found["path"].as_str().map(words::path),
            "reason": reason(found),
        });
        let (_, count, seen) = self.stopped.entry(why.to_string()).or_insert_with(|| (why, 0, Vec::new()));
        *count += 1;
        let value = words::foreign_value(&found["seen"]);
        if seen.len() < SEEN_MAX && !value.is_null() && !seen.contains(&value) {
            seen.push(value);
        }
    }
}

fn by_code(rejections: &[Value]) -> Vec<Value> {
    let mut found: IndexMap<&str, (u64, &Value)> = IndexMap::new();
    for rejection in rejections {
        let code = rejection["code"].as_str().unwrap_or_default();
        found.entry(code).or_insert((0, rejection)).0 += 1;
    }
    let show = |(code, (count, newest)): (&str, (u64, &Value))| {
        let detail = newest["detail"].as_str().map(words::sentence);
        json!({"code": code, "count": count, "newest_at": newest["at"], "status": newest["status"], "detail": detail})
    };
    found.into_iter().map(show).collect()
}
