//! Owns every long-lived task: who started it, how it is told to stop, that it ends. Nothing
//! else spawns, save the rooms that own their connections (`http`, `egress`) or threads.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::control::Spawn;
use crate::sandbox::nice;

/// The tasks of one server.
#[derive(Clone, Debug, Default)]
pub(super) struct Supervisor {
    tasks: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Supervisor {
    /// Runs a task that ends by itself soon after `stopping` fires.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let abort = self.abort.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = abort.cancelled() => {}
            }
        });
    }

    /// Runs a task that never ends by itself; it is dropped when stopping begins.
    pub(super) fn spawn_endless(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// Runs a task on a thread of its own that gives way to all others: for long work nobody's
    /// event waits for. Its timers and sockets are those of the calling runtime.
    pub(super) fn spawn_background(&self, task: impl Future<Output = ()> + Send + 'static) {
        let (abort, alive) = (self.abort.clone(), self.tasks.token());
        let runtime = tokio::runtime::Handle::current();
        let work = move || {
            nice::step_back(BACKGROUND_NICENESS);
            runtime.block_on(async {
                tokio::select! {
                    () = task => {}
                    () = abort.cancelled() => {}
                }
            });
            drop(alive);
        };
        let thread = std::thread::Builder::new().name("background".to_owned()).spawn(work);
        if let Err(error) = thread {
            tracing::error!(%error, "cannot start a thread for work in the background");
        }
    }

    /// `spawn_background` as a value, for rooms below.
    pub(super) fn background_spawner(&self) -> Spawn {
        let supervisor = self.clone();
        Arc::new(move |task| supervisor.spawn_background(task))
    }

    /// `spawn` as a value, for rooms below.
    pub(super) fn spawner(&self) -> Spawn {
        let supervisor = self.clone();
        Arc::new(move |task| supervisor.spawn(task))
    }

    /// Fires when the server begins to stop.
    pub(super) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Begins to stop: endless tasks end now, the others as soon as they have done their work.
    pub(super) fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Waits for all tasks, at most `grace`; then drops what is left. Answers whether all had
    /// ended by themselves.
    pub(super) async fn drain(&self, grace: Duration) -> bool {
        self.tasks.close();
        let drained = tokio::time::timeout(grace, self.tasks.wait()).await.is_ok();
        self.abort.cancel();
        self.tasks.wait().await;
        drained
    }
}

/// So low that a thread which has something to do for an event comes first nearly always.
const BACKGROUND_NICENESS: i32 = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_for_work_and_drops_what_never_ends() {
        let supervisor = Supervisor::default();
        let (done, finished) = tokio::sync::oneshot::channel();
        let stopping = supervisor.stopping();
        supervisor.spawn(async move {
            stopping.cancelled().await;
            done.send(()).unwrap();
        });
        supervisor.spawn_endless(std::future::pending());
        supervisor.begin_stop();
        assert!(supervisor.drain(Duration::from_secs(60)).await);
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn work_in_the_background_is_waited_for_and_dropped_like_the_rest() {
        let supervisor = Supervisor::default();
        let (done, finished) = tokio::sync::oneshot::channel();
        supervisor.spawn_background(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            done.send(std::thread::current().name().map(str::to_owned)).unwrap();
        });
        assert!(supervisor.drain(Duration::from_secs(60)).await);
        assert_eq!(finished.await.unwrap().as_deref(), Some("background"));
        let supervisor = Supervisor::default();
        supervisor.spawn_background(std::future::pending());
        assert!(!supervisor.drain(Duration::from_millis(20)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn grace_ends() {
        let supervisor = Supervisor::default();
        supervisor.spawn(std::future::pending());
        supervisor.begin_stop();
        assert!(!supervisor.drain(Duration::from_secs(1)).await);
    }
}
