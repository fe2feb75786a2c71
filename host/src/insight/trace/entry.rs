//! What a trace has to say, as it is shown. Not here: where it is read from (`trace`).

use crate::domain::delivery::DeliveryState;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::plugin::Digest;
use crate::domain::plugin::LogLine;
use crate::domain::time::Timestamp;
use serde::Serialize;

/// Every decision about one event, oldest first.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// In order.
    pub entries: Vec<TraceEntry>,
}

/// One decision. Which fields there are depends on the stage.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TraceEntry {
    /// When.
    pub at: Timestamp,
    /// `received`, `verified`, `routed`, `not_routed`, `filter`, `mapping`, `plugin`,
    /// `delivery`, `attempt`, `held`, `steps_again`.
    pub stage: &'static str,
    /// By which connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// Where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationId>,
    /// Which delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
    /// `forward`, `drop`, `error` or `held`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// Payloads that went on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<u32>,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The request: its method, what stood behind the source's URL, its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The clause that decided, a JSON pointer into the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// The path it looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The value it saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<serde_json::Value>,
    /// The error's stable name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `plugin` when the step is to blame, `gateway` when hookmill is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blame: Option<&'static str>,
    /// Which plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// At which version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Digest>,
    /// What it logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogLine>,
    /// The requests it made, with their answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fetches: Vec<FetchEntry>,
    /// How long it took, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<u32>,
    /// Which attempt, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u8>,
    /// The answer's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The state it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<DeliveryState>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// Bytes of the payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_bytes: Option<u32>,
}

/// A request of a plugin, and its answer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FetchEntry {
    /// The method.
    pub method: String,
    /// The URL, without the values of secrets.
    pub url: String,
    /// How long it took, microseconds.
    pub duration_us: u32,
    /// The answer's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes of its body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u32>,
    /// The first 16 KiB of its body, without the values of secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// `refused`, `timed_out` or `failed`, if there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
