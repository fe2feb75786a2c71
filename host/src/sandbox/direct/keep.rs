//! The instances of a guest that runs directly: made, put back after a call and used again. What a call left behind, in
//! memory or in a global, is gone before the instance is given to the next; an instance that cannot be put back for sure
//! (it trapped, it took more memory, it wrote to too much of it) is thrown away. An instance is put back to where it was once
//! it took its configuration, since that makes the same of it every time: nothing is granted to these guests, so that no
//! clock and no chance is within their reach. Not here: one instance (`live`), what goes over the border.

use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use wasmtime::Engine;
use wasmtime::Func;
use wasmtime::Store;

use crate::sandbox::direct::Border;
use crate::sandbox::direct::assembly::Assembly;
use crate::sandbox::direct::driver::Driver;
use crate::sandbox::direct::idle::Idle;
use crate::sandbox::direct::live::Exports;
use crate::sandbox::direct::live::Live;
use crate::sandbox::direct::snapshot;
use crate::sandbox::direct::snapshot::Beginning;
use crate::sandbox::direct::snapshot::Budget;
use crate::sandbox::direct::snapshot::Configured;
use crate::sandbox::state::GuestState;
use crate::sandbox::tier::PutBack;

/// Configurations of one plugin of which is kept what they make of an instance.
const CONFIGURED_EACH: usize = 16;

/// A guest that runs directly.
pub(crate) struct Direct {
    /// Its number in the pool.
    number: u64,
    guest: Arc<Assembly>,
    driver: Arc<Driver>,
    /// Empty as long as there is no room for it.
    beginning: OnceLock<Beginning>,
    /// The one used last is the last.
    configured: Mutex<Vec<Arc<Configured>>>,
    kept: Arc<Kept>,
}

/// What is kept of all plugins of a pool.
pub(crate) struct Kept {
    limits: PutBack,
    idle: Idle,
    budget: Arc<Budget>,
    /// Held by whoever makes an instance to look at: it takes a place in the pool that no call has.
    looking: tokio::sync::Mutex<()>,
    /// How many guests there were.
    guests: AtomicU64,
}

impl Kept {
    pub(crate) fn new(limits: PutBack) -> Self {
        let budget = Arc::new(Budget::new(limits.bytes_of_all));
        let (idle, looking) = (Idle::new(limits.idle), tokio::sync::Mutex::default());
        Self { limits, idle, budget, looking, guests: AtomicU64::new(0) }
    }
}

impl Direct {
    pub(crate) fn new(guest: Arc<Assembly>, driver: Arc<Driver>, kept: Arc<Kept>) -> Self {
        let number = kept.guests.fetch_add(1, Ordering::Relaxed);
        Self { number, guest, driver, beginning: OnceLock::new(), configured: Mutex::default(), kept }
    }

    /// An instance that is configured with `config`, or, without one, in which nothing happened; it gets this state. If
    /// none is idle, the state comes back.
    pub(crate) fn take(
        &self,
        mut state: GuestState,
        config: Option<&Arc<str>>,
    ) -> Result<Live, Box<GuestState>> {
        let Some(mut live) = self.kept.idle.take(self.number, config) else { return Err(Box::new(state)) };
        let bytes = live.exports.memory.data_size(&live.store) as u64;
        if bytes > state.limits.memory_bytes {
            // It could not have been made within the limits of this call.
            return Err(Box::new(state));
        }
        if !live.is_configured(config) && !self.change(&mut live, config) {
            return Err(Box::new(state));
        }
        state.memory_bytes = bytes;
        state.border.set_memory(live.exports.memory);
        *live.store.data_mut() = state;
        live.store.set_epoch_deadline(1);
        Ok(live)
    }

    /// Makes of an instance that was put back what it is with another configuration; without its own if what that makes
    /// is not known. False if it has to be thrown away.
    fn change(&self, live: &mut Live, config: Option<&Arc<str>>) -> bool {
        let Some(beginning) = self.beginning.get() else { return false };
        let before = live.configured.take();
        let other = config.and_then(|config| self.known(config));
        let pages = [&before, &other].into_iter().flatten().flat_map(|configured| configured.pages());
        live.set(beginning, pages, other.as_ref())
    }

    /// Makes an instance in a store that has none; it gets that configuration if what it makes is known.
    pub(crate) async fn instance(
        &self,
        mut store: Store<GuestState>,
        config: Option<&Arc<str>>,
    ) -> Result<Live, (wasmtime::Error, Store<GuestState>)> {
        let exports = match self.made(&mut store).await {
            Ok(exports) => exports,
            Err(error) => return Err((error, store)),
        };
        let mut live = Live { store, exports, configured: None };
        if let (Some(config), Some(beginning)) = (config, self.beginning.get())
            && let Some(known) = self.known(config)
        {
            live.set(beginning, known.pages(), Some(&known));
        }
        Ok(live)
    }

    async fn made(&self, store: &mut Store<GuestState>) -> wasmtime::Result<Exports> {
        let (made, driver) = self.driver.drive(store, &self.guest).await?;
        let exports = Exports::of(store, &self.guest, &made, &driver)?;
        store.data_mut().border.set_memory(exports.memory);
        if self.beginning.get().is_none() && self.written(exports.memory.data(&*store)).is_some() {
            self.look(store.engine()).await;
        }
        Ok(exports)
    }

    /// Looks at an instance that is there for nothing else, since whoever was read through takes longer to be looked
    /// over; not while somebody else does, or if there is no room for what is seen. What fails here fails whoever needs
    /// an instance.
    async fn look(&self, engine: &Engine) {
        let Ok(_turn) = self.kept.looking.try_lock() else { return };
        let Some(room) = self.kept.budget.room(Beginning::bytes(&self.guest.data)) else { return };
        let mut store = Store::new(engine, ());
        // No code of the guest runs while it is made.
        store.set_epoch_deadline(u64::from(u32::MAX));
        let log = Func::wrap(&mut store, |_: u32, _: u32, _: u32| ());
        let Ok(made) = self.guest.make(&mut store, &log.into()).await else { return };
        if let Ok(memory) = self.guest.memory(&mut store, &made) {
            // Whoever was faster has seen the same.
            let _ = self.beginning.set(Beginning::of(memory.data(&store), &self.guest.data, room));
        }
    }

    /// What was written to, if that can be told and is not too much to be put back.
    fn written(&self, memory: &[u8]) -> Option<Vec<Range<usize>>> {
        self.driver.pages.written(memory, self.kept.limits.pages)
    }

    /// Keeps what the configuration made of an instance to which nothing else happened.
    pub(crate) fn remember(&self, live: &mut Live, config: Arc<str>) {
        let Some(beginning) = self.beginning.get() else { return };
        let Live { store, exports, .. } = live;
        if store.data().denied || store.data().log_dropped > 0 {
            // With other limits it might have made something else of it.
            return;
        }
        let memory = exports.memory.data(&*store);
        let Some(written) = self.written(memory) else { return };
        let Some(different) = beginning.compared(memory, &written, &self.kept.budget) else { return };
        let bytes = memory.len();
        let globals = exports.globals.iter().map(|(global, _)| global.get(&mut *store)).collect();
        let configured =
            Arc::new(Configured::new(config, bytes, globals, store.data().log.clone(), different));
        live.configured = Some(Arc::clone(&configured));
        let mut all = self.configured();
        all.push(configured);
        let bytes =
            |all: &[Arc<Configured>]| all.iter().map(|configured| configured.kept_bytes()).sum::<usize>();
        while all.len() > CONFIGURED_EACH || bytes(&all) > self.kept.limits.configured_bytes {
            all.remove(0);
        }
    }

    fn known(&self, config: &Arc<str>) -> Option<Arc<Configured>> {
        let mut all = self.configured();
        let at = all.iter().position(|configured| configured.is_of(config))?;
        let found = all.remove(at);
        all.push(Arc::clone(&found));
        Some(found)
    }

    /// Puts an instance back and keeps it for the next call, or throws it away. One that was stopped within a call must
    /// not come here.
    pub(crate) fn give_back(&self, mut live: Live) {
        let Some(beginning) = self.beginning.get() else { return };
        // Where it was stopped early, parts of an event are still there.
        live.store.data_mut().border = Border::default();
        let memory = live.exports.memory.data(&live.store);
        let Some(written) = self.written(memory) else { return };
        let configured = live.configured.take();
        if !live.set(beginning, snapshot::pages(&written), configured.as_ref()) {
            return;
        }
        self.kept.idle.put(self.number, live);
    }

    /// How many instances wait for their next call.
    #[cfg(test)]
    pub(crate) fn idles(&self) -> usize {
        self.kept.idle.of(self.number)
    }

    // The list is whole between any two statements.
    fn configured(&self) -> MutexGuard<'_, Vec<Arc<Configured>>> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.kept.idle.forget(self.number);
    }
}
