//! Small modules that cost much to compile: refused by the scan, or ended by the limits of the
//! compiler's process.

use wasm_encoder::BlockType;
use wasm_encoder::CodeSection;
use wasm_encoder::ExportKind;
use wasm_encoder::ExportSection;
use wasm_encoder::Function;
use wasm_encoder::FunctionSection;
use wasm_encoder::Module;
use wasm_encoder::TypeSection;
use wasm_encoder::ValType;

use crate::sandbox::RefusalCode;
use crate::sandbox::tests::support::Room;

/// A module with these functions, each `i32 -> i32`, that exports what a plugin exports.
pub(super) fn module(functions: Vec<Function>) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let (mut list, mut code, mut exports) =
        (FunctionSection::new(), CodeSection::new(), ExportSection::new());
    for name in ["manifest", "configure", "transform", "transform-batch"] {
        exports.export(name, ExportKind::Func, 0);
    }
    for function in functions {
        list.function(0);
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&list).section(&exports).section(&code);
    module.finish()
}

/// Every local may change in every loop.
fn locals_and_loops(locals: u32, loops: u32) -> Function {
    let mut function = Function::new([(locals, ValType::I32)]);
    for turn in 0..loops {
        function
            .instructions()
            .loop_(BlockType::Empty)
            .local_get(0)
            .local_set(1 + turn % locals)
            .local_get(turn % locals)
            .br_if(0)
            .end();
    }
    function.instructions().local_get(0).end();
    function
}

fn branch_tables(tables: u32) -> Function {
    const DEPTH: u32 = 100;
    let mut function = Function::new([]);
    for _ in 0..DEPTH {
        function.instructions().block(BlockType::Empty);
    }
    for turn in 0..tables {
        let targets: Vec<u32> = (0..1000).map(|target| (target * 7 + turn) % DEPTH).collect();
        function.instructions().block(BlockType::Empty).local_get(0).br_table(targets, 0).end();
    }
    for _ in 0..DEPTH {
        function.instructions().end();
    }
    function.instructions().local_get(0).end();
    function
}

pub(super) fn calls(number: usize) -> Function {
    let mut function = Function::new([]);
    function.instructions().local_get(0);
    for _ in 0..number {
        function.instructions().call(0);
    }
    function.instructions().end();
    function
}

pub(super) fn identity() -> Function {
    let mut function = Function::new([]);
    function.instructions().local_get(0).end();
    function
}

#[tokio::test]
async fn the_scan_stops_bombs() {
    let room = Room::new();
    let check = async |functions: Vec<Function>, limit: &str| {
        let refusal = room.sandbox.admit(module(functions).into()).await.unwrap_err();
        assert_eq!(refusal.code, RefusalCode::TooComplex, "{refusal}");
        assert!(refusal.detail.starts_with(limit), "{refusal}");
    };
    check(vec![locals_and_loops(20_000, 2_000)], "locals of one function: 20000 of at most 1000").await;
    check(vec![locals_and_loops(1000, 2_000)], "locals times blocks of one function: 2000000").await;
    check(vec![branch_tables(200)], "targets of branch tables").await;
    check((0..100_000).map(|_| identity()).collect(), "functions: 100000 of at most 20000").await;
    check(vec![calls(300_000)], "bytes of one function").await;
}
