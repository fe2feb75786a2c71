//! What a comparison has to do: a request without fault.

use std::sync::Arc;

use crate::domain::config::Connection;
use crate::domain::config::Step;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// The connection's steps with another version of a plugin.
    Version {
        /// The plugin.
        name: String,
        /// The version.
        digest: Digest,
    },
    /// Other steps.
    Steps,
}

/// A request without fault.
#[derive(Clone, Debug)]
pub struct Order {
    /// On which connection, as it was then.
    pub connection: Arc<Connection>,
    /// What is tried.
    pub candidate: Candidate,
    /// The steps that come of it.
    pub steps: Vec<Step>,
    /// At most so many events, the newest.
    pub last: u64,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
    /// Whose type matches.
    pub event_type: Option<String>,
}
