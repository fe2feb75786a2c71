//! An event that was captured as a test of a plugin. Not here: capturing and running (`control::plugins`).

use serde::{Deserialize, Serialize};

use crate::domain::id::EventId;
use crate::domain::id::KeyId;
use crate::domain::id::PluginId;
use crate::domain::id::TestId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// See the head of this file. Every version has to pass it before it becomes active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginTest {
    /// Its id.
    pub id: TestId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which plugin.
    pub plugin: PluginId,
    /// The plugin's id, a slash, and a name of its own: unique in the workspace.
    pub path: String,
    /// When it was captured.
    pub created_at: Timestamp,
    /// With which key.
    pub created_by: KeyId,
    /// From which event.
    pub event: EventId,
    /// What goes in and what has to come out, in the form of a manifest's example, JSON.
    pub example: String,
}

impl PluginTest {
    /// The path of a test of that name.
    pub fn path(plugin: PluginId, name: &str) -> String {
        format!("{plugin}/{name}")
    }

    /// What people call it; unique among the tests of its plugin.
    pub fn name(&self) -> &str {
        self.path.split_once('/').map_or(self.path.as_str(), |(_, name)| name)
    }
}
