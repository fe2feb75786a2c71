//! Following the connections between a component's core modules to where everything comes from. Not here: reading them
//! (`wiring`), what is done with it (`prepare`).

use wasmparser::Instance;

use crate::sandbox::direct::analysis::part::CoreModule;
use crate::sandbox::direct::analysis::plan;
use crate::sandbox::direct::analysis::plan::ExportPlace;
use crate::sandbox::direct::analysis::plan::IMPORTS_MAX;
use crate::sandbox::direct::analysis::plan::INSTANCES_MAX;
use crate::sandbox::direct::analysis::plan::ImportSource;
use crate::sandbox::direct::analysis::plan::Making;
use crate::sandbox::direct::analysis::plan::NAMES_MAX;
use crate::sandbox::direct::analysis::plan::Why;
use crate::sandbox::direct::analysis::wiring::FUNCTIONS;
use crate::sandbox::direct::analysis::wiring::Function;
use crate::sandbox::direct::analysis::wiring::LiftedFunction;
use crate::sandbox::direct::analysis::wiring::MEMORIES;
use crate::sandbox::direct::analysis::wiring::Wiring;
use crate::sandbox::direct::analysis::wiring::WiringItem;
use crate::sandbox::direct::analysis::wiring::at;
use crate::sandbox::direct::analysis::wiring::space;
use crate::sandbox::module::contract;

impl<'c> Wiring<'c> {
    /// The instances to be made of these modules; each with the number of its module.
    pub(in crate::sandbox::direct) fn makings(&self, parts: &[CoreModule<'c>]) -> Result<Vec<Making>, Why> {
        let unknown =
            || Why::new("one of its modules gets something of which it is not clear where it comes from");
        let (mut makings, mut imports, mut bytes) = (Vec::new(), 0, 0);
        for instance in &self.instances {
            let Instance::Instantiate { module_index, args } = instance else { continue };
            plan::within("instances of core modules", makings.len() + 1, INSTANCES_MAX)?;
            let part = at(parts, *module_index).ok_or_else(unknown)?;
            // Before anything is copied: many instances of one module with long names are many times as long.
            imports += part.imports.len();
            bytes += part.name_bytes();
            plan::within("imports of modules", imports, IMPORTS_MAX)?;
            plan::within("bytes of names of imports", bytes, NAMES_MAX)?;
            let source = |(from, name): &(&'c str, &'c str)| {
                let instance = args.iter().find(|arg| arg.name == *from)?.index;
                self.source(WiringItem::Of { instance, name })
            };
            let imports = part.imports.iter().map(source).collect::<Option<_>>().ok_or_else(unknown)?;
            makings.push(Making { module: usize::try_from(*module_index).map_err(|_| unknown())?, imports });
        }
        Ok(makings)
    }

    /// The core function behind an export.
    pub(in crate::sandbox::direct) fn exported(&self, name: &str) -> Option<ExportPlace> {
        self.numbered(FUNCTIONS, self.lifted(name)?.function)
    }

    /// The core function that is called with the answer of an export when that was read, if there is one.
    pub(in crate::sandbox::direct) fn after(&self, name: &str) -> Option<ExportPlace> {
        self.numbered(FUNCTIONS, self.lifted(name)?.after?)
    }

    /// The memory that everything is carried over by, if it is one.
    pub(in crate::sandbox::direct) fn memory(&self) -> Option<ExportPlace> {
        let lifts = contract::EXPORTS.iter().filter_map(|name| self.lifted(name));
        let of_log = self.log_memories.iter().copied();
        self.only(MEMORIES, lifts.filter_map(|lift| lift.memory).chain(of_log))
    }

    /// The function that makes room for everything that is handed over, if it is one.
    pub(in crate::sandbox::direct) fn realloc(&self) -> Option<ExportPlace> {
        let lifts = contract::EXPORTS.iter().filter_map(|name| self.lifted(name));
        self.only(FUNCTIONS, lifts.filter_map(|lift| lift.realloc))
    }

    fn lifted(&self, export: &str) -> Option<LiftedFunction> {
        match *self.exports.get(export)? {
            Function::Lifted(lift) => Some(lift),
            Function::Log => None,
        }
    }

    fn only(&self, space: usize, numbers: impl Iterator<Item = u32>) -> Option<ExportPlace> {
        let mut places = numbers.map(|number| self.numbered(space, number));
        let first = places.next()??;
        places.all(|place| place.as_ref() == Some(&first)).then_some(first)
    }

    fn numbered(&self, space: usize, number: u32) -> Option<ExportPlace> {
        self.place(*at(&self.items[space], number)?)
    }

    fn place(&self, item: WiringItem<'c>) -> Option<ExportPlace> {
        match self.source(item)? {
            ImportSource::Export(place) => Some(place),
            ImportSource::Log => None,
        }
    }

    /// Follows something through instances that only give names to what is there.
    fn source(&self, mut item: WiringItem<'c>) -> Option<ImportSource> {
        for _ in 0..=self.instances.len() {
            let WiringItem::Of { instance, name } = item else { return Some(ImportSource::Log) };
            match at(&self.instances, instance)? {
                Instance::Instantiate { .. } => {
                    let before = self.instances.iter().take(instance as usize);
                    let made = |instance: &&Instance<'_>| matches!(instance, Instance::Instantiate { .. });
                    let instance = before.filter(made).count();
                    return Some(ImportSource::Export(ExportPlace { instance, name: name.to_owned() }));
                }
                Instance::FromExports(named) => {
                    let export = named.iter().find(|export| export.name == name)?;
                    item = *at(&self.items[space(export.kind).ok()?], export.index)?;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::sandbox::direct::analysis::wiring::tests::component;

    fn place(instance: usize, name: &str) -> ExportPlace {
        ExportPlace { instance, name: name.to_owned() }
    }

    #[test]
    fn what_a_module_gets_is_followed_to_where_it_comes_from() {
        let component = component("");
        let wiring = Wiring::of(&component).unwrap();
        let part = |range: &Range<usize>| CoreModule::of(&component[range.clone()]).unwrap();
        let parts: Vec<_> = wiring.modules.iter().map(part).collect();
        let imports = vec![
            ImportSource::Export(place(0, "realloc")),
            ImportSource::Export(place(0, "memory")),
            ImportSource::Log,
        ];
        let expected = [Making { module: 0, imports: Vec::new() }, Making { module: 1, imports }];
        assert_eq!(wiring.makings(&parts).unwrap(), expected);
        assert_eq!(wiring.exported("manifest"), Some(place(1, "run")));
        assert_eq!(wiring.exported("transform"), None);
        assert_eq!(wiring.memory(), Some(place(0, "memory")));
        assert_eq!(wiring.realloc(), Some(place(0, "realloc")));
    }

    #[test]
    fn two_memories_are_none() {
        let more = r#"(core instance $three (instantiate $first))
            (alias core export $three "memory" (core memory $other))
            (func $other (result string) (canon lift (core func $run) (memory $other) (realloc $realloc)))
            (export "configure" (func $other))"#;
        let component = component(more);
        assert_eq!(Wiring::of(&component).unwrap().memory(), None);
    }
    /// A module with an import of 30,000 bytes, of which there are so many instances.
    #[test]
    fn names_are_counted_for_each_instance() {
        let more = |instances: usize| {
            let name = "n".repeat(30_000);
            let module = format!(
                r#"(core module $long (import "env" "{name}" (memory 1)))
                (core instance $named (export "{name}" (memory $memory)))"#
            );
            module + &"(core instance (instantiate $long (with \"env\" (instance $named))))".repeat(instances)
        };
        let planned = |instances: usize| {
            let component = component(&more(instances));
            let wiring = Wiring::of(&component).unwrap();
            let parts: Vec<_> = wiring
                .modules
                .iter()
                .map(|range| CoreModule::of(&component[range.clone()]).unwrap())
                .collect();
            wiring.makings(&parts).map(|makings| makings.len())
        };
        assert_eq!(planned(10).unwrap(), 12);
        let why = planned(20).unwrap_err().to_string();
        assert!(why.contains("bytes of names of imports"), "{why}");
    }
}
