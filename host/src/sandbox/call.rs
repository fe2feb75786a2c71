//! One fresh instance and the calls of the contract on it. Runs on the guests' runtime. Not here:
//! queues, permits and handing over.

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::Store;

use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::LogLine;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::bindings;
use crate::sandbox::bindings::PluginPre;
use crate::sandbox::faults;
use crate::sandbox::meter::Meter;
use crate::sandbox::outputs;
use crate::sandbox::ran::Cost;
use crate::sandbox::ran::Failure;
use crate::sandbox::state::GuestState;
use crate::sandbox::text;

/// Bytes kept of the text of a refusal.
const MESSAGE_BYTES: usize = 1024;
/// Bytes a manifest may have.
const MANIFEST_BYTES: usize = 256 << 10;

/// A component that is ready to be instantiated, and what each instance may use.
#[derive(Clone)]
pub(crate) struct Ready {
    pub engine: Engine,
    pub pre: PluginPre<GuestState>,
    pub limits: PluginLimits,
}

/// What to ask of a fresh instance.
pub(crate) trait Ask: Send + 'static {
    type Answer: Send + 'static;

    /// The limits of this call, given those of one event.
    fn limits(&self, limits: PluginLimits) -> PluginLimits {
        limits
    }

    /// Calls the instance.
    fn ask(
        self,
        guest: &bindings::Plugin,
        store: &mut Store<GuestState>,
    ) -> impl Future<Output = Result<Self::Answer, Stop>> + Send;
}

/// Why a call ended early: the engine stopped it, or the answer is a fault by itself.
#[derive(Debug)]
pub(crate) enum Stop {
    Engine(wasmtime::Error),
    Fault(Fault),
}

impl From<wasmtime::Error> for Stop {
    fn from(error: wasmtime::Error) -> Self {
        Self::Engine(error)
    }
}

/// Asks a fresh instance, which is gone when this returns.
pub(crate) async fn fresh<A: Ask>(ready: Ready, ask: A) -> Result<(A::Answer, Cost), Failure> {
    let meter = Arc::new(Meter::default());
    let limits = ask.limits(ready.limits);
    let (answer, log, log_dropped, memory_peak_bytes) = meter
        .measure(async {
            let mut store = store(&ready.engine, limits, Arc::clone(&meter));
            let answer = instance(&ready.pre, &mut store, ask).await;
            let state = store.data_mut();
            let answer = answer.map_err(|stop| match stop {
                Stop::Engine(error) => faults::named(&error, state),
                Stop::Fault(fault) => fault,
            });
            let log: Vec<LogLine> = std::mem::take(&mut state.log);
            (answer, log, state.log_dropped, state.memory_bytes)
        })
        .await;
    let cost = Cost { log, log_dropped, cpu: meter.spent(), memory_peak_bytes };
    match answer {
        Ok(answer) => Ok((answer, cost)),
        Err(fault) => Err(Failure { fault, cost }),
    }
}

fn store(engine: &Engine, limits: PluginLimits, meter: Arc<Meter>) -> Store<GuestState> {
    let mut store = Store::new(engine, GuestState::new(limits, meter));
    store.limiter(|state| state);
    store.set_hostcall_fuel(faults::border_bytes(&limits));
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(GuestState::at_tick);
    store
}

async fn instance<A: Ask>(
    pre: &PluginPre<GuestState>,
    store: &mut Store<GuestState>,
    ask: A,
) -> Result<A::Answer, Stop> {
    let guest = pre.instantiate_async(&mut *store).await?;
    ask.ask(&guest, store).await
}

/// Asks for the manifest.
pub(crate) struct AskManifest;

impl Ask for AskManifest {
    type Answer = String;

    async fn ask(self, guest: &bindings::Plugin, store: &mut Store<GuestState>) -> Result<String, Stop> {
        let manifest = guest.call_manifest(&mut *store).await?;
        if manifest.len() > MANIFEST_BYTES {
            let detail = format!("the manifest has {} bytes of at most {MANIFEST_BYTES}", manifest.len());
            return Err(Stop::Fault(Fault::OutputTooLarge { detail }));
        }
        Ok(manifest)
    }
}

/// Hands over a configuration and no event. The answer's error is the plugin's own.
pub(crate) struct AskConfigure(pub Arc<str>);

impl Ask for AskConfigure {
    type Answer = Result<(), String>;

    async fn ask(
        self,
        guest: &bindings::Plugin,
        store: &mut Store<GuestState>,
    ) -> Result<Self::Answer, Stop> {
        let answer = guest.call_configure(&mut *store, &self.0).await?;
        Ok(answer.map_err(|message| text::cut(message, MESSAGE_BYTES)))
    }
}

/// One event.
pub(crate) struct AskTransform {
    pub config: Arc<str>,
    pub event: GuestEvent,
}

impl Ask for AskTransform {
    type Answer = Verdict;

    async fn ask(self, guest: &bindings::Plugin, store: &mut Store<GuestState>) -> Result<Verdict, Stop> {
        configure(guest, store, &self.config).await?;
        let headers = borrowed(&self.event);
        let answer = guest.call_transform(&mut *store, lent(&self.event, &headers)).await?;
        verdict(answer, &store.data().limits).map_err(Stop::Fault)
    }
}

/// Several events of one connection, in one instance.
pub(crate) struct AskBatch {
    pub config: Arc<str>,
    pub events: Vec<GuestEvent>,
}

impl Ask for AskBatch {
    type Answer = Vec<Result<Verdict, Fault>>;

    /// Each event brings its CPU time along; the wall time stays, and so the CPU time ends there.
    fn limits(&self, limits: PluginLimits) -> PluginLimits {
        let events = u32::try_from(self.events.len()).unwrap_or(u32::MAX).max(1);
        PluginLimits { cpu: limits.cpu.saturating_mul(events).min(limits.wall.max(limits.cpu)), ..limits }
    }

    async fn ask(
        self,
        guest: &bindings::Plugin,
        store: &mut Store<GuestState>,
    ) -> Result<Self::Answer, Stop> {
        configure(guest, store, &self.config).await?;
        let headers: Vec<_> = self.events.iter().map(borrowed).collect();
        let events: Vec<_> =
            self.events.iter().zip(&headers).map(|(event, headers)| lent(event, headers)).collect();
        let answers = guest.call_transform_batch(&mut *store, &events).await?;
        if answers.len() != events.len() {
            let trap = format!("transform-batch gave {} results for {} events", answers.len(), events.len());
            return Err(Stop::Fault(Fault::Trapped { trap, backtrace: Vec::new() }));
        }
        let limits = &store.data().limits;
        Ok(answers.into_iter().map(|answer| verdict(answer, limits)).collect())
    }
}

async fn configure(
    guest: &bindings::Plugin,
    store: &mut Store<GuestState>,
    config: &str,
) -> Result<(), Stop> {
    let refused = |message| Stop::Fault(refused(format!("configure: {message}")));
    guest.call_configure(&mut *store, config).await?.map_err(refused)
}

fn borrowed(event: &GuestEvent) -> Vec<(&str, &str)> {
    event.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn lent<'a>(event: &'a GuestEvent, headers: &'a [(&'a str, &'a str)]) -> bindings::Event<'a> {
    bindings::Event {
        id: &event.id,
        event_type: &event.event_type,
        source: &event.source,
        received_at: &event.received_at,
        headers,
        content_type: &event.content_type,
        payload: &event.payload,
    }
}

fn verdict(answer: Result<bindings::Verdict, String>, limits: &PluginLimits) -> Result<Verdict, Fault> {
    match answer {
        Ok(bindings::Verdict::Forward(outputs)) => outputs::bounded(outputs, limits).map(Verdict::Forward),
        Ok(bindings::Verdict::Drop(reason)) => Ok(Verdict::Drop(text::cut(reason, MESSAGE_BYTES))),
        Err(message) => Err(refused(message)),
    }
}

fn refused(message: String) -> Fault {
    Fault::Refused { message: text::cut(message, MESSAGE_BYTES) }
}
