//! One fresh instance: made, asked once, measured, thrown away. Runs on the guests' runtime. Not
//! here: what it is asked (`ask`), queues and handing over (`guests`).

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::Store;

use crate::domain::plugin::Fault;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::bindings;
use crate::sandbox::bindings::PluginPre;
use crate::sandbox::faults;
use crate::sandbox::given::Given;
use crate::sandbox::given::KvWrites;
use crate::sandbox::meter::Meter;
use crate::sandbox::ran::Cost;
use crate::sandbox::ran::Failure;
use crate::sandbox::state::GuestState;
use crate::sandbox::tier::Tier;

/// A component that is ready to be instantiated, and what each instance may use.
#[derive(Clone)]
pub(crate) struct Ready {
    pub engine: Engine,
    pub pre: PluginPre<GuestState>,
    pub tier: &'static Tier,
    pub limits: PluginLimits,
    /// Nothing is linked but what every plugin has: what it makes of an event does not depend on when it is asked.
    pub plain: bool,
}

impl Ready {
    /// Whether events that wait may be run together: an interpreter's instances are dear, others are not.
    pub(crate) fn gathers(&self) -> bool {
        self.plain && self.tier.gathers
    }
}

/// What to ask of a fresh instance.
pub(crate) trait Ask: Send + 'static {
    type Answer: Send + 'static;

    /// The limits of this call, given those of one event.
    fn limits(&self, limits: PluginLimits) -> PluginLimits {
        limits
    }

    /// What it is given beyond what it is asked.
    fn given(&mut self) -> Given {
        Given::default()
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
pub(crate) async fn fresh<A: Ask>(
    ready: Ready,
    mut ask: A,
    meter: Arc<Meter>,
) -> Result<(A::Answer, Cost), Failure> {
    let limits = ask.limits(ready.limits);
    let given = ask.given();
    let (answer, kept, cost) = meter
        .measure(async {
            let mut store = store(&ready, limits, given, Arc::clone(&meter));
            let answer = instance(&ready.pre, &mut store, ask).await;
            let state = store.data_mut();
            let answer = answer.map_err(|stop| match stop {
                Stop::Engine(error) => faults::named(&error, state),
                Stop::Fault(fault) => fault,
            });
            let cost = Cost {
                log: std::mem::take(&mut state.log),
                log_dropped: state.log_dropped,
                cpu: Duration::ZERO,
                memory_peak_bytes: state.memory_bytes,
                kv: KvWrites::new(),
                fetches: std::mem::take(&mut state.fetches),
            };
            (answer, std::mem::take(&mut state.kept), cost)
        })
        .await;
    let cost = Cost { cpu: meter.spent(), ..cost };
    match answer {
        // What a failed call wrote is not kept.
        Ok(answer) => Ok((answer, Cost { kv: kept.into_writes(), ..cost })),
        Err(fault) => Err(Failure { fault, cost }),
    }
}

fn store(ready: &Ready, limits: PluginLimits, given: Given, meter: Arc<Meter>) -> Store<GuestState> {
    let mut store = Store::new(&ready.engine, GuestState::new(ready.tier, limits, given, meter));
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
