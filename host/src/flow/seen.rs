//! Counts since the start, per source, destination and workspace: what the overview shows. In
//! memory only; the log on disk has every single thing.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::delivery::DeliveryState;
use crate::domain::id::DestinationId;
use crate::domain::id::IdMap;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::observe::Latencies;

/// Twelve of these are remembered: the last minute.
const LATENCY_INTERVAL: Duration = Duration::from_secs(5);

/// What one source saw.
#[derive(Clone, Debug, Default)]
pub struct SourceSeen {
    /// Events taken, duplicates not counted.
    pub received: u64,
    /// Requests refused, by cause.
    pub rejected: BTreeMap<&'static str, u64>,
    /// When the last event came in.
    pub last_received_at: Option<Timestamp>,
}

/// What one destination, or a whole workspace, saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeliverySeen {
    /// Requests made.
    pub attempts: u64,
    /// Deliveries that came into each state by an attempt.
    pub states: BTreeMap<&'static str, u64>,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    sources: Mutex<IdMap<SourceId, SourceSeen>>,
    destinations: Mutex<IdMap<DestinationId, DeliverySeen>>,
    published: Mutex<IdMap<WorkspaceId, u64>>,
    latencies: Mutex<IdMap<WorkspaceId, Arc<Latencies>>>,
}

fn change<K: Hash + Eq, V: Default, R>(
    map: &Mutex<IdMap<K, V>>,
    key: K,
    change: impl FnOnce(&mut V) -> R,
) -> R {
    let mut map = map.lock();
    change(map.entry(key).or_default())
}

impl Seen {
    pub(crate) fn received(&self, source: SourceId, at: Timestamp) {
        change(&self.sources, source, |seen| {
            seen.received += 1;
            seen.last_received_at = seen.last_received_at.max(Some(at));
        });
    }

    /// Counts an event published through the API.
    pub(crate) fn publish(&self, workspace: WorkspaceId) {
        change(&self.published, workspace, |count| *count += 1);
    }

    pub(crate) fn published(&self, workspace: WorkspaceId) -> u64 {
        change(&self.published, workspace, |count| *count)
    }

    pub(crate) fn rejected(&self, source: SourceId, code: &'static str) {
        change(&self.sources, source, |seen| *seen.rejected.entry(code).or_default() += 1);
    }

    pub(crate) fn attempted(&self, destination: DestinationId, state: DeliveryState) {
        change(&self.destinations, destination, |seen| {
            seen.attempts += 1;
            *seen.states.entry(state.name()).or_default() += 1;
        });
    }

    pub(crate) fn source(&self, source: SourceId) -> SourceSeen {
        change(&self.sources, source, |seen| seen.clone())
    }

    pub(crate) fn destination(&self, destination: DestinationId) -> DeliverySeen {
        change(&self.destinations, destination, |seen| seen.clone())
    }

    /// The end-to-end latencies of a workspace.
    pub(crate) fn latencies(&self, workspace: WorkspaceId) -> Arc<Latencies> {
        let mut latencies = self.latencies.lock();
        latencies.entry(workspace).or_insert_with(|| Arc::new(Latencies::new(LATENCY_INTERVAL))).clone()
    }
}
