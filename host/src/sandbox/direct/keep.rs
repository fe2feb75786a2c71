//! The instances of a guest that runs directly: made, put back after a call and used again. What a call left behind, in
//! memory or in a global, is gone before the instance is given to the next; an instance that cannot be put back for sure
//! (it trapped, it took more memory, it wrote to much of it) is thrown away. An instance is put back to where it was once
//! it took its configuration, since that makes the same of it every time: nothing is granted to these guests, so that no
//! clock and no chance is within their reach. Not here: one instance (`live`), what goes over the border.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use wasmtime::Engine;
use wasmtime::Func;
use wasmtime::Store;

use crate::sandbox::direct::Border;
use crate::sandbox::direct::assembly::Assembly;
use crate::sandbox::direct::driver::Driver;
use crate::sandbox::direct::live::Exports;
use crate::sandbox::direct::live::Live;
use crate::sandbox::direct::snapshot;
use crate::sandbox::direct::snapshot::Beginning;
use crate::sandbox::direct::snapshot::Budget;
use crate::sandbox::direct::snapshot::Configured;
use crate::sandbox::state::GuestState;
use crate::sandbox::tier::PutBack;

/// Instances of one plugin that wait for the next call.
const IDLE_EACH: usize = 4;
/// Configurations of one plugin of which is kept what they make of an instance.
const CONFIGURED_EACH: usize = 16;

/// A guest that runs directly.
pub(crate) struct Direct {
    guest: Arc<Assembly>,
    driver: Arc<Driver>,
    /// `None`: there is no room for it.
    beginning: OnceLock<Option<Beginning>>,
    /// The one used last is the last.
    configured: Mutex<Vec<Arc<Configured>>>,
    idle: Mutex<Vec<Live>>,
    kept: Arc<Kept>,
}

/// What is kept of all plugins of a pool.
#[derive(Debug)]
pub(crate) struct Kept {
    limits: PutBack,
    /// Instances that wait for their next call.
    idle: AtomicUsize,
    budget: Arc<Budget>,
}

impl Kept {
    pub(crate) fn new(limits: PutBack) -> Self {
        let budget = Arc::new(Budget::new(limits.bytes_of_all));
        Self { limits, idle: AtomicUsize::new(0), budget }
    }
}

impl Direct {
    pub(crate) fn new(guest: Arc<Assembly>, driver: Arc<Driver>, kept: Arc<Kept>) -> Self {
        let (configured, idle) = (Mutex::default(), Mutex::default());
        Self { guest, driver, beginning: OnceLock::new(), configured, idle, kept }
    }

    /// An instance that is configured with `config`, or, without one, in which nothing happened; it gets this state. If
    /// none is idle, the state comes back.
    pub(crate) fn take(
        &self,
        mut state: GuestState,
        config: Option<&Arc<str>>,
    ) -> Result<Live, Box<GuestState>> {
        let Some(mut live) = self.idle_one(config) else { return Err(Box::new(state)) };
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

    /// One with that configuration rather than another.
    fn idle_one(&self, config: Option<&Arc<str>>) -> Option<Live> {
        let mut idle = self.idle();
        let found = idle.iter().rposition(|live| live.is_configured(config));
        let live = match found {
            Some(at) => idle.remove(at),
            None => idle.pop()?,
        };
        self.kept.idle.fetch_sub(1, Ordering::Relaxed);
        Some(live)
    }

    /// Makes of an instance that was put back what it is with another configuration; without its own if what that makes
    /// is not known. False if it has to be thrown away.
    fn change(&self, live: &mut Live, config: Option<&Arc<str>>) -> bool {
        let Some(Some(beginning)) = self.beginning.get() else { return false };
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
        if let (Some(config), Some(Some(beginning))) = (config, self.beginning.get())
            && let Some(known) = self.known(config)
        {
            live.set(beginning, known.pages(), Some(&known));
        }
        Ok(live)
    }

    async fn made(&self, store: &mut Store<GuestState>) -> wasmtime::Result<Exports> {
        if self.beginning.get().is_none() {
            let first = self.first(store.engine()).await?;
            // Somebody else may have been here meanwhile, with the same.
            let _ = self.beginning.set(first);
        }
        let (made, driver) = self.driver.drive(store, &self.guest).await?;
        let exports = Exports::of(store, &self.guest, &made, &driver)?;
        store.data_mut().border.set_memory(exports.memory);
        Ok(exports)
    }

    /// Looks at an instance that is there for nothing else: whoever was read through takes longer to be looked over.
    async fn first(&self, engine: &Engine) -> wasmtime::Result<Option<Beginning>> {
        let mut store = Store::new(engine, ());
        // No code of the guest runs while it is made.
        store.set_epoch_deadline(u64::from(u32::MAX));
        let log = Func::wrap(&mut store, |_: u32, _: u32, _: u32| ());
        let made = self.guest.make(&mut store, &log.into()).await?;
        let memory = self.guest.memory(&mut store, &made)?.data(&store);
        Ok(Beginning::of(memory, &self.guest.data, &self.kept.budget))
    }

    /// Keeps what the configuration made of an instance to which nothing else happened.
    pub(crate) fn remember(&self, live: &mut Live, config: Arc<str>) {
        let Some(Some(beginning)) = self.beginning.get() else { return };
        let Live { store, exports, .. } = live;
        if store.data().denied || store.data().log_dropped > 0 {
            // With other limits it might have made something else of it.
            return;
        }
        let memory = exports.memory.data(&*store);
        let Some(written) = self.driver.pages.written(memory, self.kept.limits.pages) else { return };
        let Some(different) = beginning.compared(memory, &written, &self.kept.budget) else { return };
        let bytes = memory.len();
        let globals = exports.globals.iter().map(|(global, _)| global.get(&mut *store)).collect();
        let configured =
            Arc::new(Configured::new(config, bytes, globals, store.data().log.clone(), different));
        live.configured = Some(Arc::clone(&configured));
        let mut all = self.configured();
        if all.len() == CONFIGURED_EACH {
            all.remove(0);
        }
        all.push(configured);
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
        let Some(Some(beginning)) = self.beginning.get() else { return };
        // Where it was stopped early, parts of an event are still there.
        live.store.data_mut().border = Border::default();
        let memory = live.exports.memory.data(&live.store);
        let Some(written) = self.driver.pages.written(memory, self.kept.limits.pages) else { return };
        let configured = live.configured.take();
        if !live.set(beginning, snapshot::pages(&written), configured.as_ref()) {
            return;
        }
        let mut idle = self.idle();
        if idle.len() < IDLE_EACH && self.kept.idle.load(Ordering::Relaxed) < self.kept.limits.idle {
            self.kept.idle.fetch_add(1, Ordering::Relaxed);
            idle.push(live);
        }
    }

    /// How many instances wait for their next call.
    #[cfg(test)]
    pub(crate) fn idles(&self) -> usize {
        self.idle().len()
    }

    // The lists are whole between any two statements.
    fn idle(&self) -> MutexGuard<'_, Vec<Live>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn configured(&self) -> MutexGuard<'_, Vec<Arc<Configured>>> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        let idle = self.idle().len();
        self.kept.idle.fetch_sub(idle, Ordering::Relaxed);
    }
}
