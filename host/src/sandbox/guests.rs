//! The threads that guests run on, apart from those that serve requests, and how many calls may be on them at a time.
//! Most calls take microseconds. One that takes longer than a slice goes on, and the next ones of its plugin begin, on
//! threads of a lower priority: whoever computes for long delays only others who do. Not here: whose calls are long
//! (`pace`).

use std::future::Future;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::sandbox::asleep::Asleep;
use crate::sandbox::engine::TICK;
use crate::sandbox::error::SandboxError;
use crate::sandbox::nice;
use crate::sandbox::pace::Pace;
use crate::sandbox::ran::Cost;
use crate::sandbox::ran::Failure;
use crate::sandbox::ran::host;
use crate::sandbox::tier::Tier;

/// Of the threads for long calls, against 0 of all others: on a machine that is busy, a tenth of the time of one of them.
const LONG_NICENESS: i32 = 10;

/// Owns the threads. Dropping it ends guests at their next tick.
#[derive(Debug)]
pub(crate) struct Guests {
    runtimes: Vec<Runtime>,
    queue: Queue,
}

/// Hands work to the threads. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    short: Handle,
    long: Handle,
    room: Arc<Semaphore>,
    /// Room for calls that begin as long ones: not all of it, so that short ones always find some.
    long_room: Arc<Semaphore>,
    /// Room for calls that may sleep: half of it, so that the others always find some.
    beds: Arc<Semaphore>,
    begun: Arc<AtomicU64>,
    calls_per_plugin: usize,
}

impl Guests {
    /// Starts `workers` threads for short calls of a tier and as many for long ones; of one plugin at most `in_flight`
    /// at a time.
    pub(crate) fn start(workers: usize, tier: &Tier, in_flight: u32) -> Result<Self, SandboxError> {
        let workers = workers.max(1);
        let short = runtime(workers, "guest", 0)?;
        let long = runtime(workers, "guest-long", LONG_NICENESS)?;
        let room = |calls: usize| Arc::new(Semaphore::new(calls.max(1)));
        let queue = Queue {
            short: short.handle().clone(),
            long: long.handle().clone(),
            room: room(tier.calls),
            long_room: room(tier.calls - tier.calls / 8),
            beds: room(tier.calls / 2),
            begun: Arc::default(),
            calls_per_plugin: (workers * tier.calls_per_worker).min(in_flight.max(1) as usize),
        };
        Ok(Self { runtimes: vec![short, long], queue })
    }

    /// The way in.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }
}

fn runtime(workers: usize, name: &str, niceness: i32) -> Result<Runtime, SandboxError> {
    Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(4)
        .thread_name(name)
        .on_thread_start(move || nice::step_back(niceness))
        // Every other time whoever comes from outside, else who was here: neither starves the other.
        .global_queue_interval(2)
        .build()
        .map_err(|error| SandboxError::Setup { detail: format!("the guests' threads: {error}") })
}

impl Drop for Guests {
    fn drop(&mut self) {
        for room in [&self.queue.beds, &self.queue.long_room, &self.queue.room] {
            room.close();
        }
        for runtime in self.runtimes.drain(..) {
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

    /// Waits until one more call of the plugin may run.
    pub(crate) async fn slot(&self, slots: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, SandboxError> {
        permit(slots).await
    }

    /// Runs `call`, which has its slot, on the guests' threads when there is room at all.
    /// Can be awaited on any runtime. Dropped, it takes the call back at its next tick.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        slot: OwnedSemaphorePermit,
        pace: &Arc<Pace>,
        asleep: Asleep,
        call: impl Future<Output = Result<(T, Cost), Failure>> + Send + 'static,
    ) -> Result<(T, Cost), Failure> {
        // On the heap at once: it is handed on several times, and each hand would hold a copy.
        let call = Box::pin(call);
        let places = self.places(slot, pace, &asleep).await.map_err(host)?;
        self.begun.fetch_add(1, Ordering::Relaxed);
        let (pace, long) = (Arc::clone(pace), self.long.clone());
        let first = if pace.is_short() { &self.short } else { &self.long };
        let task = first.spawn(async move {
            let ran = match in_short(call, &asleep, &pace).await {
                Went::Over(ran) => ran,
                Went::On(call) => HandedOver { task: long.spawn(call) }.await.map_err(host).flatten(),
            };
            if cpu(&ran) < TICK {
                pace.was_short()
            } else {
                pace.was_long()
            }
            // Given back here, not when the caller wakes up.
            drop(places);
            ran
        });
        HandedOver { task }.await.map_err(host).flatten()
    }

    async fn places(
        &self,
        slot: OwnedSemaphorePermit,
        pace: &Pace,
        asleep: &Asleep,
    ) -> Result<[Option<OwnedSemaphorePermit>; 4], SandboxError> {
        let bed = if asleep.is_possible() { Some(permit(&self.beds).await?) } else { None };
        let long = if pace.is_short() { None } else { Some(permit(&self.long_room).await?) };
        Ok([Some(slot), bed, long, Some(permit(&self.room).await?)])
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
        let task = self.short.spawn_blocking(work);
        HandedOver { task }.await
    }
}

async fn permit(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, SandboxError> {
    Arc::clone(of).acquire_owned().await.map_err(|_| SandboxError::Closed)
}

/// How far a call came among the short ones.
enum Went<F: Future> {
    Over(F::Output),
    On(Pin<Box<F>>),
}

/// Runs `call` until it gives way to others, unless that is only because it sleeps.
async fn in_short<F: Future>(mut call: Pin<Box<F>>, asleep: &Asleep, pace: &Pace) -> Went<F> {
    // Another call of the plugin may have told since this one was sent here.
    let over = match pace.is_short() {
        false => None,
        true => {
            poll_fn(|context| match call.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if asleep.is_now() => Poll::Pending,
                Poll::Pending => Poll::Ready(None),
            })
            .await
        }
    };
    over.map_or(Went::On(call), Went::Over)
}

fn cpu<T>(ran: &Result<(T, Cost), Failure>) -> Duration {
    match ran {
        Ok((_, cost)) => cost.cpu,
        Err(failure) => failure.cost.cpu,
    }
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
