//! The comparisons of one gateway: those that wait, the one that runs, and the last of each
//! workspace that are over. Not here: what one does.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::control::FieldFault;
use crate::control::resources::ManageError;
use crate::domain::id::ComparisonId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::insight::Insight;
use crate::insight::comparisons::job::Comparison;
use crate::insight::comparisons::job::ComparisonState;
use crate::insight::comparisons::request::ComparisonDraft;
use crate::insight::comparisons::work;
use crate::pipeline::OperateError;

/// Comparisons of a workspace that are over and can still be looked at.
const KEPT_MAX: usize = 20;
/// Comparisons of a workspace that wait or run.
const WAITING_MAX: usize = 5;

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Comparisons {
    table: Mutex<Jobs>,
}

#[derive(Debug, Default)]
struct Jobs {
    /// Oldest first.
    all: VecDeque<Arc<Comparison>>,
    /// Whether somebody works.
    working: bool,
}

impl Comparisons {
    fn table(&self) -> MutexGuard<'_, Jobs> {
        self.table.lock()
    }

    /// Adds one; answers whether somebody must begin to work.
    fn add(&self, job: Arc<Comparison>) -> Result<bool, ManageError> {
        let mut jobs = self.table();
        let mine = || jobs.all.iter().filter(|one| one.workspace == job.workspace);
        if mine().filter(|one| !one.progress().state.is_over()).count() >= WAITING_MAX {
            let detail =
                format!("{WAITING_MAX} comparisons of this workspace wait or run; let one end or cancel one");
            return Err(ManageError::Conflict(detail));
        }
        let over: Vec<ComparisonId> =
            mine().filter(|one| one.progress().state.is_over()).map(|one| one.id).collect();
        let forgotten = &over[..over.len().saturating_sub(KEPT_MAX - 1)];
        jobs.all.retain(|one| !forgotten.contains(&one.id));
        jobs.all.push_back(job);
        Ok(!std::mem::replace(&mut jobs.working, true))
    }

    /// The next whose turn it is; without one, the worker is told to go.
    pub(super) fn next(&self, now: Timestamp) -> Option<Arc<Comparison>> {
        let mut jobs = self.table();
        let next = jobs.all.iter().find(|one| one.progress().state == ComparisonState::Queued).cloned();
        match &next {
            Some(job) => job.begin(now),
            None => jobs.working = false,
        }
        next
    }

    fn of(&self, workspace: WorkspaceId) -> Vec<Arc<Comparison>> {
        self.table().all.iter().filter(|one| one.workspace == workspace).cloned().collect()
    }
}

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
