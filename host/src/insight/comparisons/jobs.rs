//! Begins, lists and cancels comparisons. Not here: what one does (`work`).

use std::sync::Arc;

use crate::control::FieldFault;
use crate::control::resources::ManageError;
use crate::domain::id::ComparisonId;
use crate::domain::id::WorkspaceId;
use crate::insight::Insight;
use crate::insight::comparisons::job::Comparison;
use crate::insight::comparisons::job::ComparisonState;
use crate::insight::comparisons::request::ComparisonDraft;
use crate::insight::comparisons::work;
use crate::pipeline::OperateError;

impl Insight {
    /// Begins a comparison, or lets it wait for its turn. `read` are faults found when the request
    /// was read.
    pub async fn compare(
        &self,
        workspace: WorkspaceId,
        draft: ComparisonDraft,
        read: Vec<FieldFault>,
    ) -> Result<Arc<Comparison>, ManageError> {
        let order = self.order_comparison(workspace, draft, read).await?;
        let id = ComparisonId::from_bits(self.new_id());
        let job = Arc::new(Comparison::new(id, workspace, order, self.now()));
        if self.comparisons().add(job.clone())? {
            self.spawn_background(work::all(self.clone()));
        }
        Ok(job)
    }

    /// A workspace's comparisons, oldest first.
    pub fn list_comparisons(&self, workspace: WorkspaceId) -> Vec<Arc<Comparison>> {
        self.comparisons().of(workspace)
    }

    /// One of them.
    pub fn comparison(
        &self,
        workspace: WorkspaceId,
        id: ComparisonId,
    ) -> Result<Arc<Comparison>, OperateError> {
        let found = self.comparisons().of(workspace).into_iter().find(|one| one.id == id);
        found.ok_or_else(|| OperateError::NotFound { what: "comparison", id: id.to_string() })
    }

    /// Ends one that waits or runs; what was found until then stays.
    pub fn cancel_comparison(
        &self,
        workspace: WorkspaceId,
        id: ComparisonId,
    ) -> Result<Arc<Comparison>, OperateError> {
        let job = self.comparison(workspace, id)?;
        // Locked, so that it is not begun meanwhile.
        let jobs = self.comparisons().table();
        let state = job.progress().state.clone();
        if state.is_over() {
            return Err(OperateError::Conflict(format!("it is over already: {}", state.name())));
        }
        job.cancel();
        if state == ComparisonState::Queued {
            job.end(ComparisonState::Cancelled, self.now());
        }
        drop(jobs);
        Ok(job)
    }
}
