//! A guest that runs directly, put together: its core modules, compiled, and which export of which instance goes where.
//! Not here: what is called and put back, and when (`keep`).

use std::collections::BTreeMap;
use std::ops::Range;

use wasmtime::Extern;
use wasmtime::Instance;
use wasmtime::Memory;
use wasmtime::Module;
use wasmtime::ModuleExport;
use wasmtime::Store;
use wasmtime::component;
use wasmtime::format_err;

use crate::sandbox::direct::analysis::exporting;
use crate::sandbox::direct::analysis::plan::DirectPlan;
use crate::sandbox::direct::analysis::plan::ExportPlace;
use crate::sandbox::direct::analysis::plan::ImportSource;

/// See the head of this file.
pub(crate) struct Assembly {
    instances: Vec<(Module, Vec<Import>)>,
    memory: At,
    /// What the driver calls, by the names of its imports.
    pub(in crate::sandbox::direct) functions: BTreeMap<String, At>,
    /// Mutable globals.
    pub(in crate::sandbox::direct) globals: Vec<At>,
    /// Outside of these bytes the memory is all zeros at first.
    pub(in crate::sandbox::direct) data: Range<usize>,
}

/// What an instance gets.
enum Import {
    Log,
    Export(At),
}

/// An export of one of the instances.
pub(in crate::sandbox::direct) struct At {
    instance: usize,
    export: ModuleExport,
}

impl At {
    /// It, if it was made.
    pub(in crate::sandbox::direct) fn of<S: 'static>(
        &self,
        store: &mut Store<S>,
        made: &[Instance],
    ) -> wasmtime::Result<Extern> {
        let found =
            made.get(self.instance).and_then(|instance| instance.get_module_export(store, &self.export));
        found.ok_or_else(|| format_err!("instance {} has no such export", self.instance))
    }
}

impl Assembly {
    /// Of an instance of the component, which exports its modules.
    pub(in crate::sandbox::direct) fn of<S: 'static>(
        store: &mut Store<S>,
        component: &component::Instance,
        plan: &DirectPlan,
    ) -> wasmtime::Result<Self> {
        let modules = (0..).map_while(|number| component.get_module(&mut *store, &*exporting::name(number)));
        let modules: Vec<_> = modules.collect();
        let DirectPlan { instances: makings, memory, functions, globals, data } = plan;
        let module = |number: usize| modules.get(number).ok_or_else(|| format_err!("no module {number}"));
        let at = |place: &ExportPlace| {
            let making = makings.get(place.instance);
            let export = making.map(|making| module(making.module)).transpose()?;
            let export = export.and_then(|module| module.get_export_index(&place.name));
            let export = export.ok_or_else(|| format_err!("nothing is exported as `{}`", place.name))?;
            Ok::<_, wasmtime::Error>(At { instance: place.instance, export })
        };
        let import = |source: &ImportSource| match source {
            ImportSource::Log => Ok(Import::Log),
            ImportSource::Export(place) => at(place).map(Import::Export),
        };
        let mut instances = Vec::with_capacity(makings.len());
        for making in makings {
            let imports = making.imports.iter().map(import).collect::<wasmtime::Result<_>>()?;
            instances.push((module(making.module)?.clone(), imports));
        }
        let named = |(name, place): (&String, &ExportPlace)| Ok((name.clone(), at(place)?));
        Ok(Self {
            instances,
            memory: at(memory)?,
            functions: functions.iter().map(named).collect::<wasmtime::Result<_>>()?,
            globals: globals.iter().map(at).collect::<wasmtime::Result<_>>()?,
            data: data.clone(),
        })
    }

    /// Its memory, once it is made.
    pub(in crate::sandbox::direct) fn memory<S: 'static>(
        &self,
        store: &mut Store<S>,
        made: &[Instance],
    ) -> wasmtime::Result<Memory> {
        self.memory.of(store, made)?.into_memory().ok_or_else(|| format_err!("the memory is none"))
    }

    /// Makes all instances.
    pub(in crate::sandbox::direct) async fn make<S: Send + 'static>(
        &self,
        store: &mut Store<S>,
        log: &Extern,
    ) -> wasmtime::Result<Vec<Instance>> {
        let mut made = Vec::with_capacity(self.instances.len());
        for (module, sources) in &self.instances {
            let mut imports = Vec::with_capacity(sources.len());
            for source in sources {
                imports.push(match source {
                    Import::Log => log.clone(),
                    Import::Export(at) => at.of(store, &made)?,
                });
            }
            made.push(Instance::new_async(&mut *store, module, &imports).await?);
        }
        Ok(made)
    }
}
