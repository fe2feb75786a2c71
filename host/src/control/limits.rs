//! How much of what there may be, and what a destination gets that does not say. From the
//! settings; every number has its default there.

use std::time::Duration;

use crate::domain::retry::RetryPolicy;
use crate::shape::JsonLimits;

/// See the head of this file.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes a body may have where its source does not say.
    pub body_bytes_max: u64,
    /// Connections of a workspace.
    pub connections_max: usize,
    /// Steps of a connection.
    pub steps_max: usize,
    /// Deliveries one event may become, over all connections; at most 65,535.
    pub deliveries_per_event_max: u16,
    /// Events in one request to publish.
    pub events_per_request_max: usize,
    /// Nesting of JSON that comes from outside; 128 is the most that counts.
    pub json_depth_max: usize,
    /// Requests on the wire at a time, to all destinations.
    pub in_flight_max: usize,
    /// Requests to a destination at a time, where it does not say.
    pub concurrency: u32,
    /// Milliseconds until an attempt fails, where the destination does not say.
    pub timeout_ms: u64,
    /// Faults in a row that bring a version of a plugin into quarantine; 0 is never.
    pub faults_in_row_max: u32,
    /// Tables of a workspace.
    pub tables_max: usize,
    /// Rows of a table.
    pub table_rows_max: u64,
    /// Bytes of a table's rows as JSON.
    pub table_bytes_max: u64,
    /// How long a cause must not have been seen until its alert has recovered.
    pub recovered_after: Duration,
    /// How long deliveries may wait until there is an alert.
    pub backlog_after: Duration,
    /// When to try again, where the destination does not say.
    pub retry: RetryPolicy,
}

impl Limits {
    /// Within which JSON is parsed.
    pub fn json(&self) -> JsonLimits {
        JsonLimits { max_depth: self.json_depth_max, ..JsonLimits::default() }
    }
}
