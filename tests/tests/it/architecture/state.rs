//! What decides lies in the store. Whatever else the rooms of events keep in memory is a cache of that, a lease on it, or
//! a gauge, and is listed here: kill any node, and nothing changes.

use super::report;
use super::sources;

/// The rooms this holds for.
const ROOMS: &[&str] = &["control", "pipeline", "delivery", "worker"];

/// What keeps something that changes.
const KEEPERS: &[&str] = &[
    "Mutex<",
    "RwLock<",
    "AtomicBool",
    "AtomicU32",
    "AtomicU64",
    "ArcSwap<",
    "Semaphore>",
    "watch::Sender<",
];

/// Why something may be kept in memory.
#[derive(Clone, Copy, Debug)]
enum Why {
    /// It is in the store, or can be made from what is.
    Cache,
    /// Who works on what right now: nobody does after the end of the process.
    Lease,
    /// It is only shown, or counted anew after a start.
    Gauge,
    /// It belongs to one event or one call, and ends with it.
    Scratch,
}
use Why::Cache;
use Why::Gauge;
use Why::Lease;
use Why::Scratch;

/// Every file that keeps something, and why it may.
const KEPT: &[(&str, Why, &str)] = &[
    ("control/configuration.rs", Cache, "the configuration of the store, compiled, and those before it"),
    ("control/handle.rs", Lease, "one change at a time here; the store tells two nodes apart"),
    ("control/ids.rs", Gauge, "makes ids unlike; chance does most of it"),
    ("control/rollouts/registry.rs", Gauge, "counts of rollouts; they begin anew at a start"),
    ("control/rollouts/watch.rs", Gauge, "counts of a rollout, and that its end was reported"),
    ("control/snapshot/caps.rs", Lease, "calls under way of plugins with a cap"),
    ("control/snapshot/streak.rs", Gauge, "faults in a row; a quarantine is written down"),
    ("control/stopping.rs", Lease, "that this process ends"),
    ("delivery/dispatch.rs", Lease, "who works on a queue"),
    ("delivery/dispatch/place.rs", Lease, "who works on a queue"),
    ("delivery/handle.rs", Lease, "one release at a time for an event"),
    ("delivery/in_flight.rs", Lease, "requests on the wire"),
    ("delivery/queues/alarm.rs", Cache, "when records of the store are due"),
    ("delivery/queues/mod.rs", Cache, "records of the store that wait, and what is not yet one"),
    ("delivery/transport/inbox/index.rs", Cache, "the keys of inboxes in the store, and those on their way"),
    ("pipeline/accept/rejection_rate.rs", Gauge, "rejections recorded this second"),
    (
        "pipeline/alerts/board.rs",
        Cache,
        "alerts that stand, in the store or on their way there; failures find them again",
    ),
    (
        "pipeline/allowance/count.rs",
        Cache,
        "what workspaces took this month; a second of it is counted anew after a kill",
    ),
    ("pipeline/duty.rs", Lease, "who works on an open event"),
    ("pipeline/handle.rs", Lease, "one event at a time where plugins read what they keep"),
    ("pipeline/host/fetch.rs", Scratch, "what a plugin has used for an event"),
    ("pipeline/host/kept.rs", Scratch, "what plugins leave for an event, written with its plan"),
    ("pipeline/host/metering.rs", Gauge, "the metrics of plugins"),
    ("pipeline/job.rs", Lease, "deliveries that hold an event open; it is open in the store"),
    ("pipeline/rows/turns.rs", Cache, "what was written of tables and is on its way to the store"),
    ("pipeline/steps/rollout/references.rs", Gauge, "events to compare; what is lost is not compared"),
];

#[test]
fn what_decides_lies_in_the_store() {
    let (sources, mut faults) = (sources(), Vec::new());
    let keeps = |line: &str| KEEPERS.iter().any(|keeper| line.contains(keeper)) && !line.starts_with("use ");
    for source in sources.iter().filter(|source| ROOMS.contains(&source.room()) && !source.is_test()) {
        let listed = KEPT.iter().any(|(path, ..)| *path == source.path);
        let kept: Vec<_> = source.code().filter(|(_, line)| keeps(line)).collect();
        if let (Some((at, line)), false) = (kept.first(), listed) {
            faults.push(format!("{}:{at}: is that a cache, a lease or a gauge? {line}", source.path));
        }
        if kept.is_empty() && listed {
            faults.push(format!("{} is listed, and keeps nothing", source.path));
        }
    }
    for (path, why, what) in KEPT {
        if !sources.iter().any(|source| source.path == *path) {
            faults.push(format!("{path} ({why:?}: {what}) is listed, and is not there"));
        }
    }
    report(faults);
}

#[test]
fn nobody_takes_the_whole_node() {
    let handles = ["control::Control;", "pipeline::Pipeline;", "delivery::Delivery;", "insight::Insight;"];
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let taken =
            handles.iter().filter(|handle| source.code().any(|(_, line)| line.ends_with(*handle))).count();
        // They build it; the doors lead to each room; a question may be about anything.
        let may = ["node", "http/site.rs", "insight/handle.rs"];
        if taken > 2 && !may.iter().any(|path| source.path.starts_with(path)) {
            faults.push(format!("{} takes {taken} of {} rooms", source.path, handles.len()));
        }
        let names_rooms = source.code().any(|(_, line)| line.contains("rooms::Rooms"));
        if names_rooms && !source.path.starts_with("node") {
            faults.push(format!("{} takes the whole node", source.path));
        }
    }
    report(faults);
}
