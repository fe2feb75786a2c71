//! The component that is compiled of a guest that may run directly: the same, but that its core modules export their
//! mutable globals, and that it exports its core modules. It runs as a component as well as it did before. Not here: where
//! the modules go (`assembly`).

use wasm_encoder::Component;
use wasm_encoder::ComponentExportKind;
use wasm_encoder::ComponentExportSection;
use wasm_encoder::ComponentSectionId;
use wasm_encoder::RawSection;
use wasmparser::Parser;
use wasmparser::Payload;

use crate::sandbox::direct::analysis::plan::Why;

/// What the core modules are exported as, before their numbers.
pub(in crate::sandbox::direct) const MODULE: &str = "hookmill-module";

/// The component with these core modules in place of its own, in the same order.
pub(in crate::sandbox::direct) fn exporting(component: &[u8], modules: &[Vec<u8>]) -> Result<Vec<u8>, Why> {
    let (mut made, mut depth, mut next) = (Component::new(), 0_usize, modules.iter());
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        let is_top = depth == 0;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !is_top {
            continue;
        }
        if let Payload::ModuleSection { .. } = &payload {
            let data = next.next().ok_or_else(|| Why::new("a core module that was not seen"))?;
            made.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data });
        } else if let Some((id, range)) = payload.as_section() {
            made.section(&RawSection { id, data: &component[range] });
        }
    }
    let mut exports = ComponentExportSection::new();
    for (number, _) in (0..).zip(modules) {
        exports.export(name(number).as_str(), ComponentExportKind::Module, number, None);
    }
    made.section(&exports);
    Ok(made.finish())
}

/// What the module of this number is exported as.
pub(in crate::sandbox::direct) fn name(number: u32) -> String {
    format!("{MODULE}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_the_same_with_its_modules_exported() {
        let text = r#"(component
            (component $c (core module) (type $t u8) (export "a" (type $t)))
            (core module $m (func (export "f") (result i32) (i32.const 1)))
            (core instance $i (instantiate $m))
            (core module $other)
            (func $f (result u32) (canon lift (core func $i "f")))
            (export "f" (func $f)))"#;
        let component = wat::parse_str(text).unwrap();
        let module = wat::parse_str(r#"(module (func (export "f") (result i32) (i32.const 2)))"#).unwrap();
        let made = exporting(&component, &[module, b"\0asm\x01\0\0\0".to_vec()]).unwrap();
        wasmparser::Validator::new().validate_all(&made).unwrap();
        let names = Parser::new(0).parse_all(&made).filter_map(|payload| match payload.unwrap() {
            Payload::ComponentExportSection(section) => Some(section),
            _ => None,
        });
        let names: Vec<_> = names.flatten().map(|export| export.unwrap().name.name.to_owned()).collect();
        assert_eq!(names, ["a", "f", "hookmill-module0", "hookmill-module1"]);
        assert!(exporting(&component, &[]).is_err());
    }
}
