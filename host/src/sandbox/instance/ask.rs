//! What instances are asked: the exports of the contract, one type for each way of calling them.
//! Not here: making the instance (`call`).

use std::sync::Arc;

use wasmtime::Store;

use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::host::context::HostContext;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::instance::guest::Guest;
use crate::sandbox::instance::outputs;
use crate::sandbox::module::bindings;

/// Bytes kept of the text of a refusal.
const MESSAGE_BYTES: usize = 1024;
/// Bytes a manifest may have.
const MANIFEST_BYTES: usize = 256 << 10;

/// What to ask of a fresh instance.
pub(crate) trait Ask: Send + 'static {
    type Answer: Send + 'static;

    /// The limits of this call, given those of one event.
    fn limits(&self, limits: PluginLimits) -> PluginLimits {
        limits
    }

    /// What it is configured with before it is asked.
    fn config(&self) -> Option<&Arc<str>> {
        None
    }

    /// What it is given beyond what it is asked.
    fn context(&mut self) -> HostContext {
        HostContext::default()
    }

    /// Calls the instance.
    fn ask(
        self,
        guest: &Guest<'_>,
        store: &mut Store<GuestState>,
    ) -> impl Future<Output = Result<Self::Answer, CallEnd>> + Send;
}

/// Why a call ended early: the engine stopped it, or the answer is a fault by itself.
#[derive(Debug)]
pub(crate) enum CallEnd {
    Engine(wasmtime::Error),
    Fault(Fault),
}

impl From<wasmtime::Error> for CallEnd {
    fn from(error: wasmtime::Error) -> Self {
        Self::Engine(error)
    }
}

/// Asks for the manifest.
pub(crate) struct AskManifest;

impl Ask for AskManifest {
    type Answer = String;

    async fn ask(self, guest: &Guest<'_>, store: &mut Store<GuestState>) -> Result<String, CallEnd> {
        let manifest = guest.manifest(store).await?;
        if manifest.len() > MANIFEST_BYTES {
            let detail = format!("the manifest has {} bytes of at most {MANIFEST_BYTES}", manifest.len());
            return Err(CallEnd::Fault(Fault::OutputTooLarge { detail }));
        }
        Ok(manifest)
    }
}

/// Hands over a configuration and no event. The answer's error is the plugin's own.
pub(crate) struct AskConfigure(pub Arc<str>);

impl Ask for AskConfigure {
    type Answer = Result<(), String>;

    async fn ask(self, guest: &Guest<'_>, store: &mut Store<GuestState>) -> Result<Self::Answer, CallEnd> {
        let answer = guest.configure(store, self.0).await?;
        Ok(answer.map_err(|message| store.data().said(message, MESSAGE_BYTES)))
    }
}

/// One event.
pub(crate) struct AskTransform {
    pub config: Arc<str>,
    pub event: GuestEvent,
    pub context: HostContext,
}

impl Ask for AskTransform {
    type Answer = Verdict;

    fn config(&self) -> Option<&Arc<str>> {
        Some(&self.config)
    }

    fn context(&mut self) -> HostContext {
        std::mem::take(&mut self.context)
    }

    async fn ask(self, guest: &Guest<'_>, store: &mut Store<GuestState>) -> Result<Verdict, CallEnd> {
        let answer = guest.transform(store, self.event).await?;
        verdict(answer, store.data()).map_err(CallEnd::Fault)
    }
}

/// Several events of one connection, in one instance.
pub(crate) struct AskBatch {
    pub config: Arc<str>,
    pub events: Vec<GuestEvent>,
}

impl Ask for AskBatch {
    type Answer = Vec<Result<Verdict, Fault>>;

    fn config(&self) -> Option<&Arc<str>> {
        Some(&self.config)
    }

    /// Each event brings its CPU time along; the wall time stays, and so the CPU time ends there.
    fn limits(&self, limits: PluginLimits) -> PluginLimits {
        let events = u32::try_from(self.events.len()).unwrap_or(u32::MAX).max(1);
        PluginLimits { cpu: limits.cpu.saturating_mul(events).min(limits.wall.max(limits.cpu)), ..limits }
    }

    async fn ask(self, guest: &Guest<'_>, store: &mut Store<GuestState>) -> Result<Self::Answer, CallEnd> {
        let events = self.events.len();
        let answers = guest.transform_batch(store, self.events).await?;
        if answers.len() != events {
            let trap = format!("transform-batch gave {} results for {events} events", answers.len());
            return Err(CallEnd::Fault(Fault::Trapped { trap, backtrace: Vec::new() }));
        }
        let state = store.data();
        Ok(answers.into_iter().map(|answer| verdict(answer, state)).collect())
    }
}

fn verdict(answer: Result<bindings::Verdict, String>, state: &GuestState) -> Result<Verdict, Fault> {
    match answer {
        Ok(bindings::Verdict::Forward(outputs)) => outputs::bounded(outputs, state).map(Verdict::Forward),
        Ok(bindings::Verdict::Drop(reason)) => Ok(Verdict::Drop(state.said(reason, MESSAGE_BYTES))),
        Err(message) => Err(refused(message, state)),
    }
}

/// A fault in the guest's words.
pub(crate) fn refused(message: String, state: &GuestState) -> Fault {
    Fault::Refused { message: state.said(message, MESSAGE_BYTES) }
}
