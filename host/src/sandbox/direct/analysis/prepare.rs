//! Which guests run directly, and what is made of them for that. Runs in the compiler's process. Not here: running them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::sandbox::direct::analysis::exporting;
use crate::sandbox::direct::analysis::followed;
use crate::sandbox::direct::analysis::part;
use crate::sandbox::direct::analysis::part::CoreModule;
use crate::sandbox::direct::analysis::plan;
use crate::sandbox::direct::analysis::plan::DirectPlan;
use crate::sandbox::direct::analysis::plan::ExportPlace;
use crate::sandbox::direct::analysis::plan::GLOBALS_MAX;
use crate::sandbox::direct::analysis::plan::Why;
use crate::sandbox::direct::analysis::wiring::Wiring;
use crate::sandbox::module::contract;
use crate::sandbox::module::tier::PutBack;

/// The component to be compiled in place of this one, and the plan by which its core modules are run; or why it only runs
/// as it is. Of what is put back there may be so much.
pub(crate) fn prepared(component: &[u8], most: &PutBack) -> Result<(Vec<u8>, DirectPlan), Why> {
    followed::features(component)?;
    speaks_our_types(component)?;
    let wiring = Wiring::of(component)?;
    let part = |range: &Range<usize>| CoreModule::of(component.get(range.clone()).unwrap_or_default());
    let parts = wiring.modules.iter().map(part).collect::<Result<Vec<_>, _>>()?;
    let plan = completed(connected(&wiring, &parts)?, &parts, most)?;
    let modules = parts.iter().map(CoreModule::with_exports).collect::<Result<Vec<_>, _>>()?;
    Ok((exporting::exporting(component, &modules)?, plan))
}

/// The core modules of a component, connected as it has them.
fn connected(wiring: &Wiring<'_>, parts: &[CoreModule<'_>]) -> Result<DirectPlan, Why> {
    let mut functions = BTreeMap::new();
    for name in contract::EXPORTS.into_iter().chain([contract::REALLOC]) {
        let place = if name == contract::REALLOC { wiring.realloc() } else { wiring.exported(name) };
        let place = place.ok_or_else(|| Why::new(format!("it is not clear what its `{name}` is")))?;
        functions.insert(name.to_owned(), place);
        functions.extend(wiring.after(name).map(|place| (contract::after(name), place)));
    }
    Ok(DirectPlan {
        instances: wiring.makings(parts)?,
        memory: wiring.memory().ok_or_else(|| Why::new("it hands over values by more than one memory"))?,
        functions,
        globals: Vec::new(),
        data: 0..0,
    })
}

/// The plan with what is put back, if that is not too much.
fn completed(mut plan: DirectPlan, parts: &[CoreModule<'_>], most: &PutBack) -> Result<DirectPlan, Why> {
    let mut data = None;
    let mut memories = 0;
    for (instance, making) in plan.instances.iter().enumerate() {
        let part = parts.get(making.module).ok_or_else(|| Why::new("a module that is not there"))?;
        memories += usize::from(part.has_memory);
        data = part::around(data, part.data.clone());
        plan.globals.extend(part.globals().map(|name| ExportPlace { instance, name }));
    }
    if memories != 1 {
        return Err(Why::new(format!("it has {memories} memories, not one")));
    }
    plan::within("mutable globals", plan.globals.len(), GLOBALS_MAX)?;
    let data = data.unwrap_or(0..0);
    let place = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
    plan.data = place(data.start)..place(data.end);
    plan::within("bytes of data", plan.data.len(), most.data_bytes)?;
    Ok(plan)
}

/// A component's functions must be those of our world: what is carried over its border is read by our layout of it.
fn speaks_our_types(component: &[u8]) -> Result<(), Why> {
    let spoken = contract::world("plugin")
        .and_then(|(resolve, world)| wit_component::targets(&resolve, world, component));
    spoken.map_err(|_| Why::new("it imports more than `log`, or its exports have other types"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::direct::analysis::plan::ImportSource;
    use crate::sandbox::direct::analysis::plan::Making;

    const MOST: PutBack =
        PutBack { pages: 1, data_bytes: 1 << 20, bytes_of_all: 0, configured_bytes: 0, idle: 0 };

    fn planned(more: &str) -> Result<DirectPlan, String> {
        let text = format!(
            r#"(module (memory (export "memory") 1)
            (global (mut i32) (i32.const 7)) (global (mut f64) (f64.const 2)) {more})"#
        );
        let module = wat::parse_str(text).unwrap();
        let parts = [CoreModule::of(&module).map_err(|why| why.to_string())?];
        let place = ExportPlace { instance: 0, name: "memory".to_owned() };
        let instances = vec![Making { module: 0, imports: vec![ImportSource::Log] }];
        let plan = DirectPlan {
            instances,
            memory: place,
            functions: BTreeMap::new(),
            globals: Vec::new(),
            data: 0..0,
        };
        completed(plan, &parts, &MOST).map_err(|why| why.to_string())
    }

    #[test]
    fn mutable_globals_and_data_are_put_back() {
        let plan = planned(r#"(data (i32.const 9) "abc")"#).unwrap();
        let globals: Vec<_> = plan.globals.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(globals, ["hookmill:global:0", "hookmill:global:1"]);
        assert_eq!(plan.data, 9..12);
    }

    #[test]
    fn what_would_take_too_much_does_not_run_directly() {
        let far = r#"(data (i32.const 5) "a") (data (i32.const 1048581) "a")"#;
        assert!(planned(far).unwrap_err().contains("bytes of data"));
        let globals = |number: usize| "(global (mut i32) (i32.const 0))".repeat(number - 2);
        assert!(planned(&globals(GLOBALS_MAX)).is_ok());
        assert!(planned(&globals(GLOBALS_MAX + 1)).unwrap_err().contains("mutable globals"));
    }
}
