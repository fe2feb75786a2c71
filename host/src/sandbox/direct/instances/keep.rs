//! The instances of a guest that runs directly: made, put back after a call and used again. What a call left behind, in
//! memory or in a global, is gone before the instance is given to the next; an instance that cannot be put back for sure
//! (it trapped, it took more memory, it wrote to too much of it) is thrown away. An instance is put back to where it was once
//! it took its configuration, since that makes the same of it every time: nothing is granted to these guests, so that no
//! clock and no chance is within their reach. A guest is one workspace's, and so is all that is kept of it. Not here: one
//! instance (`live`), how much is kept (`shelf`, `idle`), what goes over the border.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::OnceCell;
use wasmtime::Engine;
use wasmtime::Func;
use wasmtime::Store;

use crate::domain::id::WorkspaceId;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::direct::Border;
use crate::sandbox::direct::abi::driver::Driver;
use crate::sandbox::direct::analysis::plan::DirectPlan;
use crate::sandbox::direct::instances::assembly::Assembly;
use crate::sandbox::direct::instances::budget::Room;
use crate::sandbox::direct::instances::idle::Idle;
use crate::sandbox::direct::instances::live::DirectInstance;
use crate::sandbox::direct::instances::live::Exports;
use crate::sandbox::direct::instances::shelf::Gone;
use crate::sandbox::direct::instances::shelf::Shelf;
use crate::sandbox::direct::instances::snapshot;
use crate::sandbox::direct::instances::snapshot::Beginning;
use crate::sandbox::direct::instances::snapshot::Configured;
use crate::sandbox::host::context::HostContext;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::host::state::Recorded;
use crate::sandbox::module::bindings::PluginPre;
use crate::sandbox::module::tier::PutBack;
use crate::sandbox::module::tier::Tier;

/// A guest that runs directly.
pub(crate) struct Direct {
    /// Its number in the pool.
    number: u64,
    workspace: WorkspaceId,
    /// The same as a component.
    component: PluginPre<GuestState>,
    plan: Arc<DirectPlan>,
    assembly: OnceCell<Assembly>,
    driver: Arc<Driver>,
    kept: Arc<DirectCache>,
    /// Calls that pass before an instance is looked at again, if what was seen before had to make room.
    patience: AtomicU32,
    /// Calls since it was looked at.
    calls: AtomicU32,
    sizes: (&'static Tier, PluginLimits),
}

/// Times as many calls that a look has to serve as passed before it, so that it was worth it.
const WORTH: u32 = 16;
const PATIENCE_MAX: u32 = 1 << 12;

/// What is kept of all plugins of a pool.
pub(crate) struct DirectCache {
    limits: PutBack,
    idle: Idle,
    shelf: Shelf,
    /// Held by whoever makes an instance for something else than a call: it takes a place in the pool that no call has.
    looking: tokio::sync::Mutex<()>,
    /// How many guests there were.
    guests: AtomicU64,
}

impl DirectCache {
    pub(crate) fn new(limits: PutBack) -> Self {
        let shelf = Shelf::new(limits.bytes_of_all, limits.configured_bytes);
        let (idle, looking) = (Idle::new(limits.idle), tokio::sync::Mutex::default());
        Self { limits, idle, shelf, looking, guests: AtomicU64::new(0) }
    }
}

impl Direct {
    pub(crate) fn new(
        workspace: WorkspaceId,
        component: PluginPre<GuestState>,
        plan: Arc<DirectPlan>,
        driver: Arc<Driver>,
        kept: Arc<DirectCache>,
        sizes: (&'static Tier, PluginLimits),
    ) -> Self {
        let number = kept.guests.fetch_add(1, Ordering::Relaxed);
        Self {
            number,
            workspace,
            component,
            plan,
            assembly: OnceCell::new(),
            driver,
            kept,
            patience: AtomicU32::new(0),
            calls: AtomicU32::new(0),
            sizes,
        }
    }

    /// The same guest to be run as a component.
    pub(crate) const fn component(&self) -> &PluginPre<GuestState> {
        &self.component
    }

    /// An instance that is configured with `config`, or, without one, in which nothing happened; it gets this state. If
    /// none is idle, the state comes back.
    pub(crate) fn take(
        &self,
        mut state: GuestState,
        config: Option<&Arc<str>>,
    ) -> Result<DirectInstance, Box<GuestState>> {
        let Some(mut live) = self.kept.idle.take(self.number, config) else { return Err(Box::new(state)) };
        let bytes = live.exports.memory.data_size(&live.store) as u64;
        if bytes > state.limits.memory_bytes {
            // It could not have been made within the limits of this call.
            return Err(Box::new(state));
        }
        // Whatever it is, it is used now.
        let known = config.and_then(|config| self.kept.shelf.configured(self.number, config));
        if !live.is_configured(config) && !change(&mut live, known.as_ref()) {
            return Err(Box::new(state));
        }
        state.memory_bytes = bytes;
        state.border.set_memory(live.exports.memory);
        *live.store.data_mut() = state;
        live.store.set_epoch_deadline(1);
        Ok(live)
    }

    /// Makes an instance in a store that has none; it gets that configuration if what it makes is known. Where it cannot
    /// be made, the state comes back; no code of the guest ran.
    pub(crate) async fn instance(
        &self,
        mut store: Store<GuestState>,
        config: Option<&Arc<str>>,
    ) -> Result<DirectInstance, Box<GuestState>> {
        let Ok(exports) = self.made(&mut store).await else { return Err(Box::new(store.into_data().anew())) };
        let beginning = self.kept.shelf.beginning(self.number);
        let mut live = DirectInstance { store, exports, beginning, configured: None };
        if let Some(config) = config
            && let Some(known) = self.kept.shelf.configured(self.number, config)
        {
            live.set(known.pages(), Some(&known));
        }
        Ok(live)
    }

    async fn made(&self, store: &mut Store<GuestState>) -> wasmtime::Result<Exports> {
        let assembly = self.assembly(store.engine()).await?;
        let (made, driver) = self.driver.drive(store, assembly).await?;
        let exports = Exports::of(store, assembly, &made, &driver)?;
        store.data_mut().border.set_memory(exports.memory);
        Ok(exports)
    }

    /// Its core modules, which an instance of the component hands out.
    async fn assembly(&self, engine: &Engine) -> wasmtime::Result<&Assembly> {
        let make = || async {
            let _turn = self.kept.looking.lock().await;
            let mut store = self.quiet(engine);
            let instance = self.component.instance_pre().instantiate_async(&mut store).await?;
            Assembly::of(&mut store, &instance, &self.plan)
        };
        match self.assembly.get() {
            Some(assembly) => Ok(assembly),
            // Apart, since it is large and seldom needed.
            None => Box::pin(self.assembly.get_or_try_init(make)).await,
        }
    }

    /// A store for instances of which no code runs; what they take is limited as for any other.
    fn quiet(&self, engine: &Engine) -> Store<GuestState> {
        let (tier, limits) = self.sizes;
        let mut store =
            Store::new(engine, GuestState::new(tier, limits, HostContext::default(), Arc::default()));
        store.limiter(|state| state);
        store.set_epoch_deadline(u64::from(u32::MAX));
        store
    }

    /// Looks at an instance that is there for nothing else, since whoever was read through takes longer to be looked
    /// over. Where what was seen had to make room soon after, twice as many calls pass before the next look: else guests
    /// for which there is no room together would do nothing but take it from each other.
    async fn look(&self, engine: &Engine, calls: u32) -> Option<Arc<Beginning>> {
        let patience = self.patience.load(Ordering::Relaxed);
        if calls < patience {
            return None;
        }
        let _turn = self.kept.looking.try_lock().ok()?;
        self.calls.store(0, Ordering::Relaxed);
        let next = if calls >= patience * WORTH { 1 } else { (patience * 2).min(PATIENCE_MAX) };
        self.patience.store(next, Ordering::Relaxed);
        let assembly = self.assembly.get()?;
        let room = self.room(Beginning::bytes(&assembly.data))?;
        let mut store = self.quiet(engine);
        let log = Func::wrap(&mut store, |_: u32, _: u32, _: u32| ());
        let made = assembly.make(&mut store, &log.into()).await.ok()?;
        let memory = assembly.memory(&mut store, &made).ok()?;
        let beginning = Arc::new(Beginning::of(memory.data(&store), &assembly.data, room));
        self.kept.shelf.keep_beginning(self.number, self.workspace, Arc::clone(&beginning));
        Some(beginning)
    }

    fn room(&self, bytes: usize) -> Option<Room> {
        let idle = &self.kept.idle;
        self.kept.shelf.room(self.number, self.workspace, bytes, |gone| match gone {
            Gone::Guest(guest) => idle.forget(guest),
            Gone::Configured(guest, configured) => idle.forget_configured(guest, &configured),
        })
    }

    /// What was written to, if that can be told and is not too much to be put back.
    fn written(&self, memory: &[u8]) -> Option<Vec<Range<usize>>> {
        self.driver.pages.written(memory, self.kept.limits.pages)
    }

    /// Keeps what the configuration made of an instance to which nothing else happened.
    pub(crate) fn remember(&self, live: &mut DirectInstance, config: Arc<str>, recorded: Recorded) {
        let Some(beginning) = live.beginning.clone() else { return };
        let DirectInstance { store, exports, .. } = live;
        if store.data().denied || store.data().log_dropped > 0 {
            // With other limits it might have made something else of it.
            return;
        }
        if let Some(known) = self.kept.shelf.configured(self.number, &config) {
            // It was made of another instance before, and memory of this size could not be set to it.
            if known.bytes == exports.memory.data_size(&*store) {
                live.configured = Some(known);
            }
            return;
        }
        let globals = exports.globals.iter().map(|(global, _)| global.get(&mut *store)).collect();
        let memory = exports.memory.data(&*store);
        let Some(written) = self.written(memory) else { return };
        let different = beginning.differences(memory, &written);
        let Some(room) = self.room(Configured::room_bytes(&config, &different, &recorded)) else { return };
        let configured = Arc::new(Configured::new(config, memory, &different, globals, recorded, room));
        live.configured = Some(Arc::clone(&configured));
        self.kept.shelf.keep_configured(self.number, self.workspace, configured);
    }

    /// Puts an instance back and keeps it for the next call, or throws it away. One that was stopped within a call must
    /// not come here.
    pub(crate) async fn give_back(&self, mut live: DirectInstance) {
        // Where it was stopped early, parts of an event are still there.
        live.store.data_mut().border = Border::default();
        let calls = self.calls.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if live.beginning.is_none() {
            live.beginning = self.look(live.store.engine(), calls).await;
        }
        let memory = live.exports.memory.data(&live.store);
        let Some(written) = self.written(memory) else { return };
        let configured = live.configured.take();
        if live.set(snapshot::pages(&written), configured.as_ref()) {
            self.kept.idle.put(self.number, self.workspace, live);
        }
    }

    /// How many instances wait for their next call.
    #[cfg(test)]
    pub(crate) fn idles(&self) -> usize {
        self.kept.idle.of(self.number)
    }

    /// How many configurations are kept, and whether what it began with is; and the bytes that are kept of all guests.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> (usize, bool, usize) {
        let (beginning, configured) = self.kept.shelf.of(self.number);
        (configured, beginning, self.kept.shelf.bytes())
    }
}

/// Makes of an instance that was put back what it is with another configuration; without its own if what that makes is
/// not known. False if it has to be thrown away.
fn change(live: &mut DirectInstance, other: Option<&Arc<Configured>>) -> bool {
    let before = live.configured.take();
    let both = before.as_ref().into_iter().chain(other);
    let pages: Vec<usize> = both.flat_map(|configured| configured.pages()).collect();
    live.set(pages.into_iter(), other)
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.kept.idle.forget(self.number);
        self.kept.shelf.forget(self.number);
    }
}
