//! The comparisons there are: those that wait, the one that runs, and the last of each workspace that are over. In
//! memory only. Not here: what one does.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::control::resources::ManageError;
use crate::domain::id::ComparisonId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::insight::comparisons::job::Comparison;
use crate::insight::comparisons::job::ComparisonState;

/// Comparisons of a workspace that are over and can still be looked at.
const KEPT_MAX: usize = 20;
/// Comparisons of a workspace that wait or run.
const WAITING_MAX: usize = 5;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Comparisons {
    table: Mutex<Jobs>,
}

#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// Oldest first.
    all: VecDeque<Arc<Comparison>>,
    /// Whether somebody works.
    working: bool,
}

impl Comparisons {
    pub(super) fn table(&self) -> MutexGuard<'_, Jobs> {
        self.table.lock()
    }

    /// Adds one; answers whether somebody must begin to work.
    pub(super) fn add(&self, job: Arc<Comparison>) -> Result<bool, ManageError> {
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

    pub(super) fn of(&self, workspace: WorkspaceId) -> Vec<Arc<Comparison>> {
        self.table().all.iter().filter(|one| one.workspace == workspace).cloned().collect()
    }
}
