//! One instance of a guest that runs directly: what is called of it, and what is put back. Not here: when, and which
//! instance gets which call (`keep`).

use std::sync::Arc;

use wasmtime::Extern;
use wasmtime::Global;
use wasmtime::Instance;
use wasmtime::Memory;
use wasmtime::Store;
use wasmtime::TypedFunc;
use wasmtime::Val;
use wasmtime::format_err;

use crate::sandbox::direct::assembly::Assembly;
use crate::sandbox::direct::pages::PAGE;
use crate::sandbox::direct::prepare::AFTER_CONFIGURE;
use crate::sandbox::direct::snapshot::Beginning;
use crate::sandbox::direct::snapshot::Configured;
use crate::sandbox::state::GuestState;

/// An instance, and its store.
pub(crate) struct Live {
    pub(crate) store: Store<GuestState>,
    pub(crate) exports: Exports,
    /// What it took, as far as that is kept.
    pub(super) configured: Option<Arc<Configured>>,
}

/// What is called of an instance, and what has to be put back.
pub(crate) struct Exports {
    pub(crate) manifest: TypedFunc<(), u32>,
    pub(crate) configure: TypedFunc<(), u32>,
    pub(crate) after_configure: Option<TypedFunc<u32, ()>>,
    pub(crate) transform: TypedFunc<(), u32>,
    pub(crate) transform_batch: TypedFunc<(), u32>,
    pub(crate) memory: Memory,
    pub(super) globals: Vec<(Global, Val)>,
}

impl Exports {
    /// Of a guest that was made, and what drives it.
    pub(super) fn of(
        store: &mut Store<GuestState>,
        guest: &Assembly,
        made: &[Instance],
        driver: &Instance,
    ) -> wasmtime::Result<Self> {
        let mut globals = Vec::with_capacity(guest.globals.len());
        for at in &guest.globals {
            let global = at.of(store, made)?.into_global().ok_or_else(|| format_err!("a global is none"))?;
            globals.push((global, global.get(&mut *store)));
        }
        let after = guest.functions.get(AFTER_CONFIGURE).map(|at| at.of(store, made)).transpose()?;
        let after = after.and_then(Extern::into_func);
        Ok(Self {
            manifest: driver.get_typed_func(&mut *store, "manifest")?,
            configure: driver.get_typed_func(&mut *store, "configure")?,
            after_configure: after.map(|after| after.typed(&*store)).transpose()?,
            transform: driver.get_typed_func(&mut *store, "transform")?,
            transform_batch: driver.get_typed_func(&mut *store, "transform-batch")?,
            memory: guest.memory(store, made)?,
            globals,
        })
    }
}

impl Live {
    /// Whether it is as that configuration makes it; without one, as it was at the beginning.
    pub(crate) fn is_configured(&self, config: Option<&Arc<str>>) -> bool {
        match (&self.configured, config) {
            (Some(configured), Some(config)) => configured.is_of(config),
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
    pub(super) fn set(
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
