//! The threads that guests run on, apart from those that serve requests, and how many calls may be on them at a time.
//! Most calls take microseconds. One that takes longer than a slice goes on, and the next ones of its plugin begin, on
//! threads of a lower priority, few of each plugin at a time: whoever computes for long delays only others who do, and gets
//! done all the same. The room is shared fairly: no workspace takes more than half of it, however many plugins it has, nor
//! more turns among the long calls than two of its plugins would. Not here: whose calls are long (`pace`).

use std::collections::HashMap;
use std::future::Future;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use parking_lot::Mutex;
use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::domain::id::WorkspaceId;
use crate::sandbox::error::SandboxError;
use crate::sandbox::host::asleep::Asleep;
use crate::sandbox::host::meter::Meter;
use crate::sandbox::module::engine::TICK;
use crate::sandbox::module::tier::Tier;
use crate::sandbox::run::pace::Pace;
use crate::sandbox::system::nice;

/// Of the threads for long calls, against 0 of all others: on a machine that is busy, a third of the time of one of them.
const LONG_NICENESS: i32 = 5;
/// Long calls of a plugin at a time, for each thread: so few that each is done well within its wall budget, even while
/// short ones keep the machine busy.
const LONG_CALLS_PER_WORKER: usize = 2;
/// Plugins of one workspace whose long calls run at a time, each as many as it may: others then get a turn soon, whatever
/// one workspace lets compute.
const LONG_PLUGINS_PER_WORKSPACE: usize = 2;

/// Owns the threads. Dropping it ends guests at their next tick.
#[derive(Debug)]
pub(crate) struct Guests {
    runtimes: Vec<Runtime>,
    queue: GuestQueue,
}

/// Hands work to the threads. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct GuestQueue {
    short: Handle,
    long: Handle,
    room: Arc<Semaphore>,
    /// Room for calls that begin as long ones: not all of it, so that short ones always find some.
    long_room: Arc<Semaphore>,
    /// Room for calls that may sleep: half of it, so that the others always find some.
    beds: Arc<Semaphore>,
    begun: Arc<AtomicU64>,
    tenants: Arc<Mutex<HashMap<WorkspaceId, Weak<Tenant>>>>,
    /// Whose calls these are; nobody's in particular, as when a plugin is taken in, share nothing with others.
    workspace: Option<WorkspaceId>,
    calls_per_workspace: usize,
    calls_per_plugin: usize,
    long_calls_per_plugin: usize,
}

/// What the calls of all plugins of a workspace share.
#[derive(Debug)]
struct Tenant {
    /// One for each of its calls: half of all room, so that others always find some.
    room: Arc<Semaphore>,
    /// One for each that is long.
    long_slots: Arc<Semaphore>,
}

/// What all calls of one plugin share.
#[derive(Debug)]
pub(crate) struct PluginCalls {
    /// One for each of its calls.
    slots: Arc<Semaphore>,
    /// One for each that is long.
    long_slots: Arc<Semaphore>,
    tenant: Arc<Tenant>,
    pub(crate) pace: Pace,
}

impl PluginCalls {
    /// Waits until one more call of the plugin may run.
    pub(crate) async fn slot(&self) -> Result<OwnedSemaphorePermit, SandboxError> {
        permit(&self.slots).await
    }

    /// Waits until one more long call of the plugin may go on. First among those of the plugin, so that one which has many
    /// does not wait at the expense of the workspace's others. Whoever has both goes on, so nobody waits in a circle.
    async fn long_turn(&self) -> Result<[OwnedSemaphorePermit; 2], SandboxError> {
        Ok([permit(&self.long_slots).await?, permit(&self.tenant.long_slots).await?])
    }
}

impl Guests {
    /// Starts `workers` threads for short calls of a tier and as many for long ones; of one plugin at most `in_flight`
    /// at a time.
    pub(crate) fn start(workers: usize, tier: &Tier, in_flight: u32) -> Result<Self, SandboxError> {
        let workers = workers.max(1);
        let short = runtime(workers, "guest", 0)?;
        let long = runtime(workers, "guest-long", LONG_NICENESS)?;
        let room = |calls: usize| Arc::new(Semaphore::new(calls.max(1)));
        let queue = GuestQueue {
            short: short.handle().clone(),
            long: long.handle().clone(),
            room: room(tier.calls),
            long_room: room(tier.long_calls()),
            beds: room(tier.calls / 2),
            begun: Arc::default(),
            tenants: Arc::default(),
            workspace: None,
            calls_per_workspace: (tier.calls / 2).max(1),
            calls_per_plugin: (workers * tier.calls_per_worker).min(in_flight.max(1) as usize),
            long_calls_per_plugin: workers * LONG_CALLS_PER_WORKER,
        };
        Ok(Self { runtimes: vec![short, long], queue })
    }

    /// The way in.
    pub(crate) fn queue(&self) -> &GuestQueue {
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

impl GuestQueue {
    /// The same for the calls of one workspace.
    pub(crate) fn of(&self, workspace: WorkspaceId) -> Self {
        Self { workspace: Some(workspace), ..self.clone() }
    }

    /// For a plugin that has no calls yet.
    pub(crate) fn plugin_calls(&self) -> Arc<PluginCalls> {
        Arc::new(PluginCalls {
            slots: Arc::new(Semaphore::new(self.calls_per_plugin)),
            long_slots: Arc::new(Semaphore::new(self.long_calls_per_plugin)),
            tenant: self.tenant(),
            pace: Pace::default(),
        })
    }

    fn tenant(&self) -> Arc<Tenant> {
        let new = || {
            let long = self.long_calls_per_plugin * LONG_PLUGINS_PER_WORKSPACE;
            let (room, long_slots) = (Semaphore::new(self.calls_per_workspace), Semaphore::new(long));
            Arc::new(Tenant { room: Arc::new(room), long_slots: Arc::new(long_slots) })
        };
        let Some(workspace) = self.workspace else { return new() };
        // The map is whole between any two statements.
        let mut tenants = self.tenants.lock();
        if let Some(known) = tenants.get(&workspace).and_then(Weak::upgrade) {
            return known;
        }
        tenants.retain(|_, tenant| tenant.strong_count() > 0);
        let tenant = new();
        tenants.insert(workspace, Arc::downgrade(&tenant));
        tenant
    }

    /// Counts the calls begun so far.
    pub(crate) fn begun(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.begun)
    }

    /// Runs the call that `make` makes, which has its slot, on the guests' threads when there is room at all. The meter
    /// must measure it. Can be awaited on any runtime. Dropped, it takes the call back at its next tick.
    pub(crate) async fn run<F>(
        &self,
        slot: OwnedSemaphorePermit,
        calls: &Arc<PluginCalls>,
        asleep: Asleep,
        make: impl FnOnce(Arc<Meter>) -> F,
    ) -> Result<F::Output, SandboxError>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (meter, is_short) = (Arc::<Meter>::default(), calls.pace.is_short());
        // On the heap at once: it is handed on several times, and each hand would hold a copy.
        let call = Box::pin(make(Arc::clone(&meter)));
        let places = self.places(slot, calls, &asleep, is_short).await?;
        self.begun.fetch_add(1, Ordering::Relaxed);
        let (calls, long) = (Arc::clone(calls), self.long.clone());
        let run = async move {
            let went = if is_short { in_short(call, &asleep, &calls.pace).await } else { Went::On(call) };
            let output = match went {
                Went::Over(output) => output,
                Went::On(call) if is_short => hand_over(call, &long, &calls, &asleep, &meter).await?,
                Went::On(call) => call.await,
            };
            match meter.spent() < TICK {
                true => calls.pace.was_short(),
                false => calls.pace.was_long(),
            }
            // Given back here, not when the caller wakes up.
            drop(places);
            Ok(output)
        };
        let task = if is_short { self.short.spawn(run) } else { self.long.spawn(run) };
        HandedOver { task }.await.flatten()
    }

    /// What a call holds while it is under way. Its turn among the long ones of its plugin comes last, as it does for
    /// those that turn out to be long: whoever has one can go on, and nobody waits in a circle.
    async fn places(
        &self,
        slot: OwnedSemaphorePermit,
        calls: &PluginCalls,
        asleep: &Asleep,
        is_short: bool,
    ) -> Result<Vec<OwnedSemaphorePermit>, SandboxError> {
        let mut places = vec![slot, permit(&calls.tenant.room).await?];
        if asleep.is_possible() {
            places.push(permit(&self.beds).await?);
        }
        if !is_short {
            places.push(permit(&self.long_room).await?);
        }
        places.push(permit(&self.room).await?);
        if !is_short && !asleep.is_possible() {
            places.extend(calls.long_turn().await?);
        }
        Ok(places)
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
    if !pace.is_short() {
        // Another call of the plugin has told since this one was sent here.
        return Went::On(call);
    }
    let over = poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if asleep.is_now() => Poll::Pending,
        Poll::Pending => Poll::Ready(None),
    });
    over.await.map_or(Went::On(call), Went::Over)
}

/// Goes on with a call that turned out to be long, when its turn has come among the long ones of its plugin. It keeps its
/// place among the short ones: it has begun, and its memory is there. One that may sleep does not queue, since it would
/// keep others waiting while it does.
async fn hand_over<F>(
    call: Pin<Box<F>>,
    long: &Handle,
    calls: &PluginCalls,
    asleep: &Asleep,
    meter: &Meter,
) -> Result<F::Output, SandboxError>
where
    F: Future<Output: Send> + Send + 'static,
{
    let _place = match asleep.is_possible() {
        true => None,
        false => Some(meter.pause(calls.long_turn()).await?),
    };
    HandedOver { task: long.spawn(call) }.await
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

#[cfg(test)]
mod tests;
