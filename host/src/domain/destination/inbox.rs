//! A destination that is hookmill's own: it keeps what it gets, to be looked at.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::event::Headers;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;

/// Requests that are kept of a workspace; the oldest go first.
pub const INBOX_REQUESTS_MAX: usize = 500;
/// Bytes that are kept of a workspace, bodies and headers; the oldest requests go first.
pub const INBOX_BYTES_MAX: usize = 32 << 20;

/// A request as a receiver would have got it, but for the secrets in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxRequest {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// When it came.
    pub received_at: Timestamp,
    /// The event's type after the steps.
    pub event_type: String,
    /// Its method.
    pub method: String,
    /// Its path, where a mapping made one.
    pub path: Option<String>,
    /// Its headers, the signature's among them.
    pub headers: Headers,
    /// Its body.
    pub payload: Bytes,
}
