//! What a run gives back: an answer or a fault, and in both cases what it cost. Not here: adding
//! costs up.

use std::time::Duration;

use crate::domain::fetch::Fetch;
use crate::domain::plugin::Fault;
use crate::domain::plugin::LogLine;
use crate::domain::plugin::Verdict;
use crate::sandbox::host::context::KvWrites;

/// What one call used and said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// What the guest logged, within its limits.
    pub log: Vec<LogLine>,
    /// Lines over the limit, not kept.
    pub log_dropped: u32,
    /// CPU time of the call: the instance made, configured, asked, and put back or thrown away.
    pub cpu: Duration,
    /// Linear memory at the end, bytes; memory never shrinks, so this is its peak.
    pub memory_peak_bytes: u64,
    /// What it wants to be kept; nothing if the call failed.
    pub kv: KvWrites,
    /// The requests it made, in their order.
    pub fetches: Vec<Fetch>,
}

/// One event was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// What the plugin decided.
    pub verdict: Verdict,
    /// What it used and said.
    pub cost: Cost,
}

/// A batch was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRan {
    /// One result for each event, in their order; an error is a refusal, or outputs that are too
    /// many or too large, of that event alone.
    pub results: Vec<Result<Verdict, Fault>>,
    /// What all of it used and said.
    pub cost: Cost,
}

/// A call gave no answer. What the guest logged before is often the explanation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct Failure {
    /// Why, and whose fault it is.
    pub fault: Fault,
    /// What was used and said until then.
    pub cost: Cost,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { fault, cost: Cost::default() }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        failure.fault
    }
}

/// Why a configuration cannot be used with a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigRefusal {
    /// The plugin's own words, for whoever edits the configuration.
    #[error("{message}")]
    Refused {
        /// Bounded.
        message: String,
    },
    /// The plugin failed on it.
    #[error("the plugin failed on this configuration: {fault}")]
    Faulted {
        /// How.
        fault: Fault,
    },
}
