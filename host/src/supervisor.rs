//! Owns every long-lived task: who started it, how it is told to stop, that it ends. Nothing
//! else spawns, save the rooms that own their connections (`http`, `egress`) or threads.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::flow::Spawn;

/// The tasks of one server.
#[derive(Clone, Debug, Default)]
pub struct Supervisor {
    tasks: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Supervisor {
    /// Runs a task that ends by itself soon after `stopping` fires.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let abort = self.abort.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = abort.cancelled() => {}
            }
        });
    }

    /// Runs a task that never ends by itself; it is dropped when stopping begins.
    pub fn spawn_endless(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// `spawn` as a value, for rooms below.
    pub fn spawner(&self) -> Spawn {
        let supervisor = self.clone();
        Arc::new(move |task| supervisor.spawn(task))
    }

    /// Fires when the server begins to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Begins to stop: endless tasks end now, the others as soon as they have done their work.
    pub fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Waits for all tasks, at most `grace`; then drops what is left. Answers whether all had
    /// ended by themselves.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.tasks.close();
        let drained = tokio::time::timeout(grace, self.tasks.wait()).await.is_ok();
        self.abort.cancel();
        self.tasks.wait().await;
        drained
    }
}

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

    #[tokio::test(start_paused = true)]
    async fn grace_ends() {
        let supervisor = Supervisor::default();
        supervisor.spawn(std::future::pending());
        supervisor.begin_stop();
        assert!(!supervisor.drain(Duration::from_secs(1)).await);
    }
}
