//! The runtime that guests run on: threads of its own, so that a guest that computes delays other
//! guests at worst, never the threads that serve requests; and how many may be on it at a time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::sandbox::error::SandboxError;
use crate::sandbox::tier::Tier;
use crate::sandbox::turns::Asleep;
use crate::sandbox::turns::Turns;

/// Owns the threads. Dropping it ends guests at their next tick.
#[derive(Debug)]
pub(crate) struct Guests {
    runtime: Option<Runtime>,
    queue: Queue,
}

/// Hands work to the threads. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    handle: Handle,
    room: Arc<Semaphore>,
    /// Room for calls that may sleep: half of it, so that the others always find some.
    beds: Arc<Semaphore>,
    begun: Arc<AtomicU64>,
    turns: Arc<Turns>,
    calls_per_plugin: usize,
}

impl Guests {
    /// Starts `workers` threads for calls of a tier, of one plugin at most `in_flight` at a time.
    pub(crate) fn start(workers: usize, tier: &Tier, in_flight: u32) -> Result<Self, SandboxError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers.max(1))
            .max_blocking_threads(4)
            .thread_name("guest")
            // New calls come in from outside: look for them first. `Turns` relies on that.
            .global_queue_interval(1)
            .build()
            .map_err(|error| SandboxError::Setup { detail: format!("the guests' threads: {error}") })?;
        let calls_per_plugin = (workers.max(1) * tier.calls_per_worker).min(in_flight.max(1) as usize);
        let room = Arc::new(Semaphore::new(tier.calls));
        let beds = Arc::new(Semaphore::new((tier.calls / 2).max(1)));
        let queue = Queue {
            handle: runtime.handle().clone(),
            room,
            beds,
            begun: Arc::default(),
            turns: Arc::default(),
            calls_per_plugin,
        };
        Ok(Self { runtime: Some(runtime), queue })
    }

    /// The way in.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        self.queue.beds.close();
        self.queue.room.close();
        if let Some(runtime) = self.runtime.take() {
            // Waiting is not allowed where this may be dropped, and not needed: the engine's
            // ticker goes on until the last guest gave way and was thrown away.
            runtime.shutdown_background();
        }
    }
}

impl Queue {
    /// The permits of one plugin: one for each of its calls.
    pub(crate) fn plugin_slots(&self) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(self.calls_per_plugin))
    }

    /// Counts the calls begun so far.
    pub(crate) fn begun(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.begun)
    }

    /// Runs `call` on the guests' threads when there is room: first for its plugin, then at all.
    /// Can be awaited on any runtime. Dropped, it takes the call back at its next tick.
    pub(crate) async fn run<F>(
        &self,
        slots: &Arc<Semaphore>,
        asleep: Asleep,
        call: F,
    ) -> Result<F::Output, SandboxError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.run_in(self.slot(slots).await?, asleep, call).await
    }

    /// Waits until one more call of the plugin may run.
    pub(crate) async fn slot(&self, slots: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, SandboxError> {
        permit(slots).await
    }

    /// As [`Queue::run`], for a call that has its slot.
    pub(crate) async fn run_in<F>(
        &self,
        slot: OwnedSemaphorePermit,
        asleep: Asleep,
        call: F,
    ) -> Result<F::Output, SandboxError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let bed = if asleep.is_possible() { Some(permit(&self.beds).await?) } else { None };
        let room = permit(&self.room).await?;
        self.begun.fetch_add(1, Ordering::Relaxed);
        let turns = Arc::clone(&self.turns);
        let task = self.handle.spawn(async move {
            let output = turns.take(asleep, call).await;
            // Given back here, not when the caller wakes up.
            drop((slot, bed, room));
            output
        });
        HandedOver { task }.await
    }

    /// Runs `call` on the calling thread, when there is room at all.
    pub(crate) async fn here<F: Future>(&self, call: F) -> Result<F::Output, SandboxError> {
        let _room = permit(&self.room).await?;
        self.begun.fetch_add(1, Ordering::Relaxed);
        Ok(call.await)
    }

    /// Runs something that blocks on threads where blocking is fine.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SandboxError> {
        let task = self.handle.spawn_blocking(work);
        HandedOver { task }.await
    }
}

async fn permit(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, SandboxError> {
    Arc::clone(of).acquire_owned().await.map_err(|_| SandboxError::Closed)
}

/// Work on the other runtime, ended when nobody waits for it any more.
struct HandedOver<T> {
    task: JoinHandle<T>,
}

impl<T> Future for HandedOver<T> {
    type Output = Result<T, SandboxError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(context).map(|joined| {
            joined.map_err(|error| match error.is_panic() {
                true => SandboxError::Setup { detail: "the host's side of a call panicked".to_owned() },
                false => SandboxError::Closed,
            })
        })
    }
}

impl<T> Drop for HandedOver<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
