//! Which core modules run directly, and what is added to them: exports of their mutable globals, which are put back after
//! each event. Runs in the compiler's process. Not here: running them.

use std::ops::Range;

use wasm_encoder::ExportKind;
use wasm_encoder::ExportSection;
use wasm_encoder::Module;
use wasm_encoder::RawSection;
use wasmparser::BinaryReaderError;
use wasmparser::CanonicalFunction;
use wasmparser::CanonicalOption;
use wasmparser::DataKind;
use wasmparser::ExternalKind;
use wasmparser::Operator;
use wasmparser::Parser;
use wasmparser::Payload;
use wasmparser::TypeRef;
use wasmparser::ValType;

use crate::sandbox::contract;

/// What the exported globals are called, before their numbers.
pub(crate) const GLOBAL: &str = "hookmill:global:";
/// Another name of the memory: after this, where its data begins and where it ends, as `1048576-1050000`. Looking for it
/// in the memory itself would touch all of its pages, and make every look at what was written slower.
pub(crate) const DATA: &str = "hookmill:data:";
/// The interface that may be imported, and its function.
pub(crate) const LOG: &str = "log";
/// What makes room in a guest's memory.
pub(crate) const REALLOC: &str = "cabi_realloc";
/// The export of the memory.
pub(crate) const MEMORY: &str = "memory";
/// Mutable globals that are put back after each event, which nothing interrupts.
const GLOBALS_MAX: usize = 64;
/// Bytes from the first data to the last, which the host keeps to put them back.
const DATA_BYTES_MAX: u64 = 1 << 20;

/// The module to run, if `module`, of which `component` was made, can be run directly.
pub(crate) fn prepared(module: &[u8], component: &[u8]) -> Option<Vec<u8>> {
    if !Parser::is_core_wasm(module) {
        return None;
    }
    let seen = Seen::of(module).ok().flatten()?;
    if !seen.fits() || !carries_plainly(component).unwrap_or(false) || !speaks_our_types(component) {
        return None;
    }
    seen.with_exports(module).ok()
}

/// What matters of a module.
#[derive(Default)]
struct Seen<'m> {
    memory_fits: bool,
    /// Where data begins and ends.
    data: Range<u64>,
    mutable_globals: Vec<u32>,
    exports: Vec<(&'m str, ExternalKind, u32)>,
}

impl<'m> Seen<'m> {
    /// `None` once something is there that cannot be put back.
    fn of(module: &'m [u8]) -> Result<Option<Self>, BinaryReaderError> {
        let mut seen = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            if !seen.takes(&payload?)? {
                return Ok(None);
            }
        }
        Ok(Some(seen))
    }

    /// Whether it can still be run directly with this part.
    fn takes(&mut self, payload: &Payload<'m>) -> Result<bool, BinaryReaderError> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    let is_log = contract::offered(import.module) == Some(LOG) && import.name == LOG;
                    if !is_log || !matches!(import.ty, TypeRef::Func(_)) {
                        return Ok(false);
                    }
                }
            }
            Payload::MemorySection(section) => {
                let memories = section.clone().into_iter().collect::<Result<Vec<_>, _>>()?;
                let [memory] = memories.as_slice() else { return Ok(false) };
                self.memory_fits = !memory.memory64 && !memory.shared && memory.page_size_log2.is_none();
            }
            Payload::DataSection(section) => return self.data(section.clone()),
            Payload::GlobalSection(section) => return self.globals(section.clone()),
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    self.exports.push((export.name, export.kind, export.index));
                }
            }
            // The elements and the data that were not put into tables and memory at the start could be dropped later.
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    if changes_tables(&operator?) {
                        return Ok(false);
                    }
                }
            }
            Payload::StartSection { .. } | Payload::TagSection(_) => return Ok(false),
            _ => {}
        }
        Ok(true)
    }

    fn data(&mut self, section: wasmparser::DataSectionReader<'m>) -> Result<bool, BinaryReaderError> {
        for data in section {
            let data = data?;
            let DataKind::Active { memory_index: 0, offset_expr } = data.kind else { continue };
            let mut operators = offset_expr.get_operators_reader();
            let Operator::I32Const { value } = operators.read()? else { return Ok(false) };
            if !matches!(operators.read()?, Operator::End) {
                return Ok(false);
            }
            let start = u64::from(value.cast_unsigned());
            let end = start + data.data.len() as u64;
            self.data = match self.data.is_empty() {
                true => start..end,
                false => self.data.start.min(start)..self.data.end.max(end),
            };
        }
        Ok(true)
    }

    fn globals(&mut self, section: wasmparser::GlobalSectionReader<'m>) -> Result<bool, BinaryReaderError> {
        for (index, global) in section.into_iter().enumerate() {
            let ty = global?.ty;
            let is_number = !matches!(ty.content_type, ValType::Ref(_));
            match (ty.mutable, is_number) {
                (true, false) => return Ok(false),
                // None is imported, so numbers begin here.
                (true, true) => self.mutable_globals.push(u32::try_from(index).unwrap_or(u32::MAX)),
                (false, _) => {}
            }
        }
        Ok(true)
    }

    fn fits(&self) -> bool {
        let has = |name: &str, kind| self.exports.iter().any(|export| (export.0, export.1) == (name, kind));
        let functions = contract::EXPORTS.into_iter().chain([REALLOC]);
        let is_odd = |name: &str| name == "_initialize" || name.starts_with(GLOBAL) || name.starts_with(DATA);
        self.memory_fits
            && self.mutable_globals.len() <= GLOBALS_MAX
            && self.data.end - self.data.start <= DATA_BYTES_MAX
            && has(MEMORY, ExternalKind::Memory)
            && functions.into_iter().all(|name| has(name, ExternalKind::Func))
            && !self.exports.iter().any(|export| is_odd(export.0))
    }

    /// The module with the exports that `live` needs, without what is only for makers of components.
    fn with_exports(&self, module: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        let mut made = Module::new();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            match &payload {
                Payload::ExportSection(_) => _ = made.section(&self.export_section()),
                Payload::CustomSection(custom) if custom.name() != "name" => {}
                other => {
                    if let Some((id, range)) = other.as_section() {
                        made.section(&RawSection { id, data: &module[range] });
                    }
                }
            }
        }
        Ok(made.finish())
    }

    fn export_section(&self) -> ExportSection {
        let mut section = ExportSection::new();
        for (name, kind, index) in &self.exports {
            let kind = match kind {
                ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
                ExternalKind::Table => ExportKind::Table,
                ExternalKind::Memory => ExportKind::Memory,
                ExternalKind::Global => ExportKind::Global,
                ExternalKind::Tag => ExportKind::Tag,
            };
            section.export(name, kind, *index);
        }
        for (number, index) in self.mutable_globals.iter().enumerate() {
            section.export(&format!("{GLOBAL}{number}"), ExportKind::Global, *index);
        }
        let Range { start, end } = self.data;
        section.export(&format!("{DATA}{start}-{end}"), ExportKind::Memory, 0);
        section
    }
}

fn changes_tables(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::ElemDrop { .. }
            | Operator::DataDrop { .. }
    )
}

/// Whether nothing is carried over a component's border in another way than `border` and `lift` know, such as text in
/// UTF-16.
fn carries_plainly(component: &[u8]) -> Result<bool, BinaryReaderError> {
    for payload in Parser::new(0).parse_all(component) {
        let Payload::ComponentCanonicalSection(section) = payload? else { continue };
        for function in section {
            let plain = match function? {
                CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => {
                    options.iter().all(is_plain)
                }
                _ => false,
            };
            if !plain {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn is_plain(option: &CanonicalOption) -> bool {
    use CanonicalOption::Memory;
    use CanonicalOption::PostReturn;
    use CanonicalOption::Realloc;
    use CanonicalOption::UTF8;
    matches!(option, UTF8 | Memory(_) | Realloc(_) | PostReturn(_))
}

/// Whether a component's functions are those of our world: what is carried over its border is read by our layout of it.
fn speaks_our_types(component: &[u8]) -> bool {
    let Ok((resolve, world)) = contract::world("plugin") else { return false };
    wit_component::targets(&resolve, world, component).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"(module
        (import "hookmill:plugin/log@1.0.0" "log" (func (param i32 i32 i32)))
        (memory (export "memory") 1)
        (global (mut i32) (i32.const 7)) (global i32 (i32.const 1)) (global (mut f64) (f64.const 2))
        (table 1 funcref)
        (func (export "manifest") (result i32) i32.const 0)
        (func (export "configure") (param i32 i32) (result i32) i32.const 0)
        (func (export "transform-batch") (param i32 i32) (result i32) i32.const 0)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "transform") (param i32) (result i32) i32.const 0)"#;

    fn fits(more: &str) -> bool {
        let module = wat::parse_str(format!("{HEAD} {more})")).unwrap();
        Seen::of(&module).unwrap().is_some_and(|seen| seen.fits())
    }

    #[test]
    fn what_cannot_be_put_back_does_not_run_directly() {
        assert!(fits(""));
        assert!(fits("(func i32.const 0 memory.size i32.const 1 memory.fill)"));
        for more in [
            "(func) (start 7)",
            "(func (export \"_initialize\"))",
            "(func i32.const 0 ref.null func table.set 0)",
            "(func ref.null func i32.const 1 table.grow 0 drop)",
            "(data $d \"a\") (func data.drop $d)",
            "(elem $e func 1) (func elem.drop $e)",
            "(global (mut funcref) (ref.null func))",
            "(global $at i32 (i32.const 9)) (data (global.get $at) \"a\")",
            "(global (export \"hookmill:global:0\") i32 (i32.const 0))",
            "(data (i32.const 5) \"a\") (data (i32.const 1048581) \"a\")",
        ] {
            assert!(!fits(more), "{more}");
        }
        let globals = |number: usize| fits(&"(global (mut i32) (i32.const 0))".repeat(number - 2));
        assert_eq!([globals(GLOBALS_MAX), globals(GLOBALS_MAX + 1)], [true, false]);
    }

    #[test]
    fn mutable_globals_are_exported_and_nothing_else_changes() {
        let module =
            wat::parse_str(format!(r#"{HEAD} (data (i32.const 70) "abc") (data (i32.const 9) "d"))"#))
                .unwrap();
        let seen = Seen::of(&module).unwrap().unwrap();
        let made = seen.with_exports(&module).unwrap();
        let again = Seen::of(&made).unwrap().unwrap();
        let added: Vec<_> = again.exports.iter().filter(|export| export.0.starts_with(GLOBAL)).collect();
        assert_eq!(
            added,
            [
                &("hookmill:global:0", ExternalKind::Global, 0),
                &("hookmill:global:1", ExternalKind::Global, 2)
            ]
        );
        assert_eq!(again.exports.last(), Some(&("hookmill:data:9-73", ExternalKind::Memory, 0)));
        assert_eq!(again.exports.len(), seen.exports.len() + 3);
        wasmparser::Validator::new().validate_all(&made).unwrap();
    }
}
