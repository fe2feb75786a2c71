//! Groups of metrics with labels known beforehand, so that counting is one atomic addition.
//! Not here: registering them (`metrics`).

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::domain::plugin::Fault;
use crate::observe::names;
use crate::observe::usage::PluginCall;

/// A label and its value, as prometheus-client wants them.
pub(super) type Labels = Vec<(&'static str, String)>;

/// The kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepLabel {
    /// A filter.
    Filter,
    /// A mapping.
    Mapping,
    /// A plugin.
    Plugin,
}

/// How a step answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepVerdict {
    /// With payloads.
    Forward,
    /// With nothing, and why.
    Drop,
    /// Not at all.
    Fault,
    /// Later: its plugin is in quarantine.
    Held,
}

/// Where things wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// Events whose steps have not run.
    Plan,
    /// Deliveries that could go now.
    Ready,
    /// Deliveries waiting for their next attempt.
    Retry,
    /// Deliveries held by a pause.
    Held,
    /// Writes on their way to the committer.
    Commit,
}

/// What can be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenKind {
    /// An event that is not closed.
    Event,
    /// A delivery whose record is live.
    Delivery,
}

impl OpenKind {
    /// In the order of their discriminants, with the label's value.
    pub(super) const ALL: [&'static str; 2] = ["event", "delivery"];
}

impl StepLabel {
    /// In the order of their discriminants, with the label's value.
    pub(super) const ALL: [&'static str; 3] = ["filter", "mapping", "plugin"];
}

impl StepVerdict {
    /// In the order of their discriminants, with the label's value.
    pub(super) const ALL: [&'static str; 4] = ["forward", "drop", "fault", "held"];
}

impl QueueKind {
    /// In the order of their discriminants, with the label's value.
    pub(super) const ALL: [&'static str; 5] = ["plan", "ready", "retry", "held", "commit"];
}

/// The counters of one plugin. Cheap to clone; keep it where the plugin is kept.
#[derive(Clone, Debug)]
pub struct PluginMetrics {
    pub(super) calls: Counter,
    pub(super) cpu_us: Counter,
    pub(super) output_bytes: Counter,
    pub(super) memory_peak: Gauge,
    pub(super) faults: Family<Labels, Counter>,
    pub(super) name: String,
}

impl PluginMetrics {
    /// Counts a call and what it cost.
    pub fn called(&self, call: &PluginCall) {
        self.calls.inc();
        self.cpu_us.inc_by(call.cpu_us);
        self.output_bytes.inc_by(call.output_bytes);
        let memory = i64::try_from(call.memory_bytes).unwrap_or(i64::MAX);
        if memory > self.memory_peak.get() {
            // Two calls at once may leave the lower one; the next higher one mends that.
            self.memory_peak.set(memory);
        }
    }

    /// Counts a fault; calls that end in one are counted as calls as well, by [`Self::called`].
    pub fn faulted(&self, fault: &Fault) {
        let labels = vec![(names::PLUGIN, self.name.clone()), (names::FAULT, fault.code().to_owned())];
        self.faults.get_or_create(&labels).inc();
    }
}

/// What the committer counts.
#[derive(Clone, Debug)]
pub struct CommitMetrics {
    pub(super) commits: Counter,
    pub(super) failed: Counter,
    pub(super) records: Histogram,
    pub(super) seconds: Histogram,
}

impl CommitMetrics {
    /// Counts a commit of `records` records that was on disk after `seconds`.
    pub fn committed(&self, records: usize, seconds: f64) {
        self.commits.inc();
        self.records.observe(records as f64);
        self.seconds.observe(seconds);
    }

    /// Counts one that failed.
    pub fn failed(&self) {
        self.failed.inc();
    }
}

/// Handles of a family with one label, in the order of `values`.
pub(super) fn counters<const N: usize>(
    family: &Family<Labels, Counter>,
    label: &'static str,
    values: [&'static str; N],
) -> [Counter; N] {
    values.map(|value| family.get_or_create_owned(&vec![(label, value.to_owned())]))
}

/// The same for gauges.
pub(super) fn gauges<const N: usize>(
    family: &Family<Labels, Gauge>,
    label: &'static str,
    values: [&'static str; N],
) -> [Gauge; N] {
    values.map(|value| family.get_or_create_owned(&vec![(label, value.to_owned())]))
}
