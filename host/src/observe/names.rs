//! Every name the outside may rely on: metrics with their units and labels, fields of log lines.
//! Renaming one breaks somebody's dashboard. Not here: values.

/// What all metrics begin with.
pub const PREFIX: &str = "hookmill";

/// Counter, label `version`: always 1.
pub const BUILD: &str = "build";
/// Counter of events: accepted, on disk, duplicates not included.
pub const EVENTS_RECEIVED: &str = "events_received";
/// Counter of requests answered with the id of an earlier event.
pub const EVENTS_DUPLICATE: &str = "events_duplicate";
/// Counter of requests refused at a source's door, label [`CODE`].
pub const EVENTS_REJECTED: &str = "events_rejected";
/// Counter of events whose steps ran, for all their connections.
pub const EVENTS_PLANNED: &str = "events_planned";
/// Counter of events no connection wanted.
pub const EVENTS_UNROUTED: &str = "events_unrouted";
/// Counter of steps run, labels [`STEP`] and [`VERDICT`].
pub const STEPS: &str = "steps";
/// Counter of calls, label [`PLUGIN`].
pub const PLUGIN_CALLS: &str = "plugin_calls";
/// Counter of CPU time in microseconds, label [`PLUGIN`].
pub const PLUGIN_CPU_MICROSECONDS: &str = "plugin_cpu_microseconds";
/// Counter of bytes of payloads, label [`PLUGIN`].
pub const PLUGIN_OUTPUT_BYTES: &str = "plugin_output_bytes";
/// Gauge of the most linear memory of a call since the start, bytes, label [`PLUGIN`].
pub const PLUGIN_MEMORY_PEAK_BYTES: &str = "plugin_memory_peak_bytes";
/// Counter of faults, labels [`PLUGIN`] and [`FAULT`].
pub const PLUGIN_FAULTS: &str = "plugin_faults";
/// Counter of versions that went into quarantine, label [`PLUGIN`].
pub const PLUGIN_QUARANTINES: &str = "plugin_quarantines";
/// Gauge of versions of plugins by where their compiled code stands, label [`STATE`]: building, ready or failed.
pub const PLUGIN_ARTIFACTS: &str = "plugin_artifacts";
/// Counter of rollouts that ended, labels [`KIND`] and [`STATE`].
pub const ROLLOUTS_ENDED: &str = "rollouts_ended";
/// Counter of deliveries that came into a state, label [`STATE`].
pub const DELIVERIES: &str = "deliveries";
/// Counter of attempts, label [`OUTCOME`]: `ok` or an error code.
pub const ATTEMPTS: &str = "attempts";
/// Gauge of attempts under way.
pub const ATTEMPTS_IN_FLIGHT: &str = "attempts_in_flight";
/// Gauge of requests that are computed apart from events, such as previews.
pub const REQUESTS_COMPUTING: &str = "requests_computing";
/// Gauge of what waits, label [`QUEUE`].
pub const QUEUED: &str = "queued";
/// Counter of what was open and had nobody who worked on it until a periodic look took it up, label [`KIND`]: `event`
/// or `delivery`. Anything but zero is a fault of the gateway.
pub const UNATTENDED: &str = "unattended";
/// Counter of commits.
pub const COMMITS: &str = "commits";
/// Counter of commits that failed.
pub const COMMITS_FAILED: &str = "commits_failed";
/// Histogram of records in a commit.
pub const COMMIT_RECORDS: &str = "commit_records";
/// Histogram of seconds a commit took, until it was on disk.
pub const COMMIT_SECONDS: &str = "commit_seconds";
/// Histogram of seconds from a request's last byte to its acknowledgement.
pub const ACKNOWLEDGE_SECONDS: &str = "acknowledge_seconds";
/// Histogram of seconds from an event's acceptance to the receiver's answer to its first attempt.
pub const END_TO_END_SECONDS: &str = "end_to_end_seconds";
/// Gauge of connections being served.
pub const CONNECTIONS_OPEN: &str = "connections_open";

/// Label: why a request was refused.
pub const CODE: &str = "code";
/// Label: filter, mapping or plugin.
pub const STEP: &str = "step";
/// Label: forward, drop, fault or held.
pub const VERDICT: &str = "verdict";
/// Label: a plugin's name.
pub const PLUGIN: &str = "plugin";
/// Label: a fault's name.
pub const FAULT: &str = "fault";
/// Label: canary or shadow; event or delivery.
pub const KIND: &str = "kind";
/// Label: the state of a delivery, a rollout or an artifact.
pub const STATE: &str = "state";
/// Label: how an attempt ended.
pub const OUTCOME: &str = "outcome";
/// Label: which queue.
pub const QUEUE: &str = "queue";
/// Label: the version of the program.
pub const VERSION: &str = "version";

/// Log field: a workspace's id.
pub const FIELD_WORKSPACE: &str = "workspace";
/// Log field: an event's id.
pub const FIELD_EVENT: &str = "event";
/// Log field: a source's id.
pub const FIELD_SOURCE: &str = "source";
/// Log field: a connection's id.
pub const FIELD_CONNECTION: &str = "connection";
/// Log field: a destination's id.
pub const FIELD_DESTINATION: &str = "destination";
/// Log field: a delivery's id.
pub const FIELD_DELIVERY: &str = "delivery";
/// Log field: an error's text.
pub const FIELD_ERROR: &str = "error";
