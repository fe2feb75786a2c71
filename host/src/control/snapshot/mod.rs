//! The configuration at one revision, compiled: what an event meets. Built once per revision,
//! shared by everything that works under it, never changed.

mod caps;
mod check;
mod compile;
mod documents;
mod kinds;
mod loaded;
mod plugin_step;
mod rollout;
mod runtime;
mod streak;

use std::collections::HashMap;
use std::sync::Arc;

pub use caps::Caps;
pub use compile::SnapshotCompiler;
pub use compile::check_steps;
pub use documents::BadDocument;
pub use documents::Collection;
pub use documents::DocumentWrite;
pub use documents::Documents;
pub use documents::Resource;
pub use kinds::CompiledKind;
pub use plugin_step::PluginStep;
pub use plugin_step::RolloutStep;
pub use runtime::CompiledStep;
pub use runtime::ConnectionRuntime;
pub use runtime::DestinationRuntime;
pub use runtime::EventTypeRuntime;
pub use runtime::Extract;
pub use runtime::SourceRuntime;
pub use streak::Streak;
pub use streak::Streaks;

use crate::domain::config::ApiKey;
use crate::domain::config::Origin;
use crate::domain::id::ConnectionId;
use crate::domain::id::DestinationId;
use crate::domain::id::IdMap;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The documents it was compiled from.
    pub documents: Documents,
    /// Keys by the SHA-256 of their text, hex.
    pub(crate) keys: HashMap<String, Arc<ApiKey>>,
    pub(crate) sources: IdMap<SourceId, Arc<SourceRuntime>>,
    pub(crate) connections: IdMap<ConnectionId, Arc<ConnectionRuntime>>,
    pub(crate) destinations: IdMap<DestinationId, Arc<DestinationRuntime>>,
    /// The event catalogue, by type.
    pub(crate) event_types: IdMap<WorkspaceId, HashMap<String, Arc<EventTypeRuntime>>>,
    /// Connections by where their events come in, in the order of ids.
    pub(crate) routes: IdMap<(WorkspaceId, Origin), Vec<Arc<ConnectionRuntime>>>,
}

impl Snapshot {
    /// The revision of the configuration.
    pub fn revision(&self) -> u64 {
        self.documents.revision
    }

    /// What the catalogue of a workspace says of a type.
    pub(crate) fn event_type(&self, workspace: WorkspaceId, name: &str) -> Option<&Arc<EventTypeRuntime>> {
        self.event_types.get(&workspace)?.get(name)
    }

    /// The group that a type is in.
    pub(crate) fn group_of(&self, workspace: WorkspaceId, event_type: &str) -> Option<&str> {
        self.event_type(workspace, event_type)?.event_type.group.as_deref()
    }

    /// The connections that may take events from there.
    pub(crate) fn connections_from(
        &self,
        workspace: WorkspaceId,
        origin: Origin,
    ) -> &[Arc<ConnectionRuntime>] {
        self.routes.get(&(workspace, origin)).map_or(&[], Vec::as_slice)
    }

    /// Whether a plugin that this connection runs is in quarantine.
    pub(crate) fn is_quarantined(&self, connection: ConnectionId) -> bool {
        self.connections.get(&connection).is_some_and(|found| found.is_quarantined())
    }

    /// Whether deliveries of this connection wait.
    pub(crate) fn is_paused(&self, connection: ConnectionId) -> bool {
        use crate::domain::config::FlowState;
        self.documents.connections.get(connection).is_some_and(|found| found.state == FlowState::Paused)
    }
}
