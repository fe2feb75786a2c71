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

use crate::sandbox::direct::abi::lift::Lift;
use crate::sandbox::direct::instances::assembly::Assembly;
use crate::sandbox::direct::instances::pages::Empty;
use crate::sandbox::direct::instances::pages::PAGE;
use crate::sandbox::direct::instances::snapshot::Beginning;
use crate::sandbox::direct::instances::snapshot::Configured;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::host::stop::BudgetSpent;
use crate::sandbox::host::stop::border_bytes;
use crate::sandbox::module::contract;

/// An instance, and its store.
pub(crate) struct DirectInstance {
    pub(crate) store: Store<GuestState>,
    pub(crate) exports: Exports,
    /// What it is put back to, once that is known.
    pub(in crate::sandbox::direct) beginning: Option<Arc<Beginning>>,
    /// What it took, as far as that is kept.
    pub(in crate::sandbox::direct) configured: Option<Arc<Configured>>,
}

/// What is called of an instance, and what has to be put back.
pub(crate) struct Exports {
    pub(crate) manifest: Called,
    pub(crate) configure: Called,
    pub(crate) transform: Called,
    pub(crate) transform_batch: Called,
    pub(in crate::sandbox::direct) memory: Memory,
    pub(in crate::sandbox::direct) globals: Vec<(Global, Val)>,
}

/// An export that is called by way of the driver, and what cleans up after its answer.
pub(crate) struct Called {
    export: TypedFunc<(), u32>,
    after: Option<TypedFunc<u32, ()>>,
    memory: Memory,
}

impl Called {
    /// Calls it; what is handed over is at the border. `read` takes the answer from the guest's memory.
    pub(crate) async fn call<T>(
        &self,
        store: &mut Store<GuestState>,
        read: impl FnOnce(Lift<'_>, u32) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        let place = self.export.call_async(&mut *store, ()).await?;
        let bytes_max = border_bytes(&store.data().limits);
        let answer = read(Lift::new(self.memory.data(&*store), bytes_max), place)?;
        if let Some(after) = &self.after {
            store.data_mut().border.set_cleans_up(true);
            after.call_async(&mut *store, place).await?;
            store.data_mut().border.set_cleans_up(false);
        }
        Ok(answer)
    }
}

impl Exports {
    /// Of a guest that was made, and what drives it.
    pub(in crate::sandbox::direct) fn of(
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
        let memory = guest.memory(store, made)?;
        let mut called = |name: &str| {
            let after =
                guest.functions.get(&contract::after(name)).map(|at| at.of(store, made)).transpose()?;
            let after = after.and_then(Extern::into_func).map(|after| after.typed(&*store)).transpose()?;
            let export = driver.get_typed_func(&mut *store, name)?;
            Ok::<_, wasmtime::Error>(Called { export, after, memory })
        };
        Ok(Self {
            manifest: called("manifest")?,
            configure: called("configure")?,
            transform: called("transform")?,
            transform_batch: called("transform-batch")?,
            memory,
            globals,
        })
    }
}

impl DirectInstance {
    /// Whether it is as that configuration makes it; without one, as it was at the beginning.
    pub(crate) fn is_configured(&self, config: Option<&Arc<str>>) -> bool {
        match (&self.configured, config) {
            (Some(configured), Some(config)) => configured.is_of(config),
            (None, None) => true,
            _ => false,
        }
    }

    /// Takes over what the configuration logged and cost, in place of configuring. The lines are as the guest said them:
    /// what is left out of them, and where they are cut, is a matter of the call. An error if it cost all there is.
    pub(crate) fn take_over(&mut self) -> Result<(), BudgetSpent> {
        let Some(configured) = &self.configured else { return Ok(()) };
        let state = self.store.data_mut();
        for line in &configured.recorded.log {
            state.keep_line(line.level, line.message.clone());
        }
        state.charge(configured.recorded.cpu)
    }

    /// Does something that is the host's own affair, and not charged to the guest.
    pub(crate) fn remembered(&mut self, work: impl FnOnce(&mut Self)) {
        let before = self.store.data().spent_now();
        work(self);
        let state = self.store.data_mut();
        state.excuse(state.spent_now().saturating_sub(before));
    }

    /// Makes these pages, and all globals, what they were at the beginning or after a configuration. False if the memory
    /// has another size than it had then: it cannot be made smaller.
    pub(in crate::sandbox::direct) fn set(
        &mut self,
        pages: impl Iterator<Item = usize>,
        configured: Option<&Arc<Configured>>,
    ) -> bool {
        let Self { store, exports, beginning: Some(beginning), .. } = self else { return false };
        let mut empty = Empty::default();
        let memory = exports.memory.data_mut(&mut *store);
        if memory.len() != configured.map_or(beginning.bytes, |configured| configured.bytes) {
            return false;
        }
        for at in pages {
            let page = &mut memory[at..at + PAGE];
            match configured.and_then(|configured| configured.page(at)).or_else(|| beginning.page(at)) {
                Some(bytes) => page.copy_from_slice(bytes),
                None => empty.add(at),
            }
        }
        empty.make(memory);
        self.configured = configured.cloned();
        let values = configured.map(|configured| configured.globals.as_slice());
        exports.globals.iter().enumerate().all(|(number, (global, first))| {
            let value = values.and_then(|values| values.get(number)).unwrap_or(first);
            global.set(&mut *store, *value).is_ok()
        })
    }
}
