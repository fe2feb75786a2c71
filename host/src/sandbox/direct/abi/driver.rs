//! The few lines of WebAssembly between host and plugin. Each call from the host has its price, and handing over one event
//! takes a dozen calls of the plugin's allocator before the plugin itself is called; the driver makes them all, from within.
//! Not here: what the host answers it (`imports`), who calls it (`live`).

use wasm_encoder::BlockType;
use wasm_encoder::CodeSection;
use wasm_encoder::EntityType;
use wasm_encoder::ExportKind;
use wasm_encoder::ExportSection;
use wasm_encoder::Function;
use wasm_encoder::FunctionSection;
use wasm_encoder::ImportSection;
use wasm_encoder::InstructionSink;
use wasm_encoder::NameSection;
use wasm_encoder::TypeSection;
use wasm_encoder::ValType;
use wasmtime::Caller;
use wasmtime::Engine;
use wasmtime::Extern;
use wasmtime::Instance;
use wasmtime::Linker;
use wasmtime::Module;
use wasmtime::Store;

use crate::sandbox::direct::abi::imports;
use crate::sandbox::direct::instances::assembly::Assembly;
use crate::sandbox::direct::instances::pages::Pages;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::module::contract;
use crate::sandbox::module::contract::LOG;
use crate::sandbox::module::contract::REALLOC;

/// Parameters of `transform`: an event has seven texts and lists, each a place and a length.
const EVENT: usize = 14;
/// What the driver calls itself, which tells its frames from those of the guest.
pub(crate) const NAME: &str = "hookmill";
/// Where the driver's imports come from.
const HOST: &str = "host";
const GUEST: &str = "guest";

/// The driver, compiled, and what it asks the host.
pub(crate) struct Driver {
    module: Module,
    host: Linker<GuestState>,
    pub(in crate::sandbox::direct) pages: Pages,
}

impl Driver {
    pub(crate) fn new(engine: &Engine) -> wasmtime::Result<Self> {
        let module = Module::new(engine, module())?;
        let mut host = Linker::new(engine);
        host.func_wrap(HOST, "next", |mut caller: Caller<'_, GuestState>, place: u32| {
            imports::next(&mut caller, place)
        })?;
        host.func_wrap(HOST, "list", |mut caller: Caller<'_, GuestState>| {
            imports::places::<1>(&mut caller).map(pair)
        })?;
        host.func_wrap(HOST, "event", |mut caller: Caller<'_, GuestState>| {
            imports::places::<7>(&mut caller).map(event)
        })?;
        host.func_wrap(HOST, LOG, imports::log)?;
        Ok(Self { module, host, pages: Pages::new() })
    }

    /// Makes the instances of a guest, and one that drives them.
    pub(crate) async fn drive(
        &self,
        store: &mut Store<GuestState>,
        guest: &Assembly,
    ) -> wasmtime::Result<(Vec<Instance>, Instance)> {
        let log = self.host.get(&mut *store, HOST, LOG)?;
        let made = guest.make(store, &log).await?;
        let mut imports: Vec<Extern> = Vec::new();
        for import in self.module.imports() {
            let name = import.name();
            let none = || wasmtime::format_err!("no function `{name}`");
            imports.push(match import.module() {
                HOST => self.host.get(&mut *store, HOST, name)?,
                _ => guest.functions.get(name).ok_or_else(none)?.of(store, &made)?,
            });
        }
        let driver = Instance::new_async(store, &self.module, &imports).await?;
        Ok((made, driver))
    }
}

fn pair([(place, length)]: [(u32, u32); 1]) -> (u32, u32) {
    (place, length)
}

type Event = (u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32);

fn event([a, b, c, d, e, f, g]: [(u32, u32); 7]) -> Event {
    (a.0, a.1, b.0, b.1, c.0, c.1, d.0, d.1, e.0, e.1, f.0, f.1, g.0, g.1)
}

// Functions by number: imports first, as `imports` has them.
const NEXT: u32 = 0;
const LIST: u32 = 1;
const TAKE_EVENT: u32 = 2;
const ALLOCATE: u32 = 3;
const MANIFEST: u32 = 4;
const CONFIGURE: u32 = 5;
const TRANSFORM: u32 = 6;
const TRANSFORM_BATCH: u32 = 7;
const LOWER: u32 = 8;

/// What the driver is made of.
fn module() -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    let (mut functions, mut exports, mut code) =
        (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    functions.function(ty::NOTHING);
    code.function(&lower());
    for (name, body) in [
        ("manifest", manifest as fn(&mut InstructionSink<'_>)),
        ("configure", configure),
        ("transform", transform),
        ("transform-batch", transform_batch),
    ] {
        exports.export(name, ExportKind::Func, LOWER + functions.len());
        functions.function(ty::ANSWER);
        let mut function = Function::new([]);
        body(&mut function.instructions());
        function.instructions().end();
        code.function(&function);
    }
    let mut names = NameSection::new();
    names.module(NAME);
    module.section(&types()).section(&imports()).section(&functions).section(&exports).section(&code);
    module.section(&names);
    module.finish()
}

/// Types by number.
mod ty {
    pub(in crate::sandbox::direct) const NEXT: u32 = 0;
    pub(in crate::sandbox::direct) const LIST: u32 = 1;
    pub(in crate::sandbox::direct) const EVENT: u32 = 2;
    pub(in crate::sandbox::direct) const ALLOCATE: u32 = 3;
    pub(in crate::sandbox::direct) const TAKES_LIST: u32 = 4;
    pub(in crate::sandbox::direct) const TAKES_EVENT: u32 = 5;
    pub(in crate::sandbox::direct) const ANSWER: u32 = 6;
    pub(in crate::sandbox::direct) const NOTHING: u32 = 7;
}

fn types() -> TypeSection {
    use ValType::I32;
    use ValType::I64;
    let mut types = TypeSection::new();
    types.ty().function([I32], [I64]);
    types.ty().function([], [I32; 2]);
    types.ty().function([], [I32; EVENT]);
    types.ty().function([I32; 4], [I32]);
    types.ty().function([I32; 2], [I32]);
    types.ty().function([I32; EVENT], [I32]);
    types.ty().function([], [I32]);
    types.ty().function([], []);
    types
}

fn imports() -> ImportSection {
    let mut imports = ImportSection::new();
    let [manifest, configure, transform, batch] = contract::EXPORTS;
    for (from, name, ty) in [
        (HOST, "next", ty::NEXT),
        (HOST, "list", ty::LIST),
        (HOST, "event", ty::EVENT),
        (GUEST, REALLOC, ty::ALLOCATE),
        (GUEST, manifest, ty::ANSWER),
        (GUEST, configure, ty::TAKES_LIST),
        (GUEST, transform, ty::TAKES_EVENT),
        (GUEST, batch, ty::TAKES_LIST),
    ] {
        imports.import(from, name, EntityType::Function(ty));
    }
    imports
}

/// Makes room for one part after the other, until there is none: `next` takes the place of the part before, and answers
/// alignment and size of the next, in the upper and the lower half, or less than nothing.
fn lower() -> Function {
    const PLACE: u32 = 0;
    const ASKED: u32 = 1;
    let mut function = Function::new([(1, ValType::I32), (1, ValType::I64)]);
    let mut code = function.instructions();
    code.loop_(BlockType::Empty);
    code.local_get(PLACE).call(NEXT).local_tee(ASKED);
    code.i64_const(0).i64_lt_s().if_(BlockType::Empty).return_().end();
    code.i32_const(0).i32_const(0);
    code.local_get(ASKED).i64_const(32).i64_shr_u().i32_wrap_i64();
    code.local_get(ASKED).i32_wrap_i64();
    code.call(ALLOCATE).local_set(PLACE);
    code.br(0).end().end();
    function
}

fn manifest(code: &mut InstructionSink<'_>) {
    code.call(MANIFEST);
}

fn configure(code: &mut InstructionSink<'_>) {
    code.call(LOWER).call(LIST).call(CONFIGURE);
}

fn transform(code: &mut InstructionSink<'_>) {
    code.call(LOWER).call(TAKE_EVENT).call(TRANSFORM);
}

fn transform_batch(code: &mut InstructionSink<'_>) {
    code.call(LOWER).call(LIST).call(TRANSFORM_BATCH);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_is_a_module() {
        wasmparser::Validator::new().validate_all(&module()).unwrap();
    }
}
