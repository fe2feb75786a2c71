//! Everything that is told of what happens: metrics for monitoring, counters for the overview, a feed for those who
//! watch. One for a node, shared by its rooms; gauges all of it, from which nothing is decided. Not here: what is told
//! when (`observed` in each room).

use std::fmt::Display;

use crate::observe::Counters;
use crate::observe::LiveFeed;
use crate::observe::Metrics;

/// See the head of this file.
#[derive(Debug)]
pub struct Observer {
    /// For a monitoring system.
    pub metrics: Metrics,
    /// Since the start, for the overview.
    pub counters: Counters,
    /// As it happens, for those who watch.
    pub feed: LiveFeed,
}

impl Observer {
    /// With nothing told yet.
    pub fn new(version: &'static str) -> Self {
        Self { metrics: Metrics::new(version), counters: Counters::default(), feed: LiveFeed::default() }
    }

    /// The store did not do something; it will be asked again, or whoever wanted it is told.
    pub fn store_error(&self, doing: &str, error: &impl Display) {
        tracing::error!(%error, "could not {doing}");
    }
}
