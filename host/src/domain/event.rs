//! What comes in: headers, the event and how a source told them apart.
//! Not here: how it got in (`http`) or whether it may (`rules::verify`).

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::id::{EventId, SourceId, WorkspaceId};
use crate::domain::time::Timestamp;

/// Header names in lower case with their values, in the order they came. Bytes that are not
/// UTF-8 were replaced when they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The first value of that name, which must be in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// Every value of that name, which must be in lower case.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

/// What the store is asked to keep: an event that has no id yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewEvent {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Where it came in; `None` when it was published through the API.
    pub source: Option<SourceId>,
    /// Its type; empty when the source has no rule for it.
    pub event_type: Arc<str>,
    /// The media type it came with; empty when it came with none.
    pub content_type: Arc<str>,
    /// The request's headers, without those that carry credentials.
    pub headers: Headers,
    /// The bytes as they came. Never changed.
    pub body: Bytes,
    /// When the request had been read.
    pub received_at: Timestamp,
    /// The configuration in force, by which it is routed even after a crash.
    pub revision: u64,
    /// What makes a second copy of it a duplicate, if anything does.
    pub idempotency: Option<IdempotencyKey>,
    /// The scheme that vouched for it (`github`, `key`, …); for the trace.
    pub verified_by: Arc<str>,
}

/// The first 128 bits of the SHA-256 over the source (or workspace) and the key's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdempotencyKey(pub [u8; 16]);

/// One received or published payload. Never changed once it has its id.
#[derive(Clone, Debug)]
pub struct Event {
    /// Given by the store in the order of commits.
    pub id: EventId,
    /// All the rest.
    pub data: NewEvent,
}
