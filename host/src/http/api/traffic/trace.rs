//! `/v1/events/{event}/trace`: each decision in order with its reason.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::delivery::DeliveryState;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::plugin::Digest;
use crate::domain::plugin::LogLine;
use crate::domain::time::Timestamp;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::http::request::id;
use crate::http::request::not_found;
use crate::insight::FetchEntry;
use crate::insight::TraceEntry;

/// Every decision about an event, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceView {
    /// The decisions.
    pub entries: Vec<TraceEntryView>,
}

/// One decision. Which fields there are depends on the stage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceEntryView {
    /// When.
    pub at: Timestamp,
    /// `received`, `verified`, `routed`, `not_routed`, `filter`, `mapping`, `plugin`,
    /// `delivery`, `attempt`, `held`, `steps_again`.
    pub stage: &'static str,
    /// By which connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub connection: Option<ConnectionId>,
    /// Where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub destination: Option<DestinationId>,
    /// Which delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delivery: Option<DeliveryId>,
    /// `forward`, `drop`, `error` or `held`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub verdict: Option<&'static str>,
    /// Payloads that went on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outputs: Option<u32>,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// The request: its method, what stood behind the source's URL, its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request: Option<String>,
    /// The clause that decided, a JSON pointer into the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub clause: Option<String>,
    /// The path it looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub path: Option<String>,
    /// The value it saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seen: Option<serde_json::Value>,
    /// The error's stable name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<String>,
    /// `plugin` when the step is to blame, `gateway` when hookmill is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub blame: Option<&'static str>,
    /// Which plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub plugin: Option<String>,
    /// At which version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub version: Option<Digest>,
    /// What it logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub logs: Vec<LogLine>,
    /// The requests it made, with their answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub fetches: Vec<FetchView>,
    /// How long it took, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duration_us: Option<u32>,
    /// Which attempt, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub attempt: Option<u8>,
    /// The answer's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub status: Option<u16>,
    /// The state it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<DeliveryState>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_attempt_at: Option<Timestamp>,
    /// Bytes of the payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload_bytes: Option<u32>,
}

/// A request of a plugin. It has either a status or a code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FetchView {
    /// The method.
    pub method: String,
    /// The URL, without the values of secrets.
    pub url: String,
    /// How long it took, microseconds.
    pub duration_us: u32,
    /// The answer's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub status: Option<u16>,
    /// Bytes of its body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bytes: Option<u32>,
    /// The first 16 KiB of its body, without the values of secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub body: Option<String>,
    /// `refused`, `timed_out` or `failed`, if there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<&'static str>,
    /// Why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(trace))
}

/// Every decision about an event, in order, with its reason.
#[utoipa::path(
    get,
    path = "/v1/events/{event}/trace",
    params(("event" = String, Path, description = "Its id.")),
    responses((status = 200, body = TraceView)),
)]
async fn trace(call: Call, PathParams(event): PathParams<String>) -> Answer {
    let trace = call.insight.trace(call.workspace()?, id("event", &event)?).await?;
    let entries = trace.ok_or_else(|| not_found("event", &event))?.entries;
    Ok(reply::ok(&TraceView { entries: entries.into_iter().map(show).collect() }))
}

fn show(found: TraceEntry) -> TraceEntryView {
    let TraceEntry {
        at,
        stage,
        connection,
        destination,
        delivery,
        verdict,
        outputs,
        reason,
        request,
        clause,
        path,
        seen,
        code,
        blame,
        plugin,
        version,
        logs,
        fetches,
        duration_us,
        attempt,
        status,
        state,
        next_attempt_at,
        payload_bytes,
    } = found;
    TraceEntryView {
        at,
        stage,
        connection,
        destination,
        delivery,
        verdict,
        outputs,
        reason,
        request,
        clause,
        path,
        seen,
        code,
        blame,
        plugin,
        version,
        logs,
        fetches: fetches.into_iter().map(fetch).collect(),
        duration_us,
        attempt,
        status,
        state,
        next_attempt_at,
        payload_bytes,
    }
}

fn fetch(found: FetchEntry) -> FetchView {
    let FetchEntry { method, url, duration_us, status, bytes, body, code, reason } = found;
    FetchView { method, url, duration_us, status, bytes, body, code, reason }
}
