//! How many requests are on the wire at a time: in all, of a workspace, to a destination. Whoever has many receivers
//! that never answer keeps nobody else's deliveries waiting. Not here: what is sent (`deliver`), and when (`dispatch`).

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::domain::id::IdMap;
use crate::domain::id::WorkspaceId;

/// See the head of this file.
pub(crate) struct InFlight {
    all: Arc<Semaphore>,
    of_workspaces: Mutex<IdMap<WorkspaceId, Arc<Semaphore>>>,
    max: usize,
}

/// See [`InFlight::share`].
pub(crate) struct WorkspaceSlots(Arc<Semaphore>);

/// Held by an attempt for as long as it is on the wire.
#[must_use]
pub(crate) struct InFlightSlot {
    _of_workspace: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl InFlight {
    /// With that many requests at a time.
    pub(crate) fn new(max: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(max)), of_workspaces: Mutex::default(), max }
    }

    /// First come, first served, in the workspace and in all.
    pub(crate) async fn turn(&self, share: &WorkspaceSlots) -> InFlightSlot {
        // The workspace's own first: who waits for that takes nothing from others.
        let of_workspace = place(&share.0).await;
        InFlightSlot { _of_workspace: of_workspace, _of_all: place(&self.all).await }
    }

    /// What a workspace may have of it. Workers keep theirs, which spares each attempt the look.
    pub(crate) fn share(&self, workspace: WorkspaceId) -> WorkspaceSlots {
        let mut of_workspaces = self.of_workspaces.lock();
        let new = || Arc::new(Semaphore::new(self.of_workspace_max()));
        WorkspaceSlots(of_workspaces.entry(workspace).or_insert_with(new).clone())
    }

    /// Requests to one destination at a time, at most.
    pub(crate) fn to_destination_max(&self) -> usize {
        self.of_workspace_max().div_ceil(2)
    }

    fn of_workspace_max(&self) -> usize {
        self.max.div_ceil(2)
    }
}

/// Never refused, since the semaphores are never closed. One that is free is not given to whoever comes while others
/// wait: those have it already.
async fn place(semaphore: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    match semaphore.clone().try_acquire_owned() {
        Ok(free) => Some(free),
        Err(_) => semaphore.clone().acquire_owned().await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn a_workspace_leaves_half_to_others() {
        let wire = InFlight::new(5);
        let [one, two] = [1, 2].map(|workspace| wire.share(WorkspaceId::from_bits(workspace)));
        let mut turns = Vec::new();
        for _ in 0..3 {
            turns.push(wire.turn(&one).await);
        }
        let mut waits = pin!(wire.turn(&one));
        assert!(futures::poll!(&mut waits).is_pending());
        for _ in 0..2 {
            turns.push(wire.turn(&two).await);
        }
        assert!(futures::poll!(pin!(wire.turn(&two))).is_pending());
        drop(turns.swap_remove(0));
        assert!(futures::poll!(&mut waits).is_ready());
    }

    #[test]
    fn there_is_room_for_one_at_least() {
        for (max, workspace, destination) in [(1, 1, 1), (2, 1, 1), (5, 3, 2), (1024, 512, 256)] {
            let wire = InFlight::new(max);
            assert_eq!((wire.of_workspace_max(), wire.to_destination_max()), (workspace, destination));
        }
    }
}
