//! What a request makes the server compute is computed in the background: on a thread of its own that gives way to events, a few at
//! a time for each workspace and in all, and no longer than somebody waits for it. Not here: how much each may cost
//! (`shape::budget`), what is computed.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::control::Spawn;
use crate::domain::id::WorkspaceId;
use crate::observe::Observer;
use crate::shape::Ended;
use crate::shape::Work;

/// Requests computed at a time.
const TURNS: usize = 32;
/// Those of one workspace.
const TURNS_OF_WORKSPACE: usize = 2;
/// Requests of one workspace that may wait for a turn.
const WAITING_MAX: usize = 64;

/// Why a request was not computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BackgroundError {
    /// The workspace asks for too much at once.
    #[error("{WAITING_MAX} requests of this workspace wait to be computed already; send fewer at a time")]
    Crowded,
    /// It broke, or the gateway stops.
    #[error("the computation did not end; the log may say why")]
    Lost,
}

/// What becomes of a computation when nobody waits for it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It only looks at something, and ends.
    Ends,
    /// It changes something, and is done to its end.
    GoesOn,
}

/// Whose turn it is. The turns of a workspace come first, so that no more than those of each wait for the others.
#[derive(Debug)]
struct Turns {
    all: Arc<Semaphore>,
    shares: Mutex<HashMap<WorkspaceId, Share>>,
}

#[derive(Debug)]
struct Share {
    turns: Arc<Semaphore>,
    asking: usize,
}

impl Default for Turns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(TURNS)), shares: Mutex::default() }
    }
}

impl Turns {
    fn shares(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Share>> {
        self.shares.lock()
    }

    /// A place among those of the workspace that wait or compute.
    fn ask(&self, workspace: WorkspaceId) -> Result<Arc<Semaphore>, BackgroundError> {
        let mut shares = self.shares();
        let share = shares
            .entry(workspace)
            .or_insert_with(|| Share { turns: Arc::new(Semaphore::new(TURNS_OF_WORKSPACE)), asking: 0 });
        if share.asking >= WAITING_MAX + TURNS_OF_WORKSPACE {
            return Err(BackgroundError::Crowded);
        }
        share.asking += 1;
        Ok(share.turns.clone())
    }

    fn leave(&self, workspace: WorkspaceId) {
        let mut shares = self.shares();
        if let Some(share) = shares.get_mut(&workspace) {
            share.asking -= 1;
            if share.asking == 0 {
                shares.remove(&workspace);
            }
        }
    }
}

/// One who waits or computes; gives its place back however it ends.
struct Asking {
    turns: Arc<Turns>,
    workspace: WorkspaceId,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.turns.leave(self.workspace);
    }
}

/// One that computes; counted for as long as its thread is at it.
struct Computing {
    observer: Arc<Observer>,
    _turns: [OwnedSemaphorePermit; 2],
    _asking: Asking,
}

impl Drop for Computing {
    fn drop(&mut self) {
        self.observer.metrics.computing(-1);
    }
}

/// Ends what is computed when nobody waits for it any more, if it is to end then.
struct Waiting {
    leave: Leave,
    ended: Ended,
    stop: CancellationToken,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.leave == Leave::Ends {
            self.ended.end();
            self.stop.cancel();
        }
    }
}

/// Where requests are computed. Clones are the same.
#[derive(Clone)]
pub struct Background {
    spawn: Spawn,
    observer: Arc<Observer>,
    turns: Arc<Turns>,
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Background({:?})", self.turns)
    }
}

impl Background {
    /// On threads that this makes.
    pub fn new(spawn: Spawn, observer: Arc<Observer>) -> Self {
        Self { spawn, observer, turns: Arc::default() }
    }

    /// Computes something for a workspace when it is its turn. What `compute` makes is polled on the other thread; it
    /// gets what it may cost. `leave` is what happens when the future returned here is dropped.
    pub(crate) async fn run<T, F>(
        &self,
        workspace: WorkspaceId,
        leave: Leave,
        compute: impl FnOnce(Work) -> F + Send,
    ) -> Result<T, BackgroundError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let own = self.turns.ask(workspace)?;
        let asking = Asking { turns: self.turns.clone(), workspace };
        let lost = |_| BackgroundError::Lost;
        let own = own.acquire_owned().await.map_err(lost)?;
        let all = self.turns.all.clone().acquire_owned().await.map_err(lost)?;
        self.observer.metrics.computing(1);
        let computing = Computing { observer: self.observer.clone(), _turns: [own, all], _asking: asking };
        let waiting = Waiting { leave, ended: Ended::default(), stop: CancellationToken::new() };
        let (stop, compute) = (waiting.stop.clone(), compute(Work::of_request(waiting.ended.clone())));
        let (done, computed) = tokio::sync::oneshot::channel();
        (self.spawn)(Box::pin(async move {
            let _computing = computing;
            tokio::select! {
                made = compute => drop(done.send(made)),
                () = stop.cancelled() => {}
            }
        }));
        let made = computed.await;
        drop(waiting);
        made.map_err(|_| BackgroundError::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(bits: u128) -> WorkspaceId {
        WorkspaceId::from_bits(bits)
    }

    #[test]
    fn a_workspace_that_asks_for_too_much_is_refused_and_no_other() {
        let turns = Turns::default();
        for _ in 0..WAITING_MAX + TURNS_OF_WORKSPACE {
            turns.ask(workspace(1)).unwrap();
        }
        assert_eq!(turns.ask(workspace(1)).unwrap_err(), BackgroundError::Crowded);
        assert_eq!(turns.ask(workspace(2)).unwrap().available_permits(), TURNS_OF_WORKSPACE);
        turns.leave(workspace(1));
        assert!(turns.ask(workspace(1)).is_ok());
        turns.leave(workspace(2));
        assert_eq!(turns.shares().len(), 1, "nobody is remembered who does not ask");
    }
}
