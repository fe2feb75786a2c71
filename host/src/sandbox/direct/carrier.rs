//! A component that only carries core modules, to be compiled together: it exports each of them, and one more whose memory
//! holds the plan, as JSON. Not here: what the plan says.

use wasm_encoder::Component;
use wasm_encoder::ComponentExportKind;
use wasm_encoder::ComponentExportSection;
use wasm_encoder::ComponentSectionId;
use wasm_encoder::ConstExpr;
use wasm_encoder::DataSection;
use wasm_encoder::ExportKind;
use wasm_encoder::ExportSection;
use wasm_encoder::MemorySection;
use wasm_encoder::MemoryType;
use wasm_encoder::Module;
use wasm_encoder::RawSection;
use wasmparser::ComponentExternalKind;
use wasmparser::Parser;
use wasmparser::Payload;
use wasmtime::Engine;
use wasmtime::Instance;
use wasmtime::Store;
use wasmtime::component;
use wasmtime::format_err;

use crate::sandbox::direct::plan::Plan;

/// The export of the module with the plan, and that of its memory.
const PLAN: &str = "plan";
/// Bytes of a page of WebAssembly's memory.
const PAGE: usize = 64 << 10;

pub(super) fn encode(modules: &[Vec<u8>], plan: &Plan) -> serde_json::Result<Vec<u8>> {
    let (mut carrier, mut exports) = (Component::new(), ComponentExportSection::new());
    let plan = text(&serde_json::to_vec(plan)?);
    let named = modules.iter().enumerate().map(|(number, module)| (name(number), module));
    for (number, (name, data)) in (0..).zip(named.chain([(PLAN.to_owned(), &plan)])) {
        carrier.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data });
        exports.export(name.as_str(), ComponentExportKind::Module, number, None);
    }
    carrier.section(&exports);
    Ok(carrier.finish())
}

fn name(number: usize) -> String {
    format!("module{number}")
}

/// A module whose memory begins with these bytes.
fn text(bytes: &[u8]) -> Vec<u8> {
    let (mut memories, mut exports, mut data) =
        (MemorySection::new(), ExportSection::new(), DataSection::new());
    let pages = bytes.len().div_ceil(PAGE) as u64;
    let plain =
        MemoryType { minimum: pages, maximum: None, memory64: false, shared: false, page_size_log2: None };
    memories.memory(plain);
    exports.export(PLAN, ExportKind::Memory, 0);
    data.active(0, &ConstExpr::i32_const(0), bytes.iter().copied());
    Module::new().section(&memories).section(&exports).section(&data).clone().finish()
}

/// Whether a component may be taken for one that carries: a guest's must not be.
pub(crate) fn resembles_carrier(component: &[u8]) -> bool {
    let exports =
        Parser::new(0).parse_all(component).map_while(Result::ok).filter_map(|payload| match payload {
            Payload::ComponentExportSection(section) => Some(section),
            _ => None,
        });
    exports.flatten().map_while(Result::ok).any(|export| export.kind == ComponentExternalKind::Module)
}

/// What a component carries, if it is one that only carries.
pub(super) fn decode(
    engine: &Engine,
    carrier: &component::Component,
) -> wasmtime::Result<Option<(Vec<wasmtime::Module>, Plan)>> {
    if carrier.get_export_index(None, PLAN).is_none() {
        return Ok(None);
    }
    let mut store = Store::new(engine, ());
    let carrier = component::Linker::new(engine).instantiate(&mut store, carrier)?;
    let plan = carrier.get_module(&mut store, PLAN).ok_or_else(|| format_err!("no plan"))?;
    let plan = Instance::new(&mut store, &plan, &[])?.get_memory(&mut store, PLAN);
    let text = plan.ok_or_else(|| format_err!("no plan"))?.data(&store);
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let plan = serde_json::from_slice(text)?;
    let modules = (0..).map_while(|number| carrier.get_module(&mut store, name(number).as_str())).collect();
    Ok(Some((modules, plan)))
}
