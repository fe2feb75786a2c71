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
use crate::sandbox::given::Given;
use crate::sandbox::guests::Queue;
use crate::sandbox::ran::BatchRan;
use crate::sandbox::ran::ConfigRefusal;
use crate::sandbox::ran::Cost;
use crate::sandbox::ran::Failure;
use crate::sandbox::ran::Ran;
use crate::sandbox::turns::Asleep;

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
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("digest", &self.inner.digest).finish_non_exhaustive()
    }
}

impl Plugin {
    pub(crate) fn new(digest: Digest, ready: Ready, queue: Queue) -> Self {
        let slots = queue.plugin_slots();
        Self { inner: Arc::new(Inner { digest, ready, queue, slots }) }
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

    /// The same with what its grants need; what it wants to be kept is in the cost.
    pub async fn run_with(
        &self,
        mut given: Given,
        config: Arc<str>,
        event: GuestEvent,
    ) -> Result<Ran, Failure> {
        let asleep = if given.http.is_some() { Asleep::possible() } else { Asleep::default() };
        given.asleep = asleep.clone();
        let (verdict, cost) = self.ask_patiently(asleep, AskTransform { config, event, given }).await?;
        Ok(Ran { verdict, cost })
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
        let call = call::fresh(self.inner.ready.clone(), ask);
        match self.inner.queue.here(call).await {
            Ok(answered) => answered,
            Err(error) => Err(Fault::Host { detail: error.to_string() }.into()),
        }
    }

    async fn ask<A: Ask>(&self, ask: A) -> Result<(A::Answer, Cost), Failure> {
        self.ask_patiently(Asleep::default(), ask).await
    }

    async fn ask_patiently<A: Ask>(&self, asleep: Asleep, ask: A) -> Result<(A::Answer, Cost), Failure> {
        let call = call::fresh(self.inner.ready.clone(), ask);
        match self.inner.queue.run(&self.inner.slots, asleep, call).await {
            Ok(answered) => answered,
            Err(error) => Err(Fault::Host { detail: error.to_string() }.into()),
        }
    }
}
