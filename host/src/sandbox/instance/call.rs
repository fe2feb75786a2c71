//! One instance in which nothing happened yet: made, or put back to where it began (`direct`), asked once, measured.
//! Runs on the guests' runtime. Not here: what it is asked (`ask`), queues and handing over (`guests`).

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::Store;

use crate::domain::plugin::Fault;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::direct::Direct;
use crate::sandbox::direct::DirectInstance;
use crate::sandbox::host::context::KvWrites;
use crate::sandbox::host::kv::KvSession;
use crate::sandbox::host::meter::Meter;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::host::stop::border_bytes;
use crate::sandbox::instance::ask;
use crate::sandbox::instance::ask::Ask;
use crate::sandbox::instance::ask::CallEnd;
use crate::sandbox::instance::faults;
use crate::sandbox::instance::guest::Guest;
use crate::sandbox::instance::ran::Cost;
use crate::sandbox::instance::ran::Failure;
use crate::sandbox::module::bindings::PluginPre;
use crate::sandbox::module::tier::Tier;

/// Code that is ready to be instantiated, and what each instance may use.
#[derive(Clone)]
pub(crate) struct Ready {
    pub engine: Engine,
    pub code: GuestCode,
    pub tier: &'static Tier,
    pub limits: PluginLimits,
    /// Nothing is linked but what every plugin has: what it makes of an event does not depend on when it is asked.
    pub plain: bool,
    /// What a call leaves (an instance, what a configuration makes of one) stays for later ones.
    pub stays: bool,
}

/// Code to make instances of.
#[derive(Clone)]
pub(crate) enum GuestCode {
    Component(PluginPre<GuestState>),
    Direct(Arc<Direct>),
}

/// Asks a fresh instance, of which nothing is left when this returns.
pub(crate) async fn fresh<A: Ask>(
    ready: Ready,
    mut ask: A,
    meter: Arc<Meter>,
) -> Result<(A::Answer, Cost), Failure> {
    let limits = ask.limits(ready.limits);
    let context = ask.context();
    let (answer, kv, cost) = meter
        .measure(async {
            let state = GuestState::new(ready.tier, limits, context, Arc::clone(&meter));
            match &ready.code {
                GuestCode::Component(pre) => {
                    let mut store = store(&ready.engine, state);
                    let answer = component(pre, &mut store, ask).await;
                    ended(answer, store.data_mut())
                }
                GuestCode::Direct(direct) => directly(&ready, direct, state, ask).await,
            }
        })
        .await;
    // With what was charged for a configuration that was made before.
    let cost = Cost { cpu: meter.spent() + cost.cpu, ..cost };
    match answer {
        // What a failed call wrote is not kept.
        Ok(answer) => Ok((answer, Cost { kv: kv.into_writes(), ..cost })),
        Err(fault) => Err(Failure { fault, cost }),
    }
}

/// How a call ended, what it wants to be kept, and what it cost.
type Ended<T> = (Result<T, Fault>, KvSession, Cost);

fn ended<T>(answer: Result<T, CallEnd>, state: &mut GuestState) -> Ended<T> {
    let answer = answer.map_err(|stop| match stop {
        CallEnd::Engine(error) => faults::named(&error, state),
        CallEnd::Fault(fault) => fault,
    });
    let cost = Cost {
        log: std::mem::take(&mut state.log),
        log_dropped: state.log_dropped,
        cpu: state.charged(),
        memory_peak_bytes: state.memory_bytes,
        kv: KvWrites::new(),
        fetches: std::mem::take(&mut state.fetches),
    };
    (answer, std::mem::take(&mut state.kv), cost)
}

fn store(engine: &Engine, state: GuestState) -> Store<GuestState> {
    let border_bytes = border_bytes(&state.limits);
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(border_bytes);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(GuestState::at_tick);
    store
}

async fn component<A: Ask>(
    pre: &PluginPre<GuestState>,
    store: &mut Store<GuestState>,
    ask: A,
) -> Result<A::Answer, CallEnd> {
    let plugin = pre.instantiate_async(&mut *store).await?;
    let guest = Guest::Component(&plugin);
    if let Some(config) = ask.config() {
        configure(&guest, store, Arc::clone(config)).await?;
    }
    ask.ask(&guest, store).await
}

/// Asks an instance in which nothing happened yet but its configuration: one that was put back, or a new one.
async fn directly<A: Ask>(ready: &Ready, direct: &Direct, state: GuestState, ask: A) -> Ended<A::Answer> {
    let (mut live, is_new) = match direct.take(state, ask.config()) {
        Ok(live) => (live, false),
        Err(state) => match direct.instance(store(&ready.engine, *state), ask.config()).await {
            Ok(live) => (live, true),
            // Why it cannot be made, the component tells as well.
            Err(state) => {
                let mut store = store(&ready.engine, *state);
                let answer = component(direct.component(), &mut store, ask).await;
                return ended(answer, store.data_mut());
            }
        },
    };
    let answer = configured(direct, &mut live, ask, ready.stays).await;
    let was_stopped = matches!(answer, Err(CallEnd::Engine(_)));
    let ended = ended(answer, live.store.data_mut());
    if !was_stopped && (ready.stays || !is_new) {
        direct.give_back(live).await;
    }
    ended
}

/// Asks an instance once it is configured, which it may be already.
async fn configured<A: Ask>(
    direct: &Direct,
    live: &mut DirectInstance,
    ask: A,
    stays: bool,
) -> Result<A::Answer, CallEnd> {
    if let Some(config) = ask.config() {
        if live.is_configured(Some(config)) {
            live.take_over().map_err(wasmtime::Error::from)?;
        } else {
            live.store.data_mut().record();
            configure(&Guest::Direct(&live.exports), &mut live.store, Arc::clone(config)).await?;
            let recorded = live.store.data_mut().recorded();
            if let Some(recorded) = recorded.filter(|_| stays) {
                live.remembered(|live| direct.remember(live, Arc::clone(config), recorded));
            }
        }
    }
    ask.ask(&Guest::Direct(&live.exports), &mut live.store).await
}

async fn configure(
    guest: &Guest<'_>,
    store: &mut Store<GuestState>,
    config: Arc<str>,
) -> Result<(), CallEnd> {
    match guest.configure(store, config).await? {
        Ok(()) => Ok(()),
        Err(message) => Err(CallEnd::Fault(ask::refused(format!("configure: {message}"), store.data()))),
    }
}
