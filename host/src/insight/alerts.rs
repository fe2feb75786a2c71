//! What stands and waits for somebody, as it is shown.

use crate::domain::id::AlertId;
use crate::domain::id::WorkspaceId;
use crate::insight::Insight;
use crate::pipeline::alerts;
use crate::rules::alert::AlertMessage;
use crate::store::StoreError;

impl Insight {
    /// The alerts of a workspace that stand, newest first, those before that one, at most `limit`.
    pub async fn alerts(
        &self,
        workspace: WorkspaceId,
        before: Option<AlertId>,
        limit: usize,
    ) -> Result<Vec<AlertMessage>, StoreError> {
        let standing = self.pipeline().standing_alerts(workspace, before, limit).await?;
        let snapshot = self.snapshot();
        let show = |alert| {
            AlertMessage::new(alert, alerts::subject_name(&snapshot.documents, &alert.cause).as_deref(), None)
        };
        Ok(standing.iter().map(show).collect())
    }
}
