//! Which guests run directly, and what is made of them for that. Runs in the compiler's process. Not here: running them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

use wasmparser::ExternalKind;
use wasmparser::Parser;

use crate::sandbox::contract;
use crate::sandbox::direct::carrier;
use crate::sandbox::direct::part;
use crate::sandbox::direct::part::Part;
use crate::sandbox::direct::plan::Making;
use crate::sandbox::direct::plan::Place;
use crate::sandbox::direct::plan::Plan;
use crate::sandbox::direct::plan::Source;
use crate::sandbox::direct::wiring::Wiring;
use crate::sandbox::tier::Tier;

/// The interface that may be imported, and its function.
pub(crate) const LOG: &str = "log";
/// What makes room in a guest's memory.
pub(crate) const REALLOC: &str = "cabi_realloc";
/// What is called with the answer of `configure` when that was read. Most have it; interpreters insist on it.
pub(crate) const AFTER_CONFIGURE: &str = "cabi_post_configure";
const MEMORY: &str = "memory";
/// Mutable globals that are put back after each event, which nothing interrupts.
const GLOBALS_MAX: usize = 1000;

/// What to compile of `module`, of which `component` was made, if it can be run directly: its core modules and the plan of
/// them, in a component that only carries them.
pub(crate) fn prepared(module: &[u8], component: &[u8], tier: &Tier) -> Option<Vec<u8>> {
    if !speaks_our_types(component) {
        return None;
    }
    let wiring = Wiring::of(component).ok()??;
    let (parts, plan) = match alone(module) {
        Some(found) => found,
        None => connected(component, &wiring)?,
    };
    let plan = completed(plan, &parts, tier)?;
    let modules = parts.iter().map(Part::with_exports).collect::<Result<Vec<_>, _>>().ok()?;
    carrier::encode(&modules, &plan).ok()
}

/// A core module that needs nothing but `log` has no use for what a component puts around it.
fn alone(module: &[u8]) -> Option<(Vec<Part<'_>>, Plan)> {
    if !Parser::is_core_wasm(module) {
        return None;
    }
    let part = Part::of(module).ok()??;
    let is_log = |(from, name): &(&str, &str)| contract::offered(from) == Some(LOG) && *name == LOG;
    let place = |name: &str| Place { instance: 0, name: name.to_owned() };
    // What a component holds may not import the same twice.
    let fits = part.imports.iter().all(is_log)
        && part.imports.iter().collect::<BTreeSet<_>>().len() == part.imports.len()
        && part.exports(MEMORY, ExternalKind::Memory)
        && called().all(|name| part.exports(name, ExternalKind::Func))
        && !part.exports("_initialize", ExternalKind::Func);
    let after = part.exports(AFTER_CONFIGURE, ExternalKind::Func).then_some(AFTER_CONFIGURE);
    let plan = Plan {
        instances: vec![Making { module: 0, imports: vec![Source::Log; part.imports.len()] }],
        memory: place(MEMORY),
        functions: called().chain(after).map(|name| (name.to_owned(), place(name))).collect(),
        globals: Vec::new(),
        data: 0..0,
    };
    fits.then_some((vec![part], plan))
}

/// The core modules of a component, connected as it has them.
fn connected<'c>(component: &'c [u8], wiring: &Wiring<'c>) -> Option<(Vec<Part<'c>>, Plan)> {
    let part = |range: &Range<usize>| Part::of(component.get(range.clone())?).ok()?;
    let parts = wiring.modules.iter().map(part).collect::<Option<Vec<_>>>()?;
    let function = |name: &str| {
        let place = if name == REALLOC { wiring.realloc() } else { wiring.exported(name) };
        Some((name.to_owned(), place?))
    };
    let mut functions: BTreeMap<_, _> = called().map(function).collect::<Option<_>>()?;
    functions.extend(wiring.after("configure").map(|place| (AFTER_CONFIGURE.to_owned(), place)));
    let plan = Plan {
        instances: wiring.makings(&parts)?,
        memory: wiring.memory()?,
        functions,
        globals: Vec::new(),
        data: 0..0,
    };
    Some((parts, plan))
}

fn called() -> impl Iterator<Item = &'static str> {
    contract::EXPORTS.into_iter().chain([REALLOC])
}

/// The plan with what is put back, if that is not too much.
fn completed(mut plan: Plan, parts: &[Part<'_>], tier: &Tier) -> Option<Plan> {
    let mut data = None;
    let mut memories = 0;
    for (instance, making) in plan.instances.iter().enumerate() {
        let part = parts.get(making.module)?;
        memories += usize::from(part.has_memory);
        data = part::around(data, part.data.clone());
        plan.globals.extend(part.globals().map(|name| Place { instance, name }));
    }
    let data = data.unwrap_or(0..0);
    let fits = memories == 1
        && plan.globals.len() <= GLOBALS_MAX
        && data.end - data.start <= tier.put_back.data_bytes;
    plan.data = usize::try_from(data.start).ok()?..usize::try_from(data.end).ok()?;
    fits.then_some(plan)
}

/// Whether a component's functions are those of our world: what is carried over its border is read by our layout of it.
fn speaks_our_types(component: &[u8]) -> bool {
    let Ok((resolve, world)) = contract::world("plugin") else { return false };
    wit_component::targets(&resolve, world, component).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::tier::INTERPRETED;
    use crate::sandbox::tier::NATIVE;

    const HEAD: &str = r#"(module
        (import "hookmill:plugin/log@1.0.0" "log" (func (param i32 i32 i32)))
        (memory (export "memory") 1)
        (global (mut i32) (i32.const 7)) (global (mut f64) (f64.const 2))
        (func (export "manifest") (result i32) i32.const 0)
        (func (export "configure") (param i32 i32) (result i32) i32.const 0)
        (func (export "transform-batch") (param i32 i32) (result i32) i32.const 0)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "transform") (param i32) (result i32) i32.const 0)"#;

    fn planned(more: &str, tier: &Tier) -> Option<Plan> {
        let module = wat::parse_str(format!("{HEAD} {more})")).unwrap();
        let (parts, plan) = alone(&module)?;
        completed(plan, &parts, tier)
    }

    #[test]
    fn a_module_alone_gets_log_and_has_its_globals_put_back() {
        let plan = planned(r#"(data (i32.const 9) "abc")"#, &NATIVE).unwrap();
        assert_eq!(plan.instances, [Making { module: 0, imports: vec![Source::Log] }]);
        let globals: Vec<_> = plan.globals.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(globals, ["hookmill:global:0", "hookmill:global:1"]);
        assert_eq!((plan.data, plan.functions.len()), (9..12, 5));
    }

    #[test]
    fn what_would_take_too_much_or_begins_with_more_does_not_run_directly() {
        assert!(planned(r#"(func (export "_initialize"))"#, &NATIVE).is_none());
        let far = r#"(data (i32.const 5) "a") (data (i32.const 1048581) "a")"#;
        assert_eq!([&NATIVE, &INTERPRETED].map(|tier| planned(far, tier).is_some()), [false, true]);
        let globals = |number: usize| "(global (mut i32) (i32.const 0))".repeat(number - 2);
        let fit = [GLOBALS_MAX, GLOBALS_MAX + 1].map(|number| planned(&globals(number), &NATIVE).is_some());
        assert_eq!(fit, [true, false]);
    }
}
