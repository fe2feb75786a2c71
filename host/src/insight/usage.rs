//! What plugins cost. Not here: counting it (`pipeline::host::metering`).

use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::insight::Insight;
use crate::observe::UsageRow;
use crate::observe::UsageSums;

impl Insight {
    /// What a plugin cost since the start, by version and connection.
    pub fn usage(&self, workspace: WorkspaceId, plugin: &str) -> Vec<UsageRow> {
        self.pipeline().metering().usage.of(workspace, plugin, self.now())
    }

    /// What all plugins of a workspace cost in the last hour, by the minute.
    pub fn usage_of_last_hour(&self, workspace: WorkspaceId) -> Vec<(Timestamp, UsageSums)> {
        self.pipeline().metering().usage.last_hour(workspace, self.now())
    }
}
