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

/// What came in at one source.
#[derive(Clone, Debug, Default)]
pub struct SourceCounts {
    /// Events taken, duplicates not counted.
    pub received: u64,
    /// Requests refused, by cause.
    pub rejected: BTreeMap<&'static str, u64>,
    /// When the last event came in.
    pub last_received_at: Option<Timestamp>,
}

/// What went out to one destination.
#[derive(Clone, Debug, Default)]
pub struct DeliveryCounts {
    /// Requests made.
    pub attempts: u64,
    /// Deliveries that came into each state by an attempt.
    pub states: BTreeMap<&'static str, u64>,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Counters {
    sources: Mutex<IdMap<SourceId, SourceCounts>>,
    destinations: Mutex<IdMap<DestinationId, DeliveryCounts>>,
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

impl Counters {
    /// Counts an event taken at a source.
    pub fn received(&self, source: SourceId, at: Timestamp) {
        change(&self.sources, source, |counts| {
            counts.received += 1;
            counts.last_received_at = counts.last_received_at.max(Some(at));
        });
    }

    /// Counts an event published through the API.
    pub fn publish(&self, workspace: WorkspaceId) {
        change(&self.published, workspace, |count| *count += 1);
    }

    /// Events published through the API.
    pub fn published(&self, workspace: WorkspaceId) -> u64 {
        change(&self.published, workspace, |count| *count)
    }

    /// Counts a request that was turned away.
    pub fn rejected(&self, source: SourceId, code: &'static str) {
        change(&self.sources, source, |counts| *counts.rejected.entry(code).or_default() += 1);
    }

    /// Counts an attempt and the state it led to.
    pub fn attempted(&self, destination: DestinationId, state: DeliveryState) {
        change(&self.destinations, destination, |counts| {
            counts.attempts += 1;
            *counts.states.entry(state.name()).or_default() += 1;
        });
    }

    /// What came in at a source.
    pub fn source(&self, source: SourceId) -> SourceCounts {
        change(&self.sources, source, |counts| counts.clone())
    }

    /// What went out to a destination.
    pub fn destination(&self, destination: DestinationId) -> DeliveryCounts {
        change(&self.destinations, destination, |counts| counts.clone())
    }

    /// The end-to-end latencies of a workspace.
    pub fn latencies(&self, workspace: WorkspaceId) -> Arc<Latencies> {
        let mut latencies = self.latencies.lock();
        latencies.entry(workspace).or_insert_with(|| Arc::new(Latencies::new(LATENCY_INTERVAL))).clone()
    }
}
