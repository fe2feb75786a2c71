//! Where alerts lie that stand, and finding causes. Not here: telling them (`tend`).

use crate::domain::alert::Alert;
use crate::domain::alert::AlertCause;
use crate::domain::alert::AlertEvidence;
use crate::domain::grant::KvRange;
use crate::domain::grant::KvSpace;
use crate::domain::id::AlertId;
use crate::domain::id::WorkspaceId;
use crate::pipeline::Pipeline;
use crate::store::Store as _;
use crate::store::StoreError;

/// Greater than every key.
const AFTER_ALL: &str = "z";

/// Among the values that plugins keep: no plugin's name has a slash.
pub(super) fn space(workspace: WorkspaceId) -> KvSpace {
    KvSpace { workspace, plugin: "/alerts".into() }
}

impl Pipeline {
    /// A cause was seen, and this of it.
    pub(crate) fn alert(
        &self,
        workspace: WorkspaceId,
        cause: AlertCause,
        seen: impl FnOnce() -> AlertEvidence,
    ) {
        let now = self.now();
        self.alerts().failed(cause, now, || {
            let id = AlertId::from_bits(self.new_id());
            Alert { id, workspace, cause, raised_at: now, seen: seen() }
        });
    }

    /// The alerts of a workspace that stand, newest first, those before that one, at most `limit`.
    pub async fn standing_alerts(
        &self,
        workspace: WorkspaceId,
        before: Option<AlertId>,
        limit: usize,
    ) -> Result<Vec<Alert>, StoreError> {
        let to = before.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string());
        let range = KvRange { from: String::new(), to, backward: true };
        let found = self.store().kv_range(&space(workspace), range, limit).await?;
        // What a newer version wrote is not there for this one.
        Ok(found.iter().filter_map(|(_, bytes)| serde_json::from_slice(bytes).ok()).collect())
    }
}
