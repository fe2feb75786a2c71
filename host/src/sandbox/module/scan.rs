//! Looks over an upload before anything is compiled: what it is, what it imports and exports, which
//! tier it belongs to, and whether it stays below what honest modules of that tier need. One pass,
//! time linear in the bytes, nothing of it kept. Not here: validation, which the compiler does.

use wasmparser::ComponentExternalKind;
use wasmparser::ComponentTypeRef;
use wasmparser::Parser;
use wasmparser::Payload;
use wasmparser::TypeBounds;

use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::module::contract;
use crate::sandbox::module::figures::ModuleFigures;
use crate::sandbox::module::tier::Tier;

/// Core modules and components within.
const MODULES: u64 = 64;
/// Components within components.
const DEPTH: usize = 16;
/// Instances, aliases, types, conversions and other parts of components.
const PARTS: u64 = 20_000;

/// What the scan found.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Interfaces that are imported, as `log`; sorted, each once.
    pub imports: Vec<String>,
    /// Where it belongs.
    pub tier: &'static Tier,
}

/// Looks over `bytes`. Says all it finds wrong of the first kind of fault it meets.
pub(crate) fn scan(bytes: &[u8]) -> Result<Scan, Refusal> {
    if bytes.get(..4) != Some(b"\0asm") {
        let detail = "the bytes are not WebAssembly: they do not begin with `\\0asm`";
        return Err(Refusal::new(RefusalCode::NotWasm, detail));
    }
    let mut walk = Walk { top_is_module: Parser::is_core_wasm(bytes), ..Walk::default() };
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| malformed(&error, bytes))?;
        walk.take(&payload).map_err(|stop| match stop {
            Stop::Malformed(error) => malformed(&error, bytes),
            Stop::Complex(detail) => Refusal::new(RefusalCode::TooComplex, detail),
        })?;
    }
    walk.finish()
}

fn malformed(error: &wasmparser::BinaryReaderError, bytes: &[u8]) -> Refusal {
    let cut = if error.offset() >= bytes.len() { "; it looks cut off" } else { "" };
    let detail = format!("not valid WebAssembly: {} at byte {}{cut}", error.message(), error.offset());
    Refusal::new(RefusalCode::Invalid, detail)
}

enum Stop {
    Malformed(wasmparser::BinaryReaderError),
    Complex(String),
}

impl From<wasmparser::BinaryReaderError> for Stop {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(error)
    }
}

fn within(what: &str, seen: u64, most: u64) -> Result<(), Stop> {
    if seen > most {
        return Err(Stop::Complex(format!("{what}: {seen} of at most {most}")));
    }
    Ok(())
}

#[derive(Default)]
struct Walk {
    top_is_module: bool,
    has_wit: bool,
    depth: usize,
    modules: u64,
    parts: u64,
    figures: ModuleFigures,
    imports: Vec<String>,
    not_offered: Vec<String>,
    exports: Vec<String>,
}

impl Walk {
    fn take(&mut self, payload: &Payload<'_>) -> Result<(), Stop> {
        match payload {
            Payload::Version { .. } => self.enter()?,
            Payload::End(_) => self.depth = self.depth.saturating_sub(1),
            Payload::FunctionSection(list) => self.figures.functions += u64::from(list.count()),
            Payload::CodeSectionEntry(body) => self.figures.function(body)?,
            Payload::TableSection(tables) => self.figures.tables(tables)?,
            Payload::MemorySection(memories) => self.figures.memories(memories)?,
            Payload::InstanceSection(instances) => self.figures.instances(instances)?,
            Payload::CustomSection(custom) => {
                self.figures.names(custom);
                self.has_wit |= self.at_top(true) && custom.name().starts_with("component-type");
            }
            Payload::ImportSection(imports) if self.at_top(true) => self.module_imports(imports)?,
            Payload::ExportSection(exports) if self.at_top(true) => {
                for export in exports.clone() {
                    self.exports.push(export?.name.to_owned());
                }
            }
            Payload::ComponentImportSection(imports) if self.at_top(false) => {
                self.component_imports(imports)?
            }
            Payload::ComponentExportSection(exports) if self.at_top(false) => {
                for export in exports.clone() {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Func {
                        self.exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
        self.parts += parts_of(payload);
        within("parts of components (instances, aliases, types, conversions)", self.parts, PARTS)
    }

    fn enter(&mut self) -> Result<(), Stop> {
        self.depth += 1;
        self.modules += 1;
        within("modules and components within", self.modules, MODULES)?;
        within("components within components", self.depth as u64, DEPTH as u64)
    }

    fn at_top(&self, module: bool) -> bool {
        self.depth == 1 && self.top_is_module == module
    }

    fn module_imports(&mut self, imports: &wasmparser::ImportSectionReader<'_>) -> Result<(), Stop> {
        for import in imports.clone().into_imports() {
            let import = import?;
            self.import(import.module, || format!("{}.{}", import.module, import.name));
        }
        Ok(())
    }

    fn component_imports(
        &mut self,
        imports: &wasmparser::ComponentImportSectionReader<'_>,
    ) -> Result<(), Stop> {
        for import in imports.clone() {
            let import = import?;
            // The world names types of its interfaces; that is no ability.
            if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                self.import(import.name.name, || import.name.name.to_owned());
            }
        }
        Ok(())
    }

    fn import(&mut self, interface: &str, full: impl FnOnce() -> String) {
        match contract::offered(interface) {
            Some(contract::TYPES) => {}
            Some(name) => self.imports.push(name.to_owned()),
            None => self.not_offered.push(full()),
        }
    }

    fn finish(mut self) -> Result<Scan, Refusal> {
        let tier = Tier::of(&self.figures);
        tier.takes(&self.figures).map_err(|detail| Refusal::new(RefusalCode::TooComplex, detail))?;
        self.not_offered.sort();
        self.not_offered.dedup();
        if !self.not_offered.is_empty() {
            let named = listed(&self.not_offered);
            let detail =
                format!("the gateway does not offer {named}; it offers {}", contract::OFFERED.join(", "));
            return Err(Refusal::new(RefusalCode::ImportNotOffered, detail));
        }
        let has = |name: &&str| self.exports.iter().any(|export| contract::is_export(export, name));
        let missing: Vec<String> =
            contract::EXPORTS.iter().filter(|name| !has(name)).map(|name| format!("`{name}`")).collect();
        if !missing.is_empty() {
            let detail = format!(
                "it does not export {}; a plugin exports all of the world hookmill:plugin/plugin",
                missing.join(", ")
            );
            return Err(Refusal::new(RefusalCode::MissingExport, detail));
        }
        if self.top_is_module && !self.has_wit {
            let detail =
                "a core module that does not carry its WIT: build it with wit-bindgen, or upload a component";
            return Err(Refusal::new(RefusalCode::Invalid, detail));
        }
        self.imports.sort();
        self.imports.dedup();
        Ok(Scan { imports: self.imports, tier })
    }
}

/// The first few names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{}`", short(name))).collect();
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn short(name: &str) -> &str {
    &name[..name.floor_char_boundary(128)]
}

/// Parts of a component that cost the compiler or each instance something.
fn parts_of(payload: &Payload<'_>) -> u64 {
    let parts = match payload {
        Payload::InstanceSection(section) => section.count(),
        Payload::ComponentInstanceSection(section) => section.count(),
        Payload::ComponentAliasSection(section) => section.count(),
        Payload::ComponentTypeSection(section) => section.count(),
        Payload::CoreTypeSection(section) => section.count(),
        Payload::ComponentCanonicalSection(section) => section.count(),
        Payload::ComponentImportSection(section) => section.count(),
        Payload::ComponentExportSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        Payload::TypeSection(section) => section.count(),
        _ => 0,
    };
    u64::from(parts)
}
