//! Instances that were put back and wait for their next call, of all guests of a pool. There are few places, and no guest
//! has many. Where there are too many, the workspace that has most gives up the one that waits longest, so that a guest
//! which is busy has its instances however many others once ran. Not here: putting them back.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::domain::id::WorkspaceId;
use crate::sandbox::direct::instances::live::DirectInstance;
use crate::sandbox::direct::instances::snapshot::Configured;

/// Instances of one guest.
const EACH: usize = 4;

/// See the head of this file.
pub(in crate::sandbox::direct) struct Idle {
    /// The first waits longest.
    waiting: Mutex<VecDeque<Waiting>>,
    most: usize,
}

struct Waiting {
    guest: u64,
    workspace: WorkspaceId,
    live: DirectInstance,
}

impl Idle {
    pub(in crate::sandbox::direct) fn new(most: usize) -> Self {
        Self { waiting: Mutex::default(), most }
    }

    /// One of that guest, with that configuration rather than another.
    pub(in crate::sandbox::direct) fn take(
        &self,
        guest: u64,
        config: Option<&Arc<str>>,
    ) -> Option<DirectInstance> {
        let mut waiting = self.waiting();
        let fits = waiting.iter().rposition(|one| one.guest == guest && one.live.is_configured(config));
        let at = fits.or_else(|| waiting.iter().rposition(|one| one.guest == guest))?;
        waiting.remove(at).map(|one| one.live)
    }

    pub(in crate::sandbox::direct) fn put(&self, guest: u64, workspace: WorkspaceId, live: DirectInstance) {
        let mut waiting = self.waiting();
        if waiting.iter().filter(|one| one.guest == guest).count() >= EACH {
            return;
        }
        waiting.push_back(Waiting { guest, workspace, live });
        let gone = if waiting.len() > self.most { first_of_most(&mut waiting) } else { None };
        // Its memory is given back without anybody waiting for that.
        drop(waiting);
        drop(gone);
    }

    /// All of that guest go.
    pub(in crate::sandbox::direct) fn forget(&self, guest: u64) {
        self.forget_where(|one| one.guest == guest);
    }

    /// Those of that guest go that are as this configuration made them.
    pub(in crate::sandbox::direct) fn forget_configured(&self, guest: u64, gone: &Arc<Configured>) {
        let holds =
            |live: &DirectInstance| live.configured.as_ref().is_some_and(|one| Arc::ptr_eq(one, gone));
        self.forget_where(|one| one.guest == guest && holds(&one.live));
    }

    fn forget_where(&self, is_gone: impl Fn(&Waiting) -> bool) {
        let mut waiting = self.waiting();
        let (gone, stay) = std::mem::take(&mut *waiting).into_iter().partition::<VecDeque<_>, _>(is_gone);
        *waiting = stay;
        drop(waiting);
        drop(gone);
    }

    /// How many of that guest wait.
    #[cfg(test)]
    pub(in crate::sandbox::direct) fn of(&self, guest: u64) -> usize {
        self.waiting().iter().filter(|one| one.guest == guest).count()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        // The list is whole between any two statements.
        self.waiting.lock()
    }
}

fn first_of_most(waiting: &mut VecDeque<Waiting>) -> Option<Waiting> {
    let mut counts: HashMap<WorkspaceId, usize> = HashMap::new();
    for one in &*waiting {
        *counts.entry(one.workspace).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    let at = waiting.iter().position(|one| counts.get(&one.workspace) == Some(&most))?;
    waiting.remove(at)
}
