//! Instances of core modules: made, called through the driver, put back to where they began and used again. What a
//! call left behind, in memory or in a global, is gone before the instance is given to the next; an instance that cannot
//! be put back for sure (it trapped, it took more memory, it wrote to much of it) is thrown away. Not here: what goes
//! over the border.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use wasmtime::Global;
use wasmtime::Instance;
use wasmtime::InstancePre;
use wasmtime::Memory;
use wasmtime::Store;
use wasmtime::TypedFunc;
use wasmtime::Val;

use crate::sandbox::direct::Border;
use crate::sandbox::direct::driver::Driver;
use crate::sandbox::direct::pages::PAGE;
use crate::sandbox::direct::pages::Pages;
use crate::sandbox::direct::prepare::DATA;
use crate::sandbox::direct::prepare::GLOBAL;
use crate::sandbox::direct::prepare::MEMORY;
use crate::sandbox::state::GuestState;

/// Pages that are put back; whoever wrote to more gets a new instance, which the pool clears in its own way.
const PAGES_MAX: u64 = 64;
/// Instances of one plugin, and of all, that wait for the next call.
const IDLE_EACH: usize = 4;
const IDLE: usize = 64;

/// A module that runs directly.
pub(crate) struct Direct {
    pre: InstancePre<GuestState>,
    driver: Arc<Driver>,
    /// What its mutable globals are exported as.
    globals: Vec<String>,
    /// Where the memory is not all zeros at first.
    data: Range<usize>,
    beginning: OnceLock<Beginning>,
    idle: Mutex<Vec<Live>>,
    /// How many are idle, of all plugins of the pool.
    idle_of_all: Arc<AtomicUsize>,
}

/// An instance, and its store.
pub(crate) struct Live {
    pub(crate) store: Store<GuestState>,
    pub(crate) exports: Exports,
}

/// What is called of an instance, and what has to be put back.
pub(crate) struct Exports {
    pub(crate) manifest: TypedFunc<(), u32>,
    pub(crate) configure: TypedFunc<(), u32>,
    pub(crate) transform: TypedFunc<(), u32>,
    pub(crate) transform_batch: TypedFunc<(), u32>,
    pub(crate) memory: Memory,
    globals: Vec<(Global, Val)>,
}

/// Memory as it is before anything happened: the same for all instances, since nothing runs while they are made.
struct Beginning {
    bytes: usize,
    /// Pages that are not all zeros, by number.
    pages: BTreeMap<usize, Box<[u8]>>,
}

impl Direct {
    pub(crate) fn new(
        pre: InstancePre<GuestState>,
        driver: Arc<Driver>,
        idle_of_all: Arc<AtomicUsize>,
    ) -> Self {
        let exports = pre.module().exports().map(|export| export.name().to_owned());
        let globals = exports.filter(|name| name.starts_with(GLOBAL)).collect();
        let data = pre.module().exports().find_map(|export| data(export.name())).unwrap_or(0..usize::MAX);
        Self { pre, driver, globals, data, beginning: OnceLock::new(), idle: Mutex::default(), idle_of_all }
    }

    /// An idle instance, which gets this state; without one, the state comes back.
    pub(crate) fn take(&self, mut state: GuestState) -> Result<Live, Box<GuestState>> {
        let Some(mut live) = self.idle().pop() else { return Err(Box::new(state)) };
        self.idle_of_all.fetch_sub(1, Ordering::Relaxed);
        let bytes = live.exports.memory.data_size(&live.store) as u64;
        if bytes > state.limits.memory_bytes {
            // It could not have been made within the limits of this call.
            return Err(Box::new(state));
        }
        state.memory_bytes = bytes;
        state.border.set_memory(live.exports.memory);
        *live.store.data_mut() = state;
        live.store.set_epoch_deadline(1);
        Ok(live)
    }

    /// Makes an instance in a store that has none.
    pub(crate) async fn instance(&self, store: &mut Store<GuestState>) -> wasmtime::Result<Exports> {
        let guest = self.pre.instantiate_async(&mut *store).await?;
        let driver = self.driver.instance(store, &guest).await?;
        let exports = self.exports(store, &guest, &driver)?;
        self.beginning.get_or_init(|| Beginning::of(exports.memory.data(&*store), &self.data));
        store.data_mut().border.set_memory(exports.memory);
        Ok(exports)
    }

    /// Puts an instance back and keeps it for the next call, or throws it away. One that was stopped within a call must
    /// not come here.
    pub(crate) fn give_back(&self, mut live: Live) {
        let Some(beginning) = self.beginning.get() else { return };
        // Where it was stopped early, parts of an event are still there.
        live.store.data_mut().border = Border::default();
        if !beginning.put_back(&mut live, &self.driver.pages) {
            return;
        }
        let mut idle = self.idle();
        if idle.len() < IDLE_EACH && self.idle_of_all.load(Ordering::Relaxed) < IDLE {
            self.idle_of_all.fetch_add(1, Ordering::Relaxed);
            idle.push(live);
        }
    }

    fn exports(
        &self,
        store: &mut Store<GuestState>,
        guest: &Instance,
        driver: &Instance,
    ) -> wasmtime::Result<Exports> {
        let none = |what: &str| wasmtime::format_err!("no {what} is exported");
        let memory = guest.get_memory(&mut *store, MEMORY).ok_or_else(|| none(MEMORY))?;
        let mut globals = Vec::with_capacity(self.globals.len());
        for name in &self.globals {
            let global = guest.get_global(&mut *store, name).ok_or_else(|| none(name))?;
            globals.push((global, global.get(&mut *store)));
        }
        Ok(Exports {
            manifest: driver.get_typed_func(&mut *store, "manifest")?,
            configure: driver.get_typed_func(&mut *store, "configure")?,
            transform: driver.get_typed_func(&mut *store, "transform")?,
            transform_batch: driver.get_typed_func(&mut *store, "transform-batch")?,
            memory,
            globals,
        })
    }

    /// How many instances wait for their next call.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.idle().len()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Live>> {
        // The list is whole between any two statements.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The range in the name of an export, if it is the one that tells it.
fn data(export: &str) -> Option<Range<usize>> {
    let (start, end) = export.strip_prefix(DATA)?.split_once('-')?;
    Some(start.parse().ok()?..end.parse().ok()?)
}

impl Drop for Direct {
    fn drop(&mut self) {
        let idle = self.idle().len();
        self.idle_of_all.fetch_sub(idle, Ordering::Relaxed);
    }
}

impl Beginning {
    /// Outside of the pages that `data` is on, all is zero.
    fn of(memory: &[u8], data: &Range<usize>) -> Self {
        let numbers = data.start / PAGE..data.end.min(memory.len()).div_ceil(PAGE);
        let pages = numbers.filter_map(|number| Some((number, memory.chunks(PAGE).nth(number)?)));
        let kept = pages.filter(|(_, page)| page.iter().any(|byte| *byte != 0));
        Self { bytes: memory.len(), pages: kept.map(|(number, page)| (number, page.into())).collect() }
    }

    /// Makes an instance as it was when it was made; false if it has to be thrown away.
    fn put_back(&self, live: &mut Live, pages: &Pages) -> bool {
        let Live { store, exports } = live;
        let memory = exports.memory.data_mut(&mut *store);
        if memory.len() != self.bytes {
            return false;
        }
        let Some(written) = pages.written(memory, PAGES_MAX) else { return false };
        for range in written {
            for (number, page) in (range.start / PAGE..).zip(memory[range].chunks_mut(PAGE)) {
                match self.pages.get(&number) {
                    Some(bytes) => page.copy_from_slice(bytes),
                    None => page.fill(0),
                }
            }
        }
        exports.globals.iter().all(|(global, value)| global.set(&mut *store, *value).is_ok())
    }
}
