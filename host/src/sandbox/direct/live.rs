//! Instances of guests that run directly: made, called through the driver, put back and used again. What a call left
//! behind, in memory or in a global, is gone before the instance is given to the next; an instance that cannot be put
//! back for sure (it trapped, it took more memory, it wrote to much of it) is thrown away. An instance is put back to
//! where it was once it took its configuration, since that makes the same of it every time: nothing is granted to these
//! guests, so that no clock and no chance is within their reach. Not here: what goes over the border.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use wasmtime::Engine;
use wasmtime::Func;
use wasmtime::Global;
use wasmtime::Instance;
use wasmtime::Memory;
use wasmtime::Store;
use wasmtime::TypedFunc;
use wasmtime::Val;
use wasmtime::format_err;

use crate::sandbox::direct::Border;
use crate::sandbox::direct::assembly::Assembly;
use crate::sandbox::direct::driver::Driver;
use crate::sandbox::direct::pages::PAGE;
use crate::sandbox::direct::prepare::AFTER_CONFIGURE;
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

/// An instance, and its store.
pub(crate) struct Live {
    pub(crate) store: Store<GuestState>,
    pub(crate) exports: Exports,
    /// What it took, as far as that is kept.
    configured: Option<Arc<Configured>>,
}

/// What is called of an instance, and what has to be put back.
pub(crate) struct Exports {
    pub(crate) manifest: TypedFunc<(), u32>,
    pub(crate) configure: TypedFunc<(), u32>,
    pub(crate) after_configure: Option<TypedFunc<u32, ()>>,
    pub(crate) transform: TypedFunc<(), u32>,
    pub(crate) transform_batch: TypedFunc<(), u32>,
    pub(crate) memory: Memory,
    globals: Vec<(Global, Val)>,
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
        let exports = self.exports(store, &made, &driver)?;
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
        let memory = self.memory(&mut store, &made)?.data(&store);
        Ok(Beginning::of(memory, &self.guest.data, &self.kept.budget))
    }

    fn memory<S: 'static>(&self, store: &mut Store<S>, made: &[Instance]) -> wasmtime::Result<Memory> {
        self.guest.memory.of(store, made)?.into_memory().ok_or_else(|| format_err!("the memory is none"))
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
        let at = all.iter().position(|configured| is_same(&configured.config, config))?;
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

    fn exports(
        &self,
        store: &mut Store<GuestState>,
        made: &[Instance],
        driver: &Instance,
    ) -> wasmtime::Result<Exports> {
        let mut globals = Vec::with_capacity(self.guest.globals.len());
        for at in &self.guest.globals {
            let global = at.of(store, made)?.into_global().ok_or_else(|| format_err!("a global is none"))?;
            globals.push((global, global.get(&mut *store)));
        }
        let after = self.guest.functions.get(AFTER_CONFIGURE).map(|at| at.of(store, made)).transpose()?;
        let after = after.and_then(wasmtime::Extern::into_func);
        Ok(Exports {
            manifest: driver.get_typed_func(&mut *store, "manifest")?,
            configure: driver.get_typed_func(&mut *store, "configure")?,
            after_configure: after.map(|after| after.typed(&*store)).transpose()?,
            transform: driver.get_typed_func(&mut *store, "transform")?,
            transform_batch: driver.get_typed_func(&mut *store, "transform-batch")?,
            memory: self.memory(store, made)?,
            globals,
        })
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

impl Live {
    /// Whether it is as that configuration makes it; without one, as it was at the beginning.
    pub(crate) fn is_configured(&self, config: Option<&Arc<str>>) -> bool {
        match (&self.configured, config) {
            (Some(configured), Some(config)) => is_same(&configured.config, config),
            (None, None) => true,
            _ => false,
        }
    }

    /// Takes over what the configuration logged, in place of configuring.
    pub(crate) fn log_again(&mut self) {
        let Some(configured) = &self.configured else { return };
        let state = self.store.data_mut();
        for line in &configured.log {
            state.keep_line(line.level, line.message.clone());
        }
    }

    /// Makes these pages, and all globals, what they were at the beginning or after a configuration. False if the memory
    /// has another size than it had then: it cannot be made smaller.
    fn set(
        &mut self,
        beginning: &Beginning,
        pages: impl Iterator<Item = usize>,
        configured: Option<&Arc<Configured>>,
    ) -> bool {
        let Self { store, exports, .. } = self;
        let memory = exports.memory.data_mut(&mut *store);
        if memory.len() != configured.map_or(beginning.bytes, |configured| configured.bytes) {
            return false;
        }
        for at in pages {
            let page = &mut memory[at..at + PAGE];
            match configured.and_then(|configured| configured.page(at)).or_else(|| beginning.page(at)) {
                Some(bytes) => page.copy_from_slice(bytes),
                None => page.fill(0),
            }
        }
        self.configured = configured.cloned();
        let values = configured.map(|configured| configured.globals.as_slice());
        exports.globals.iter().enumerate().all(|(number, (global, first))| {
            let value = values.and_then(|values| values.get(number)).unwrap_or(first);
            global.set(&mut *store, *value).is_ok()
        })
    }
}

fn is_same(one: &Arc<str>, other: &Arc<str>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}
