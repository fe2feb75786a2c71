//! Which events go together on their way to `plan`: those whose steps take about as long. Not here: the places of each
//! class (`intake`), how long the calls of a plugin take (`sandbox`).

use crate::control::snapshot::ConnectionRuntime;
use crate::domain::event::Event;
use crate::domain::grant::Grant;
use crate::pipeline::Pipeline;
use crate::pipeline::plan::connection::connections;

/// What an event's plugins are like. Events of one class take no places of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ServiceClass {
    /// They take microseconds.
    Short,
    /// Nobody knows yet: one was just uploaded, or the gateway just started.
    New,
    /// One computes for long.
    Long,
    /// One may wait: for an answer, or for its turn at what it keeps.
    Waiting,
}

impl ServiceClass {
    /// Of an event, under the configuration it was accepted with.
    pub(crate) fn of(pipeline: &Pipeline, event: &Event) -> Self {
        let Some(snapshot) = pipeline.snapshot_at_hand(event.data.revision) else { return Self::New };
        let connections = connections(&snapshot, event);
        connections.map(|connection| Self::of_connection(connection)).max().unwrap_or(Self::Short)
    }

    fn of_connection(connection: &ConnectionRuntime) -> Self {
        let grants = connection.grants();
        if grants.has(Grant::Http) || grants.has(Grant::Kv) {
            return Self::Waiting;
        }
        let plugins = connection.plugins().map(|plugin| match (plugin.is_short(), plugin.is_new()) {
            (true, _) => Self::Short,
            (false, true) => Self::New,
            (false, false) => Self::Long,
        });
        plugins.max().unwrap_or(Self::Short)
    }
}
