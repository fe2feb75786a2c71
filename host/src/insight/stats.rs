//! The overview of a workspace since the server started, with latencies of the last minute.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::id::DestinationId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::insight::Insight;
use crate::observe::Percentiles;
use crate::observe::SourceCounts;

/// See the head of this file.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// Events taken.
    pub received: u64,
    /// Requests refused.
    pub rejected: u64,
    /// Deliveries the receiver took.
    pub delivered: u64,
    /// Deliveries that ended without.
    pub failed: u64,
    /// Requests made.
    pub attempts: u64,
    /// Deliveries that wait, for a slot or a retry.
    pub waiting: u64,
    /// From acceptance to the first attempt's answer, over the last minute.
    pub latency: Percentiles,
    /// Per source.
    pub sources: Vec<SourceStats>,
    /// Per destination.
    pub destinations: Vec<DestinationStats>,
}

/// One source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceStats {
    /// Which.
    pub source: SourceId,
    /// Its name.
    pub name: String,
    /// Events taken.
    pub received: u64,
    /// Requests refused, by cause.
    pub rejected: BTreeMap<&'static str, u64>,
    /// When the last event came in.
    pub last_received_at: Option<Timestamp>,
}

/// One destination.
#[derive(Clone, Debug, Serialize)]
pub struct DestinationStats {
    /// Which.
    pub destination: DestinationId,
    /// Its name.
    pub name: String,
    /// Requests made.
    pub attempts: u64,
    /// Deliveries that came into each state by an attempt.
    pub states: BTreeMap<&'static str, u64>,
    /// Deliveries that wait.
    pub waiting: u64,
}

impl Insight {
    /// The overview of a workspace.
    pub fn stats(&self, workspace: WorkspaceId) -> Stats {
        let snapshot = self.snapshot();
        let sources: Vec<SourceStats> = snapshot
            .documents
            .sources
            .of(workspace)
            .map(|source| {
                let seen = self.observer().counters.source(source.id);
                SourceStats {
                    source: source.id,
                    name: source.name.clone(),
                    received: seen.received,
                    rejected: seen.rejected,
                    last_received_at: seen.last_received_at,
                }
            })
            .collect();
        let destinations: Vec<DestinationStats> = snapshot
            .documents
            .destinations
            .of(workspace)
            .map(|destination| {
                let seen = self.observer().counters.destination(destination.id);
                let (ready, parked) = self.delivery().lanes().of(destination.id).lock().waiting();
                DestinationStats {
                    destination: destination.id,
                    name: destination.name.clone(),
                    attempts: seen.attempts,
                    states: seen.states,
                    waiting: (ready + parked) as u64,
                }
            })
            .collect();
        let state = |names: &[&str]| -> u64 {
            destinations.iter().flat_map(|one| names.iter().filter_map(|name| one.states.get(name))).sum()
        };
        let recent = self.observer().counters.latencies(workspace).percentiles(self.now());
        Stats {
            received: sources.iter().map(|one| one.received).sum::<u64>()
                + self.observer().counters.published(workspace),
            rejected: sources.iter().flat_map(|one| one.rejected.values()).sum(),
            delivered: state(&["delivered"]),
            failed: state(&["failed", "failed_by_gateway"]),
            attempts: destinations.iter().map(|one| one.attempts).sum(),
            waiting: destinations.iter().map(|one| one.waiting).sum(),
            latency: recent,
            sources,
            destinations,
        }
    }

    /// What one source saw since the start.
    pub fn source_seen(&self, source: SourceId) -> SourceCounts {
        self.observer().counters.source(source)
    }

    /// Begins to watch what happens, in all workspaces; show only those of the watcher's own.
    pub fn watch(&self) -> tokio::sync::broadcast::Receiver<std::sync::Arc<crate::observe::LiveEvent>> {
        self.observer().feed.watch()
    }
}
