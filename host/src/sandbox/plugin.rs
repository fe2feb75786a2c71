//! A plugin that is loaded: a cheap handle to call it by, from any runtime. Not here: how it was
//! loaded, what a call does.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::domain::plugin::Digest;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::sandbox::ask::AskBatch;
use crate::sandbox::ask::AskConfigure;
use crate::sandbox::ask::AskManifest;
use crate::sandbox::ask::AskTransform;
use crate::sandbox::call;
use crate::sandbox::call::Ask;
use crate::sandbox::call::Ready;
use crate::sandbox::error::SandboxError;
use crate::sandbox::gather::Gather;
use crate::sandbox::given::Given;
use crate::sandbox::guests::Queue;
use crate::sandbox::ran::BatchRan;
use crate::sandbox::ran::ConfigRefusal;
use crate::sandbox::ran::Cost;
use crate::sandbox::ran::Failure;
use crate::sandbox::ran::Ran;

/// A loaded plugin. Clones share it and its cap of calls in flight.
#[derive(Clone)]
pub struct Plugin {
    inner: Arc<Inner>,
}

/// What the clones share.
pub(crate) struct Inner {
    digest: Digest,
    ready: Ready,
    queue: Queue,
    slots: Arc<Semaphore>,
    /// Of an interpreted plugin without grants: events that wait.
    gather: Option<Gather>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("digest", &self.inner.digest).finish_non_exhaustive()
    }
}

impl Plugin {
    pub(crate) fn new(digest: Digest, ready: Ready, queue: Queue) -> Self {
        let slots = queue.plugin_slots();
        let gather = ready.gathers().then(Gather::default);
        Self { inner: Arc::new(Inner { digest, ready, queue, slots, gather }) }
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Which module it is.
    pub fn digest(&self) -> Digest {
        self.inner.digest
    }

    /// Runs one event in a fresh instance: `configure` with `config` (JSON, `{}` when there is
    /// none), then `transform`. A configuration that is refused here is a refused event.
    pub async fn run(&self, config: Arc<str>, event: GuestEvent) -> Result<Ran, Failure> {
        self.run_with(Given::default(), config, event).await
    }

    /// The same with what its grants need; what it wants to be kept is in the cost. An interpreted plugin without
    /// grants may take several events that wait with the same `config`, by address, in one instance.
    pub async fn run_with(&self, given: Given, config: Arc<str>, event: GuestEvent) -> Result<Ran, Failure> {
        if let Some(gather) = self.inner.gather.as_ref().filter(|gather| gather.is_open())
            // Boxed, so that plugins which never wait together do not carry its size.
            && let Some(ran) = Box::pin(self.run_gathered(gather, &config, event.clone())).await
        {
            return ran;
        }
        let (verdict, cost) = self.ask(AskTransform { config, event, given }).await?;
        Ok(Ran { verdict, cost })
    }

    /// Runs an event with those that wait beside it; `None` if that tells nothing of this one.
    async fn run_gathered(
        &self,
        gather: &Gather,
        config: &Arc<str>,
        event: GuestEvent,
    ) -> Option<Result<Ran, Failure>> {
        let Inner { ready, queue, slots, .. } = &*self.inner;
        let mut ticket = gather.wait(config, event);
        let number = ticket.number();
        let _leaves = Leaves { gather, config, number };
        let slot = tokio::select! {
            biased;
            answer = &mut ticket.answer => return answer.ok(),
            slot = queue.slot(slots) => slot.ok()?,
        };
        let Some(batch) = gather.take(config, &ticket) else {
            drop(slot);
            return ticket.answer.await.ok();
        };
        if !batch.is_shared() {
            let event = batch.events().pop()?;
            let ask = AskTransform { config: config.clone(), event, given: Given::default() };
            let ran = queue.run_in(slot, call::fresh(ready.clone(), ask)).await;
            return Some(answered(ran).map(|(verdict, cost)| Ran { verdict, cost }));
        }
        let ask = AskBatch { config: config.clone(), events: batch.events() };
        let ran = queue.run_in(slot, call::fresh(ready.clone(), ask)).await;
        gather.settle(batch, answered(ran));
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
        let (verdict, cost) = self.ask_here(AskTransform { config, event, given: Given::default() }).await?;
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
        answered(self.inner.queue.here(call::fresh(self.inner.ready.clone(), ask)).await)
    }

    async fn ask<A: Ask>(&self, ask: A) -> Result<(A::Answer, Cost), Failure> {
        answered(self.inner.queue.run(&self.inner.slots, call::fresh(self.inner.ready.clone(), ask)).await)
    }
}

fn answered<T>(ran: Result<Result<T, Failure>, SandboxError>) -> Result<T, Failure> {
    ran.unwrap_or_else(|error| Err(Fault::Host { detail: error.to_string() }.into()))
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
