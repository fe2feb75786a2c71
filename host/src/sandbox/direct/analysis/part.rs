//! A core module of a guest: whether all that it can change can be put back, and the exports that this takes. What a
//! module can change is its memory, its mutable globals, its tables and its segments; the last two must not change. Not
//! here: how modules are connected (`wiring`).

use std::ops::Range;

use wasm_encoder::ExportKind;
use wasm_encoder::ExportSection;
use wasm_encoder::Module;
use wasm_encoder::RawSection;
use wasmparser::DataKind;
use wasmparser::ExternalKind;
use wasmparser::Operator;
use wasmparser::Parser;
use wasmparser::Payload;
use wasmparser::TypeRef;
use wasmparser::ValType;

use crate::sandbox::direct::analysis::followed;
use crate::sandbox::direct::analysis::plan::Why;

/// What the exported globals are called, before their numbers.
const GLOBAL: &str = "hookmill:global:";

/// See the head of this file.
#[derive(Debug)]
pub(in crate::sandbox::direct) struct CoreModule<'m> {
    module: &'m [u8],
    /// Module and name of each.
    pub(in crate::sandbox::direct) imports: Vec<(&'m str, &'m str)>,
    pub(in crate::sandbox::direct) has_memory: bool,
    /// Where data begins and ends.
    pub(in crate::sandbox::direct) data: Option<Range<u64>>,
    imported_globals: u32,
    mutable_globals: Vec<u32>,
    exports: Vec<(&'m str, ExternalKind, u32)>,
}

impl<'m> CoreModule<'m> {
    /// Or why it cannot be put back.
    pub(in crate::sandbox::direct) fn of(module: &'m [u8]) -> Result<Self, Why> {
        let mut part = Self {
            module,
            imports: Vec::new(),
            has_memory: false,
            data: None,
            imported_globals: 0,
            mutable_globals: Vec::new(),
            exports: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(module) {
            part.take(&payload?)?;
        }
        if part.exports.iter().any(|export| export.0.starts_with(GLOBAL)) {
            return Err(Why::new(format!("one of its modules exports something as `{GLOBAL}…`")));
        }
        // Where there is no section of exports, none is added to.
        if part.exports.is_empty() && !part.mutable_globals.is_empty() {
            return Err(Why::new("one of its modules has globals and exports nothing"));
        }
        Ok(part)
    }

    /// What its mutable globals are exported as by [`CoreModule::with_exports`].
    pub(in crate::sandbox::direct) fn globals(&self) -> impl Iterator<Item = String> {
        (0..self.mutable_globals.len()).map(|number| format!("{GLOBAL}{number}"))
    }

    /// Bytes of the names of its imports.
    pub(in crate::sandbox::direct) fn name_bytes(&self) -> usize {
        self.imports.iter().map(|(from, name)| from.len() + name.len()).sum()
    }

    fn take(&mut self, payload: &Payload<'m>) -> Result<(), Why> {
        match payload {
            Payload::ImportSection(section) => self.own_imports(section.clone()),
            Payload::MemorySection(section) => self.memory(section.clone()),
            Payload::DataSection(section) => self.segments(section.clone()),
            Payload::GlobalSection(section) => self.own_globals(section.clone()),
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    self.exports.push((export.name, export.kind, export.index));
                }
                Ok(())
            }
            // The elements and the data that were not put into tables and memory at the start could be dropped later.
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    let operator = operator?;
                    if !followed::is_followed(&operator) {
                        return Err(Why::new(format!(
                            "it has an instruction that is not followed: {operator:?}"
                        )));
                    }
                }
                Ok(())
            }
            Payload::StartSection { .. } => Err(Why::new("one of its modules does something when it starts")),
            Payload::Version { .. }
            | Payload::TypeSection(_)
            | Payload::FunctionSection(_)
            | Payload::TableSection(_)
            | Payload::ElementSection(_)
            | Payload::DataCountSection { .. }
            | Payload::CodeSectionStart { .. }
            | Payload::CustomSection(_)
            | Payload::End(_) => Ok(()),
            _ => Err(Why::new("one of its modules has a section that is not followed")),
        }
    }

    fn own_imports(&mut self, section: wasmparser::ImportSectionReader<'m>) -> Result<(), Why> {
        for import in section.into_imports() {
            let import = import?;
            match import.ty {
                TypeRef::Func(_) | TypeRef::Table(_) | TypeRef::Memory(_) => {}
                TypeRef::Global(_) => self.imported_globals += 1,
                _ => return Err(Why::new("one of its modules imports something that is not followed")),
            }
            self.imports.push((import.module, import.name));
        }
        Ok(())
    }

    fn memory(&mut self, section: wasmparser::MemorySectionReader<'m>) -> Result<(), Why> {
        let memories = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.has_memory = !memories.is_empty();
        let is_plain = |memory: &wasmparser::MemoryType| {
            !memory.memory64 && !memory.shared && memory.page_size_log2.is_none()
        };
        if memories.len() > 1 || !memories.iter().all(is_plain) {
            return Err(Why::new("it has more than one plain memory"));
        }
        Ok(())
    }

    fn segments(&mut self, section: wasmparser::DataSectionReader<'m>) -> Result<(), Why> {
        let elsewhere = || Why::new("it has data of which nobody knows beforehand where it goes");
        for data in section {
            let data = data?;
            let (memory_index, offset_expr) = match data.kind {
                DataKind::Active { memory_index, offset_expr } => (memory_index, offset_expr),
                DataKind::Passive => continue,
            };
            let mut operators = offset_expr.get_operators_reader();
            let Operator::I32Const { value } = operators.read()? else { return Err(elsewhere()) };
            if memory_index != 0 || !matches!(operators.read()?, Operator::End) {
                return Err(elsewhere());
            }
            let start = u64::from(value.cast_unsigned());
            self.data = around(self.data.take(), Some(start..start + data.data.len() as u64));
        }
        Ok(())
    }

    fn own_globals(&mut self, section: wasmparser::GlobalSectionReader<'m>) -> Result<(), Why> {
        for (index, global) in (self.imported_globals..).zip(section) {
            let ty = global?.ty;
            match (ty.mutable, ty.content_type) {
                (true, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128) => {
                    self.mutable_globals.push(index);
                }
                (true, ValType::Ref(_)) => return Err(Why::new("it has a global that refers to something")),
                (false, _) => {}
            }
        }
        Ok(())
    }

    /// The module with its mutable globals exported, without what is only for makers of components.
    pub(in crate::sandbox::direct) fn with_exports(&self) -> Result<Vec<u8>, Why> {
        let mut made = Module::new();
        for payload in Parser::new(0).parse_all(self.module) {
            let payload = payload?;
            match &payload {
                Payload::ExportSection(_) => _ = made.section(&self.export_section()),
                Payload::CustomSection(custom) if custom.name() != "name" => {}
                other => {
                    if let Some((id, range)) = other.as_section() {
                        made.section(&RawSection { id, data: &self.module[range] });
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
        for (name, index) in self.globals().zip(&self.mutable_globals) {
            section.export(&name, ExportKind::Global, *index);
        }
        section
    }
}

/// The smallest range that has both.
pub(in crate::sandbox::direct) fn around(
    one: Option<Range<u64>>,
    other: Option<Range<u64>>,
) -> Option<Range<u64>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.start.min(other.start)..one.end.max(other.end)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"(module
        (import "env" "base" (global i32))
        (import "env" "log" (func (param i32 i32 i32)))
        (memory (export "memory") 1)
        (global (mut i32) (i32.const 7)) (global i32 (i32.const 1)) (global (mut f64) (f64.const 2))
        (table 1 funcref)
        (func (export "f") (result i32) i32.const 0)"#;

    fn module(more: &str) -> Vec<u8> {
        wat::parse_str(format!("{HEAD} {more})")).unwrap()
    }

    #[test]
    fn what_cannot_be_put_back_is_seen() {
        let fits = |more: &str| CoreModule::of(&module(more)).is_ok();
        assert!(fits(""));
        assert!(fits("(func i32.const 0 memory.size i32.const 1 memory.fill)"));
        for more in [
            "(func) (start 2)",
            "(func i32.const 0 ref.null func table.set 0)",
            "(func ref.null func i32.const 1 table.grow 0 drop)",
            "(data $d \"a\") (func data.drop $d)",
            "(elem $e func 1) (func elem.drop $e)",
            "(global (mut funcref) (ref.null func))",
            "(data (global.get 0) \"a\")",
            "(memory 1)",
            "(tag)",
            "(func return_call 0)",
            "(func i32.const 0 i32.const 0 i32.const 0 table.copy)",
            "(global (export \"hookmill:global:0\") i32 (i32.const 0))",
        ] {
            assert!(!fits(more), "{more}");
        }
        for whole in ["(module (memory i64 1))", "(module (global (mut i32) (i32.const 0)))"] {
            assert!(CoreModule::of(&wat::parse_str(whole).unwrap()).is_err(), "{whole}");
        }
    }

    fn exports(module: &[u8]) -> Vec<(String, u32)> {
        let payloads = Parser::new(0).parse_all(module).map(Result::unwrap);
        let section = payloads.filter_map(|payload| match payload {
            Payload::ExportSection(section) => Some(section),
            _ => None,
        });
        section.flatten().map(Result::unwrap).map(|export| (export.name.to_owned(), export.index)).collect()
    }

    #[test]
    fn mutable_globals_are_exported_and_nothing_else_changes() {
        let module = module(r#"(data (i32.const 70) "abc") (data (i32.const 9) "d")"#);
        let part = CoreModule::of(&module).unwrap();
        assert_eq!((part.data.clone(), part.imports.len(), part.has_memory), (Some(9..73), 2, true));
        let made = part.with_exports().unwrap();
        wasmparser::Validator::new().validate_all(&made).unwrap();
        let exported = exports(&made);
        let added: Vec<_> = exported.iter().filter(|export| export.0.starts_with(GLOBAL)).collect();
        let expected = [("hookmill:global:0".to_owned(), 1), ("hookmill:global:1".to_owned(), 3)];
        assert_eq!(added, expected.iter().collect::<Vec<_>>());
        assert_eq!(part.globals().collect::<Vec<_>>(), expected.map(|(name, _)| name));
        assert_eq!(exported.len(), part.exports.len() + 2);
    }
}
