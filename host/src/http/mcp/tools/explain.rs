//! `explain`: an event or a delivery by its trace; a source by what came of its last events (`source_story`).

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::caller::segment;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::findings::ForeignText;
use crate::http::mcp::names::ResourceNames;
use crate::http::mcp::outline::outline;
use crate::http::mcp::tools::entries::entry;
use crate::http::mcp::tools::entries::reason;
use crate::http::mcp::tools::entries::trace;
use crate::http::mcp::tools::source_story;
use crate::http::mcp::words;

/// What is to be explained.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainArguments {
    /// Of an event (`evt_…`) or a delivery (`dlv_…`).
    #[schema(nullable = false)]
    id: Option<String>,
    /// Name or id of a source.
    #[schema(nullable = false)]
    source: Option<String>,
    /// How many of the source's events are looked at; 50 if not given.
    #[schema(minimum = 1, maximum = 100, nullable = false)]
    last: Option<u32>,
    /// Only those received at or after, such as `2026-01-31T12:00:00Z`.
    #[schema(nullable = false)]
    since: Option<String>,
    /// Also show, as data: of an event its payload, of a delivery the receiver's last answer.
    #[schema(nullable = false)]
    body: Option<bool>,
}

/// Explains it.
pub(crate) async fn run(caller: &ToolCaller, given: ExplainArguments) -> Result<Findings, ToolRefusal> {
    let ExplainArguments { id, source, last, since, body } = given;
    let body = body.unwrap_or(false);
    match (id, source) {
        (Some(id), None) => match (id.parse::<EventId>(), id.parse::<DeliveryId>()) {
            (Ok(event), _) => of_event(caller, event, body).await,
            (_, Ok(delivery)) => of_delivery(caller, delivery, body).await,
            _ => Err("this is no id of an event (`evt_…`) or a delivery (`dlv_…`)".into()),
        },
        (None, Some(source)) => {
            source_story::tell(caller, &source, last.unwrap_or(50), &since.unwrap_or_default()).await
        }
        _ => Err("give either `id` or `source`".into()),
    }
}

async fn of_event(caller: &ToolCaller, id: EventId, body: bool) -> Result<Findings, ToolRefusal> {
    let event = caller.get(&format!("/v1/events/{id}")).await?;
    let entries = trace(caller, id).await?;
    let names = ResourceNames::of(caller);
    let deliveries = caller.find("/v1/deliveries", &[("event", &id.to_string()), ("limit", "50")]).await?;
    let delivered = deliveries["items"].as_array().into_iter().flatten().map(|found| outcome(&names, found));
    let stopped = entries.iter().filter_map(|found| stopped(&names, found));
    let outcomes: Vec<Value> = delivered.chain(stopped).collect();
    let payload = &event["payload"];
    let shape = if payload.is_null() { Vec::new() } else { outline(caller, &[payload]).await };
    let found = json!({
        "event": show_event(&names, &event),
        "outcomes": outcomes,
        "trace": entries.iter().map(|found| entry(&names, found)).collect::<Vec<_>>(),
        "shape": shape,
    });
    let text = body.then(|| ForeignText { by: "the sender of the event", text: as_text(payload) });
    Ok(Findings::new(found).with_foreign(text))
}

async fn of_delivery(caller: &ToolCaller, id: DeliveryId, body: bool) -> Result<Findings, ToolRefusal> {
    let delivery = caller.get(&format!("/v1/deliveries/{}", segment(&id.to_string()))).await?;
    let names = ResourceNames::of(caller);
    let mut shown = outcome(&names, &delivery);
    shown["held_reason"] = delivery["held_reason"].as_str().map(words::sentence).into();
    // What happened to its event before it was there, and to itself.
    let own = |found: &&Value| match found["delivery"].as_str() {
        Some(other) => other == id.to_string(),
        None => found["connection"].is_null() || found["connection"] == delivery["connection"],
    };
    let entries = trace(caller, id.event()).await?;
    let entries: Vec<Value> = entries.iter().filter(own).map(|found| entry(&names, found)).collect();
    let mut answer = None;
    if body {
        let attempts = caller.get(&format!("/v1/deliveries/{id}/attempts")).await?;
        let last = attempts["items"].as_array().and_then(|attempts| attempts.last());
        let text = last.map(|attempt| as_text(&attempt["response"]["body"])).unwrap_or_default();
        answer = Some(ForeignText { by: "the receiver of the delivery", text });
    }
    let found = json!({"delivery": shown, "event": id.event().to_string(), "trace": entries});
    Ok(Findings::new(found).with_foreign(answer))
}

/// An event without its body.
pub(super) fn show_event(names: &ResourceNames, event: &Value) -> Value {
    json!({
        "id": event["id"],
        "source": names.source(&event["source"]),
        "type": words::foreign(event["type"].as_str().unwrap_or_default()),
        "content_type": words::foreign(event["content_type"].as_str().unwrap_or_default()),
        "bytes": event["bytes"],
        "received_at": event["received_at"],
        "verified_by": event["verified_by"],
    })
}

/// How a delivery stands.
pub(super) fn outcome(names: &ResourceNames, delivery: &Value) -> Value {
    json!({
        "delivery": delivery["id"],
        "connection": names.connection(&delivery["connection"]),
        "destination": names.destination(&delivery["destination"]),
        "outcome": delivery["state"],
        "attempts": delivery["attempts"],
        "status": delivery["status"],
        "error": delivery["error"],
        "next_attempt_at": delivery["next_attempt_at"],
    })
}

/// Where an event went no further, by a step or for want of a connection.
pub(super) fn stopped(names: &ResourceNames, found: &Value) -> Option<Value> {
    let is_end = found["verdict"] == "drop" || found["verdict"] == "error";
    is_end.then(|| {
        json!({
            "connection": names.connection(&found["connection"]), "outcome": found["verdict"], "by": found["stage"],
            "reason": reason(found), "code": found["code"].as_str().map(words::foreign), "clause": found["clause"],
            "path": found["path"].as_str().map(words::path), "seen": words::foreign_value(&found["seen"]),
        })
    })
}

/// A body of the API's as text: one that is a text has come as one, or is JSON's.
pub(super) fn as_text(body: &Value) -> String {
    match body {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
