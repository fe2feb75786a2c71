//! `/v1/events/{event}/trace`: each decision in order with its reason.

use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Output;
use crate::http::reply;
use crate::http::view::Described;

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/v1/events/{event}/trace",
            "Every decision about an event, in order, with its reason.",
            |call| Box::pin(trace(call)),
        )
        .output(200, Output::Json(describe)),
    ]
}

async fn trace(call: Call) -> Answer {
    let trace = call.insight().trace(call.workspace()?, call.id("event", "event")?).await?;
    Ok(reply::ok(&trace.ok_or_else(|| Call::not_found("event", call.path("event")))?))
}

/// The entries belong to `insight`; a test holds their fields against this.
fn describe() -> Described {
    let text = |doc: &str| serde_json::json!({"type": "string", "description": doc});
    let number = |doc: &str| serde_json::json!({"type": "integer", "description": doc});
    let stages = [
        "received",
        "verified",
        "routed",
        "not_routed",
        "filter",
        "mapping",
        "plugin",
        "delivery",
        "attempt",
        "held",
        "steps_again",
    ];
    let entry = serde_json::json!({
        "type": "object",
        "description": "One decision. Which fields there are depends on the stage.",
        "required": ["at", "stage"],
        "properties": {
            "at": {"type": "string", "format": "date-time", "description": "When."},
            "stage": {"enum": stages, "description": "What was decided."},
            "connection": text("By which connection."),
            "destination": text("Where to."),
            "delivery": text("Which delivery."),
            "verdict": {"enum": ["forward", "drop", "error", "held"], "description": "What a step answered."},
            "outputs": number("Payloads that went on."),
            "reason": text("Why, in words."),
            "request": text("The request: its method, what stood behind the source's URL, its query."),
            "clause": text("The clause that decided, a JSON pointer into the filter."),
            "path": text("The path it looked at."),
            "seen": {"description": "The value it saw."},
            "code": text("The error's stable name."),
            "blame": {"enum": ["plugin", "configuration", "gateway"], "description": "Whose fault an error is."},
            "plugin": text("Which plugin."),
            "version": text("At which version."),
            "logs": {"type": "array", "items": {"type": "object"}, "description": "What it logged."},
            "fetches": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/FetchEntry"},
                "description": "The requests it made, with their answers.",
            },
            "duration_us": number("How long it took, microseconds."),
            "attempt": number("Which attempt, counted from 1."),
            "status": number("The answer's status."),
            "state": text("The state it led to."),
            "next_attempt_at": {"type": "string", "format": "date-time", "description": "When the next attempt is due."},
            "payload_bytes": number("Bytes of the payload."),
        },
    });
    let fetch = serde_json::json!({
        "type": "object",
        "description": "A request of a plugin. It has either a status or a code.",
        "required": ["method", "url", "duration_us"],
        "properties": {
            "method": text("The method."),
            "url": text("The URL, without the values of secrets."),
            "duration_us": number("How long it took, microseconds."),
            "status": number("The answer's status."),
            "bytes": number("Bytes of its body."),
            "body": text("The first 16 KiB of its body, without the values of secrets."),
            "code": {"enum": ["refused", "timed_out", "failed"], "description": "Why there is no answer."},
            "reason": text("The same in words."),
        },
    });
    let schema = serde_json::json!({
        "type": "object",
        "required": ["entries"],
        "properties": {"entries": {"type": "array", "items": {"$ref": "#/components/schemas/TraceEntry"}}},
    });
    Described { schema, named: [("TraceEntry", entry), ("FetchEntry", fetch)].into() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::delivery::DeliveryState;
    use crate::domain::id::ConnectionId;
    use crate::domain::id::DeliveryId;
    use crate::domain::id::DestinationId;
    use crate::domain::plugin::Digest;
    use crate::domain::plugin::LogLevel;
    use crate::domain::plugin::LogLine;
    use crate::domain::time::Timestamp;
    use crate::insight::FetchEntry;
    use crate::insight::TraceEntry;

    #[test]
    fn every_field_is_described() {
        let fetch = FetchEntry {
            method: "GET".into(),
            url: "https://a.b/".into(),
            duration_us: 1,
            status: Some(200),
            bytes: Some(1),
            body: Some("x".into()),
            code: Some("failed"),
            reason: Some("x".into()),
        };
        let entry = TraceEntry {
            at: Timestamp::default(),
            stage: "attempt",
            connection: Some(ConnectionId::from_bits(1)),
            destination: Some(DestinationId::from_bits(1)),
            delivery: Some(DeliveryId::from_bits(1)),
            verdict: Some("drop"),
            outputs: Some(1),
            reason: Some("x".into()),
            request: Some("GET /a?b=1".into()),
            clause: Some("/all/1".into()),
            path: Some("$".into()),
            seen: Some(1.into()),
            code: Some("x".into()),
            blame: Some("plugin"),
            plugin: Some("x".into()),
            version: Some(Digest::from_bytes([0; 32])),
            logs: vec![LogLine { level: LogLevel::Info, message: "x".into() }],
            fetches: vec![fetch.clone()],
            duration_us: Some(1),
            attempt: Some(1),
            status: Some(200),
            state: Some(DeliveryState::Delivered),
            next_attempt_at: Some(Timestamp::default()),
            payload_bytes: Some(1),
        };
        let names =
            |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        let written =
            [("TraceEntry", serde_json::to_value(entry)), ("FetchEntry", serde_json::to_value(fetch))];
        for (name, written) in written {
            assert_eq!(names(&written.unwrap()), names(&describe().named[name]["properties"]), "{name}");
        }
    }
}
