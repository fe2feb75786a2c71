//! How many requests are on the wire at a time: in all, of a workspace, to a destination. Whoever has many receivers
//! that never answer keeps nobody else's deliveries waiting. Not here: what is sent (`deliver`), and when (`dispatch`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::domain::id::WorkspaceId;

/// See the head of this file.
pub(crate) struct Wire {
    all: Arc<Semaphore>,
    of_workspaces: Mutex<HashMap<WorkspaceId, Arc<Semaphore>>>,
    max: usize,
}

/// Held by an attempt for as long as it is on the wire.
#[must_use]
pub(crate) struct Turn {
    _of_workspace: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Wire {
    /// With that many requests at a time.
    pub(crate) fn new(max: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(max)), of_workspaces: Mutex::default(), max }
    }

    /// First come, first served, in the workspace and in all. No turn is ever refused: the semaphores are never closed.
    pub(crate) async fn turn(&self, workspace: WorkspaceId) -> Turn {
        let own = self.of(workspace);
        // The workspace's own first: who waits for that takes nothing from others.
        let of_workspace = own.acquire_owned().await.ok();
        let of_all = self.all.clone().acquire_owned().await.ok();
        Turn { _of_workspace: of_workspace, _of_all: of_all }
    }

    /// Requests to one destination at a time, at most.
    pub(crate) fn to_destination_max(&self) -> usize {
        self.of_workspace_max().div_ceil(2)
    }

    fn of_workspace_max(&self) -> usize {
        self.max.div_ceil(2)
    }

    fn of(&self, workspace: WorkspaceId) -> Arc<Semaphore> {
        let mut of_workspaces = self.of_workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(self.of_workspace_max()));
        of_workspaces.entry(workspace).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn a_workspace_leaves_half_to_others() {
        let wire = Wire::new(5);
        let (one, two) = (WorkspaceId::from_bits(1), WorkspaceId::from_bits(2));
        let mut turns = Vec::new();
        for _ in 0..3 {
            turns.push(wire.turn(one).await);
        }
        let mut waits = pin!(wire.turn(one));
        assert!(futures::poll!(&mut waits).is_pending());
        for _ in 0..2 {
            turns.push(wire.turn(two).await);
        }
        assert!(futures::poll!(pin!(wire.turn(two))).is_pending());
        drop(turns.swap_remove(0));
        assert!(futures::poll!(&mut waits).is_ready());
    }

    #[test]
    fn there_is_room_for_one_at_least() {
        for (max, workspace, destination) in [(1, 1, 1), (2, 1, 1), (5, 3, 2), (1024, 512, 256)] {
            let wire = Wire::new(max);
            assert_eq!((wire.of_workspace_max(), wire.to_destination_max()), (workspace, destination));
        }
    }
}
