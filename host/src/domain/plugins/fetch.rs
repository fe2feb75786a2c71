//! A plugin's requests to the outside (`http` in the contract): what it asks, what it gets, and what is kept of it
//! for people. Not here: which hosts it may ask (`grant`), asking (`egress`).

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::id::{ConnectionId, EventId, WorkspaceId};

/// Requests one plugin may make for one event.
pub const FETCHES_MAX: u32 = 10;
/// Bytes of a request's body.
pub const REQUEST_BYTES_MAX: usize = 256 << 10;
/// Bytes of a request's headers, names included.
pub const REQUEST_HEADER_BYTES_MAX: usize = 16 << 10;
/// Bytes of an answer's body.
pub const RESPONSE_BYTES_MAX: usize = 1 << 20;
/// How long one request may take.
pub const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// How long all requests of one plugin for one event may take together.
pub const FETCHES_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes kept of an answer's body, for people.
pub const KEPT_BYTES_MAX: usize = 16 << 10;

/// A request as the plugin makes it; nothing of it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// The method, such as `GET`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Name and value.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchResponse {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of the body.
    pub body: Bytes,
}

/// Why a request got no answer. The plugin sees it and goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FetchError {
    /// It was not made: the URL is none, the host is not granted, the address may not be called, a limit is reached.
    #[error("refused: {0}")]
    Refused(String),
    /// No whole answer in time.
    #[error("timed out: {0}")]
    TimedOut(String),
    /// No connection, a broken one, or an answer that is none or too large.
    #[error("failed: {0}")]
    Failed(String),
}

/// A request as it is kept with the event. Values of secrets are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// From begin to end, microseconds.
    pub duration_us: u32,
    /// What came back.
    pub outcome: Result<FetchAnswer, FetchError>,
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchAnswer {
    /// The status.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: u32,
    /// The beginning of the body, at most [`KEPT_BYTES_MAX`].
    pub body: Bytes,
}

/// Which step of which connection made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFetch {
    /// The connection.
    pub connection: ConnectionId,
    /// The step's place, from 0.
    pub step: u16,
    /// The request and its answer.
    pub fetch: Fetch,
}

/// All requests made for one event, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFetches {
    /// For which.
    pub event: EventId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// The requests.
    pub fetches: Vec<StepFetch>,
}
