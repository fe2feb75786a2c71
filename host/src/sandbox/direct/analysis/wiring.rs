//! What a component says of how its core modules are connected, read from its sections. What makes a difference to more
//! than its core modules (resources, components within that make anything, functions that are neither `log` nor exports
//! of the contract, text in UTF-16) is not followed: then there is no plan. Not here: following that (`links`), the
//! modules themselves (`part`), and whether the component is a valid one of our world, which is looked at before.

use std::collections::BTreeMap;
use std::ops::Range;

use wasmparser::CanonicalFunction;
use wasmparser::CanonicalOption;
use wasmparser::ComponentAlias;
use wasmparser::ComponentExternalKind;
use wasmparser::ComponentTypeRef;
use wasmparser::ExternalKind;
use wasmparser::Instance;
use wasmparser::Parser;
use wasmparser::Payload;

use crate::sandbox::direct::analysis::exporting::MODULE;
use crate::sandbox::direct::analysis::plan;
use crate::sandbox::direct::analysis::plan::NAMED_MAX;
use crate::sandbox::direct::analysis::plan::Why;
use crate::sandbox::module::contract;
use crate::sandbox::module::contract::LOG;

/// What a component has, each kind by number.
#[derive(Debug, Default)]
pub(in crate::sandbox::direct) struct Wiring<'c> {
    /// Where its core modules are.
    pub(in crate::sandbox::direct) modules: Vec<Range<usize>>,
    /// Core instances.
    pub(in crate::sandbox::direct) instances: Vec<Instance<'c>>,
    /// Functions, tables, memories and globals of those.
    pub(in crate::sandbox::direct) items: [Vec<WiringItem<'c>>; 4],
    /// Imported interfaces: whether it is `log`.
    interfaces: Vec<bool>,
    functions: Vec<Function>,
    pub(in crate::sandbox::direct) exports: BTreeMap<&'c str, Function>,
    /// By what memories the messages of `log` come.
    pub(in crate::sandbox::direct) log_memories: Vec<u32>,
}

pub(in crate::sandbox::direct) const FUNCTIONS: usize = 0;
pub(in crate::sandbox::direct) const MEMORIES: usize = 2;

/// Something of a core instance, or made by the host.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox::direct) enum WiringItem<'c> {
    /// The host's function `log`.
    Log,
    Of {
        instance: u32,
        name: &'c str,
    },
}

/// A function of the component.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox::direct) enum Function {
    Log,
    Lifted(LiftedFunction),
}

/// Core functions and a memory, by their numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sandbox::direct) struct LiftedFunction {
    pub(in crate::sandbox::direct) function: u32,
    pub(in crate::sandbox::direct) memory: Option<u32>,
    /// Makes room for what is handed over.
    pub(in crate::sandbox::direct) realloc: Option<u32>,
    /// Is called with the answer when that was read.
    pub(in crate::sandbox::direct) after: Option<u32>,
}

impl<'c> Wiring<'c> {
    /// Or why there is something that is not followed.
    pub(in crate::sandbox::direct) fn of(component: &'c [u8]) -> Result<Self, Why> {
        let mut wiring = Self::default();
        // What the parser is within of.
        let mut within = Vec::new();
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload?;
            match within.last() {
                Some(Within::Module) => {}
                Some(Within::Component) if only_names(&payload) => {}
                Some(Within::Component) => return Err(Why::new("a component within it makes something")),
                None => wiring.take(&payload)?,
            }
            match payload {
                Payload::ModuleSection { .. } => within.push(Within::Module),
                Payload::ComponentSection { .. } => within.push(Within::Component),
                Payload::End(_) => _ = within.pop(),
                _ => {}
            }
        }
        plan::within("instances", wiring.instances.len(), NAMED_MAX)?;
        Ok(wiring)
    }

    fn take(&mut self, payload: &Payload<'c>) -> Result<(), Why> {
        match payload {
            Payload::ModuleSection { unchecked_range, .. } => self.modules.push(unchecked_range.clone()),
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let import = import?;
                    self.import(import.name.name, import.ty)?;
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    self.instances.push(instance?);
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.alias(alias?)?;
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    self.canonical(function?)?;
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    self.export(export.name.name, export.kind, export.index)?;
                }
            }
            Payload::ComponentInstanceSection(section) => {
                self.interfaces.extend(section.clone().into_iter().map(|_| false));
            }
            Payload::ComponentSection { .. } => {}
            other if only_names(other) => {}
            _ => return Err(Why::new("it has a section that is not followed")),
        }
        Ok(())
    }

    fn import(&mut self, name: &str, ty: ComponentTypeRef) -> Result<(), Why> {
        match ty {
            ComponentTypeRef::Instance(_) => self.interfaces.push(contract::offered(name) == Some(LOG)),
            ComponentTypeRef::Type(_) => {}
            _ => return Err(Why::new("it imports something else than interfaces")),
        }
        Ok(())
    }

    fn alias(&mut self, alias: ComponentAlias<'c>) -> Result<(), Why> {
        use ComponentExternalKind::Func;
        use ComponentExternalKind::Type;
        match alias {
            ComponentAlias::CoreInstanceExport { kind, instance_index, name } => {
                self.items[space(kind)?].push(WiringItem::Of { instance: instance_index, name });
            }
            ComponentAlias::InstanceExport { kind: Type, .. } => {}
            ComponentAlias::InstanceExport { kind: Func, instance_index, name: LOG }
                if at(&self.interfaces, instance_index) == Some(&true) =>
            {
                self.functions.push(Function::Log);
            }
            _ => return Err(Why::new("it uses something else of what it imports than `log`")),
        }
        Ok(())
    }

    fn canonical(&mut self, function: CanonicalFunction) -> Result<(), Why> {
        match function {
            CanonicalFunction::Lift { core_func_index: function, options, .. } => {
                let lift = LiftedFunction { function, ..LiftedFunction::of(&options)? };
                self.functions.push(Function::Lifted(lift));
            }
            CanonicalFunction::Lower { func_index, options }
                if matches!(at(&self.functions, func_index), Some(Function::Log)) =>
            {
                self.items[FUNCTIONS].push(WiringItem::Log);
                self.log_memories.extend(LiftedFunction::of(&options)?.memory);
            }
            CanonicalFunction::Lower { .. } => return Err(Why::new("it calls its own exports")),
            _ => return Err(Why::new("it uses something of the component model that is not followed")),
        }
        Ok(())
    }

    fn export(&mut self, name: &'c str, kind: ComponentExternalKind, index: u32) -> Result<(), Why> {
        if name.starts_with(MODULE) {
            return Err(Why::new(format!("it exports something as `{MODULE}…`")));
        }
        match kind {
            ComponentExternalKind::Type => {}
            ComponentExternalKind::Instance => self.interfaces.push(false),
            ComponentExternalKind::Func => {
                let function =
                    *at(&self.functions, index).ok_or_else(|| Why::new("it exports what is not there"))?;
                // What is exported has a number of its own.
                self.functions.push(function);
                self.exports.insert(name, function);
            }
            _ => return Err(Why::new("it exports something else than functions and types")),
        }
        Ok(())
    }
}

impl LiftedFunction {
    fn of(options: &[CanonicalOption]) -> Result<Self, Why> {
        let mut lift = Self::default();
        for option in options {
            match *option {
                CanonicalOption::UTF8 => {}
                CanonicalOption::Memory(memory) => lift.memory = Some(memory),
                CanonicalOption::Realloc(function) => lift.realloc = Some(function),
                CanonicalOption::PostReturn(function) => lift.after = Some(function),
                CanonicalOption::UTF16 | CanonicalOption::CompactUTF16 => {
                    return Err(Why::new("its texts are not UTF-8"));
                }
                _ => return Err(Why::new("it hands over values in a way that is not followed")),
            }
        }
        Ok(lift)
    }
}

enum Within {
    Module,
    Component,
}

/// Whether a part of a component only names what is there, so that nothing is made and nothing runs by it.
fn only_names(payload: &Payload<'_>) -> bool {
    matches!(
        payload,
        Payload::Version { .. }
            | Payload::ComponentTypeSection(_)
            | Payload::CoreTypeSection(_)
            | Payload::ComponentAliasSection(_)
            | Payload::ComponentImportSection(_)
            | Payload::ComponentExportSection(_)
            | Payload::CustomSection(_)
            | Payload::End(_)
    )
}

/// Where the things of a kind are among the items.
pub(in crate::sandbox::direct) fn space(kind: ExternalKind) -> Result<usize, Why> {
    match kind {
        ExternalKind::Func => Ok(FUNCTIONS),
        ExternalKind::Table => Ok(1),
        ExternalKind::Memory => Ok(MEMORIES),
        ExternalKind::Global => Ok(3),
        ExternalKind::Tag | ExternalKind::FuncExact => {
            Err(Why::new("its modules hand over something that is not followed"))
        }
    }
}

pub(in crate::sandbox::direct) fn at<T>(things: &[T], number: u32) -> Option<&T> {
    things.get(usize::try_from(number).ok()?)
}

#[cfg(test)]
pub(in crate::sandbox::direct) mod tests {
    use super::*;

    /// Two core modules, where the second gets things of the first by other names, and `log`.
    const BODY: &str = r#"
        (import "hookmill:plugin/log@1.0.0" (instance $log (export "log" (func (param "message" string)))))
        (core module $first
          (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
        (core module $second
          (import "env" "room" (func (param i32 i32 i32 i32) (result i32)))
          (import "env" "bytes" (memory 1))
          (import "host" "log" (func (param i32 i32)))
          (func (export "run") (result i32) unreachable))
        (core instance $one (instantiate $first))
        (alias core export $one "memory" (core memory $memory))
        (alias core export $one "realloc" (core func $realloc))
        (core instance $env (export "room" (func $realloc)) (export "bytes" (memory $memory)))
        (alias export $log "log" (func $say))
        (core func $lowered (canon lower (func $say) (memory $memory)))
        (core instance $host (export "log" (func $lowered)))
        (core instance $two (instantiate $second (with "env" (instance $env)) (with "host" (instance $host))))
        (alias core export $two "run" (core func $run))
        (func $lifted (result string) (canon lift (core func $run) (memory $memory) (realloc $realloc)))
        (export "manifest" (func $lifted))"#;

    /// A component with these fields besides.
    pub(in crate::sandbox::direct) fn component(more: &str) -> Vec<u8> {
        wat::parse_str(format!("(component {BODY} {more})")).unwrap()
    }

    #[test]
    fn what_makes_a_difference_to_more_than_core_modules_is_not_followed() {
        let followed = |more: &str| Wiring::of(&component(more)).is_ok();
        assert!(followed(""));
        assert!(followed("(component $c (type $t u8) (export \"a\" (type $t))) (instance (instantiate $c))"));
        for more in [
            "(component (core module))",
            "(import \"other\" (func))",
            "(type $r (resource (rep i32))) (core func (canon resource.new $r))",
            "(core func (canon lower (func $lifted) (memory $memory) (realloc $realloc)))",
            "(func (result string) (canon lift (core func $run) (memory $memory) string-encoding=utf16))",
            "(export \"module\" (core module $first))",
            "(type $t u8) (export \"hookmill-module0\" (type $t))",
        ] {
            assert!(!followed(more), "{more}");
        }
    }
}
