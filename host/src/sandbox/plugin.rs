//! A plugin that is loaded: a cheap handle to call it by, from any runtime. Not here: how it was
//! loaded, what a call does.

use std::fmt;
use std::sync::Arc;
use std::sync::Weak;

use tokio::sync::OnceCell;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;

use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::PluginBudget;
use crate::sandbox::artifacts::builds::Builds;
use crate::sandbox::artifacts::builds::unloadable;
#[cfg(test)]
use crate::sandbox::direct::Direct;
use crate::sandbox::error::SandboxError;
use crate::sandbox::host::asleep::Asleep;
use crate::sandbox::host::context::HostContext;
use crate::sandbox::instance::ask::Ask;
use crate::sandbox::instance::ask::AskBatch;
use crate::sandbox::instance::ask::AskConfigure;
use crate::sandbox::instance::ask::AskManifest;
use crate::sandbox::instance::ask::AskTransform;
use crate::sandbox::instance::call;
#[cfg(test)]
use crate::sandbox::instance::call::GuestCode;
use crate::sandbox::instance::call::Ready;
use crate::sandbox::instance::ran::BatchRan;
use crate::sandbox::instance::ran::ConfigRefusal;
use crate::sandbox::instance::ran::Cost;
use crate::sandbox::instance::ran::Failure;
use crate::sandbox::instance::ran::Ran;
use crate::sandbox::run::gather::Gather;
use crate::sandbox::run::guests::GuestQueue;
use crate::sandbox::run::guests::PluginCalls;

/// A loaded plugin. Clones share it and its cap of calls in flight.
#[derive(Clone)]
pub struct Plugin {
    inner: Arc<LoadedPlugin>,
    budget: PluginBudget,
    /// The cap of the budget, besides that of all who use the plugin.
    slots: Option<Arc<Semaphore>>,
    /// See [`Plugin::in_passing`].
    stays: bool,
    /// Whether events that wait share an instance.
    batches: bool,
}

/// Whose plugin, which module it is and what it may use. Workspaces share nothing but the code: neither the calls that may
/// be under way, nor what is known of their pace, nor instances.
pub(crate) type PluginKey = (WorkspaceId, Digest, Grants);

/// What the clones share.
pub(crate) struct LoadedPlugin {
    digest: Digest,
    /// Empty until there is code.
    live: OnceCell<Runnable>,
    /// For a plugin that has no code yet.
    later: Option<Later>,
}

/// Who makes the code, whose it is and what it may use.
struct Later {
    /// Does not keep the sandbox alive.
    builds: Weak<Builds>,
    workspace: WorkspaceId,
    grants: Grants,
}

/// What calls need.
struct Runnable {
    ready: Ready,
    queue: GuestQueue,
    calls: Arc<PluginCalls>,
    /// Of a plugin without grants: events that wait.
    gather: Option<Gather>,
}

impl Runnable {
    fn new(ready: Ready, queue: GuestQueue) -> Self {
        let calls = queue.plugin_calls();
        let gather = ready.plain.then(Gather::default);
        Self { ready, queue, calls, gather }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("digest", &self.inner.digest).finish_non_exhaustive()
    }
}

impl Plugin {
    pub(crate) fn new(digest: Digest, ready: Ready, queue: GuestQueue) -> Self {
        let live = OnceCell::new_with(Some(Runnable::new(ready, queue)));
        Self::from_inner(Arc::new(LoadedPlugin { digest, live, later: None }))
    }

    /// One whose code has yet to be made.
    pub(crate) fn later((workspace, digest, grants): PluginKey, builds: &Arc<Builds>) -> Self {
        let later = Later { builds: Arc::downgrade(builds), workspace, grants };
        Self::from_inner(Arc::new(LoadedPlugin { digest, live: OnceCell::new(), later: Some(later) }))
    }

    pub(crate) fn from_inner(inner: Arc<LoadedPlugin>) -> Self {
        Self { inner, budget: PluginBudget::default(), slots: None, stays: true, batches: false }
    }

    pub(crate) fn inner(&self) -> &Arc<LoadedPlugin> {
        &self.inner
    }

    /// Which module it is.
    pub fn digest(&self) -> Digest {
        self.inner.digest
    }

    /// The same plugin on a budget; `slots` has a permit for each call that may be under way.
    #[must_use]
    pub fn within(&self, budget: PluginBudget, slots: Option<Arc<Semaphore>>) -> Self {
        Self { budget, slots, ..self.clone() }
    }

    /// The same plugin for calls that leave nothing for later ones, neither instances nor what a configuration makes of
    /// one: for previews, of which nobody knows how many come, and with how many configurations.
    #[must_use]
    pub fn in_passing(&self) -> Self {
        Self { stays: false, ..self.clone() }
    }

    /// The same plugin, with events that wait for it run together in one instance, as its manifest asks.
    #[must_use]
    pub fn in_batches(&self, batches: bool) -> Self {
        Self { batches, ..self.clone() }
    }

    /// Whether a call would begin at once, as far as code is concerned.
    pub fn is_prepared(&self) -> bool {
        self.inner.live.initialized()
    }

    /// Whether its calls are known to be short, less than a millisecond of CPU time each.
    pub fn is_short(&self) -> bool {
        self.inner.live.get().is_some_and(|live| live.calls.pace.is_known_short())
    }

    /// Whether too few calls were made to know.
    pub fn is_new(&self) -> bool {
        self.inner.live.get().is_none_or(|live| live.calls.pace.is_new())
    }

    /// How many instances wait for their next call.
    #[cfg(test)]
    pub(crate) fn instances_kept(&self) -> usize {
        self.direct().map_or(0, Direct::idles)
    }

    /// It, if it runs directly.
    #[cfg(test)]
    pub(crate) fn direct(&self) -> Option<&Direct> {
        match self.inner.live.get().map(|live| &live.ready.code) {
            Some(GuestCode::Direct(direct)) => Some(direct),
            _ => None,
        }
    }

    /// Waits until there is code, and makes it if nobody else does; every call does the same first.
    pub async fn prepare(&self) -> Result<(), SandboxError> {
        self.live().await.map(drop)
    }

    async fn live(&self) -> Result<&Runnable, SandboxError> {
        let LoadedPlugin { digest, live, later } = &*self.inner;
        let make = || async {
            let later = later.as_ref().ok_or(SandboxError::Closed)?;
            let builds = later.builds.upgrade().ok_or(SandboxError::Closed)?;
            let (pool, code) = builds.code(digest).await?;
            let ready = pool.ready(&code, later.workspace, later.grants).map_err(unloadable(digest))?;
            Ok(Runnable::new(ready, pool.queue().of(later.workspace)))
        };
        if let Some(live) = live.get() {
            return Ok(live);
        }
        // Apart, since it is large and seldom needed.
        Box::pin(live.get_or_try_init(make)).await
    }

    /// Runs one event in a fresh instance: `configure` with `config` (JSON, `{}` when there is
    /// none), then `transform`. A configuration that is refused here is a refused event.
    pub async fn run(&self, config: Arc<str>, event: GuestEvent) -> Result<Ran, Failure> {
        self.run_with(HostContext::default(), config, event).await
    }

    /// The same with what its grants need; what it wants to be kept is in the cost. A plugin that asks for batches, and
    /// for no grant, may take several events that wait with the same `config`, by address, in one instance.
    pub async fn run_with(
        &self,
        mut context: HostContext,
        config: Arc<str>,
        event: GuestEvent,
    ) -> Result<Ran, Failure> {
        let live = self.live().await.map_err(host)?;
        if let Some(gather) = live.gather.as_ref().filter(|gather| self.batches && gather.is_open())
            && let Some(ran) = Box::pin(self.run_gathered(live, gather, &config, event.clone())).await
        {
            return ran;
        }
        let asleep = if context.http.is_some() { Asleep::possible() } else { Asleep::default() };
        context.asleep = asleep.clone();
        let (verdict, cost) = self.ask_patiently(asleep, AskTransform { config, event, context }).await?;
        Ok(Ran { verdict, cost })
    }

    /// Runs an event with those that wait beside it; `None` if that tells nothing of this one.
    async fn run_gathered(
        &self,
        live: &Runnable,
        gather: &Gather,
        config: &Arc<str>,
        event: GuestEvent,
    ) -> Option<Result<Ran, Failure>> {
        let (queue, ready) = (&live.queue, self.ready(live));
        let mut ticket = gather.wait(config, event);
        let number = ticket.number();
        let _leaves = Leaves { gather, config, number };
        let places = async { Ok::<_, SandboxError>((self.own_slot().await?, live.calls.slot().await?)) };
        let (_own, slot) = tokio::select! {
            biased;
            answer = &mut ticket.answer => return answer.ok(),
            places = places => places.ok()?,
        };
        let Some(batch) = gather.take(config, &ticket) else {
            drop(slot);
            return ticket.answer.await.ok();
        };
        if !batch.is_shared() {
            let event = batch.events().pop()?;
            let ask = AskTransform { config: config.clone(), event, context: HostContext::default() };
            let make = |meter| call::fresh(ready, ask, meter);
            let ran = queue.run(slot, &live.calls, Asleep::default(), make).await;
            return Some(ran.map_err(host).flatten().map(|(verdict, cost)| Ran { verdict, cost }));
        }
        let ask = AskBatch { config: config.clone(), events: batch.events() };
        let make = |meter| call::fresh(ready, ask, meter);
        let ran = queue.run(slot, &live.calls, Asleep::default(), make).await;
        gather.settle(batch, ran.map_err(host).flatten());
        ticket.answer.await.ok()
    }

    /// Runs several events of one connection in one fresh instance, through `transform-batch`. CPU
    /// time is that of an event for each, but no more than the wall time of one call. When it
    /// fails, nothing is known of any single event: run them one by one.
    pub async fn run_batch(&self, config: Arc<str>, events: Vec<GuestEvent>) -> Result<BatchRan, Failure> {
        if events.is_empty() {
            return Ok(BatchRan { results: Vec::new(), cost: Cost::default() });
        }
        let (results, cost) = self.ask(AskBatch { config, events }).await?;
        Ok(BatchRan { results, cost })
    }

    /// As [`Plugin::run`], on the calling thread and not on those of the guests: for work that has
    /// a thread of its own and must not come before anybody's events. For plugins without grants.
    pub async fn run_here(&self, config: Arc<str>, event: GuestEvent) -> Result<Ran, Failure> {
        let (verdict, cost) =
            self.ask_here(AskTransform { config, event, context: HostContext::default() }).await?;
        Ok(Ran { verdict, cost })
    }

    /// As [`Plugin::run_batch`], on the calling thread.
    pub async fn run_batch_here(
        &self,
        config: Arc<str>,
        events: Vec<GuestEvent>,
    ) -> Result<BatchRan, Failure> {
        if events.is_empty() {
            return Ok(BatchRan { results: Vec::new(), cost: Cost::default() });
        }
        let (results, cost) = self.ask_here(AskBatch { config, events }).await?;
        Ok(BatchRan { results, cost })
    }

    /// Asks the plugin whether it accepts a configuration (JSON).
    pub async fn check_config(&self, config: &str) -> Result<(), ConfigRefusal> {
        match self.ask(AskConfigure(config.into())).await {
            Ok((Ok(()), _)) => Ok(()),
            Ok((Err(message), _)) => Err(ConfigRefusal::Refused { message }),
            Err(failure) => Err(ConfigRefusal::Faulted { fault: failure.fault }),
        }
    }

    /// The manifest's text, as the plugin gives it.
    pub(crate) async fn ask_manifest(&self) -> Result<String, Fault> {
        Ok(self.ask(AskManifest).await?.0)
    }

    async fn ask_here<A: Ask>(&self, ask: A) -> Result<(A::Answer, Cost), Failure> {
        let live = self.live().await.map_err(host)?;
        // Apart, as on the guests' threads: it is large.
        let call = Box::pin(call::fresh(self.ready(live), ask, Arc::default()));
        live.queue.here(call).await.map_err(host)?
    }

    async fn ask<A: Ask>(&self, ask: A) -> Result<(A::Answer, Cost), Failure> {
        self.ask_patiently(Asleep::default(), ask).await
    }

    async fn ask_patiently<A: Ask>(&self, asleep: Asleep, ask: A) -> Result<(A::Answer, Cost), Failure> {
        let live = self.live().await.map_err(host)?;
        let _own = self.own_slot().await.map_err(host)?;
        let (ready, slot) = (self.ready(live), live.calls.slot().await.map_err(host)?);
        let make = |meter| call::fresh(ready, ask, meter);
        live.queue.run(slot, &live.calls, asleep, make).await.map_err(host)?
    }

    /// A place within the plugin's own budget, if that says how many there are.
    async fn own_slot(&self) -> Result<Option<SemaphorePermit<'_>>, SandboxError> {
        match &self.slots {
            Some(slots) => slots.acquire().await.map(Some).map_err(|_| SandboxError::Closed),
            None => Ok(None),
        }
    }

    fn ready(&self, live: &Runnable) -> Ready {
        let ready = live.ready.clone();
        Ready { limits: self.budget.of(ready.limits), stays: self.stays, ..ready }
    }
}

/// Takes the place of a caller that goes away out of the queue.
struct Leaves<'g> {
    gather: &'g Gather,
    config: &'g Arc<str>,
    number: u64,
}

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.gather.leave(self.config, self.number);
    }
}

fn host(error: SandboxError) -> Failure {
    Fault::Host { detail: error.to_string() }.into()
}
