//! What requests may cost. Not here: what one costs that has been taken.

use std::time::Duration;

/// What requests may cost.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// How long a request's headers may take; also how long an idle connection is kept.
    pub header_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// Connections at a time; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Bytes of a request's headers; more is answered with 431.
    pub headers_bytes_max: usize,
    /// Bytes of a request's body; more is answered with 413.
    pub body_bytes_max: u64,
}

impl ServerLimits {
    /// Bytes of a request's first line and headers: `headers_bytes_max`, or the least hyper can work with.
    pub(super) fn head_bytes(&self) -> usize {
        self.headers_bytes_max.max(8192)
    }
}
