//! Core modules that are no plugins, too large or too complex: refused, each by the name of what is wrong. Not here:
//! those that cost the compiler more than they look (`costly`).

use crate::sandbox::RefusalCode;
use crate::sandbox::artifacts::compile;
use crate::sandbox::tests::promises::judge::Case;
use crate::sandbox::tests::promises::judge::at_once;
use crate::sandbox::tests::promises::judge::refused;
use crate::sandbox::tests::promises::judge::served;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::promises::wat::with_wit;

pub(super) fn cases() -> Vec<Case> {
    [bytes(), imports(), exports(), sizes()].concat()
}

fn bytes() -> Vec<Case> {
    use RefusalCode::Invalid;
    use RefusalCode::NotWasm;
    use RefusalCode::TooComplex;
    use RefusalCode::TooLarge;
    let mut appended = honest().build();
    appended.extend_from_slice(b"\xff\xff\xff\xff");
    let mut twice = honest().build();
    twice.extend(honest().build());
    vec![
        refused("no bytes", Vec::new(), NotWasm),
        refused("a script", b"#!/bin/sh\nexec sh".to_vec(), NotWasm),
        refused("only the magic", b"\0asm".to_vec(), Invalid),
        refused("a version that does not exist", b"\0asm\x07\0\0\0".to_vec(), Invalid),
        refused("more bytes than any upload", vec![0; (32 << 20) + 1], TooLarge),
        refused("bytes behind the end", appended, Invalid),
        refused("two modules in one", twice, Invalid),
        refused("a section of 4 GiB", b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f".to_vec(), Invalid),
        refused(
            "a vector of 4 Gi types",
            b"\0asm\x01\0\0\0\x01\x05\xff\xff\xff\xff\x0f".to_vec(),
            TooComplex,
        ),
        refused("4 Gi locals", locals_of(u32::MAX), TooComplex),
        refused("a WIT that is none", damaged_wit(), Invalid),
        served("a custom section of 2 MB", &honest().items(&custom("note", 2 << 20))),
        refused("a name section that is none", honest().items(&custom("name", 4096)).build(), Invalid),
    ]
}

fn imports() -> Vec<Case> {
    use RefusalCode::ImportNotOffered;
    use RefusalCode::Invalid;
    let with = |import: &str| honest().imports(import).build();
    let function = |module: &str, name: &str| with(&format!(r#"(import "{module}" "{name}" (func))"#));
    let many: String = (0..5000).map(|at| format!(r#"(import "env" "f{at}" (func))"#)).collect();
    vec![
        refused("imports from env", function("env", "system"), ImportNotOffered),
        refused("imports WASI", function("wasi_snapshot_preview1", "path_open"), ImportNotOffered),
        refused(
            "imports an interface that does not exist",
            function("hookmill:plugin/files@1.0.0", "read"),
            ImportNotOffered,
        ),
        refused(
            "imports another major version",
            function("hookmill:plugin/log@2.0.0", "log"),
            ImportNotOffered,
        ),
        refused("imports a name of 100 KB", function(&"x".repeat(100_000), "f"), ImportNotOffered),
        refused("imports 5,000 functions", with(&many), ImportNotOffered),
        refused("imports a memory", with(r#"(import "env" "memory" (memory 1))"#), ImportNotOffered),
        refused(
            "imports a function that is not there",
            function("hookmill:plugin/log@1.0.0", "shout"),
            Invalid,
        ),
        refused("imports a function by another type", function("hookmill:plugin/log@1.0.0", "log"), Invalid),
        refused(
            "imports a global by the name of a function",
            with(r#"(import "hookmill:plugin/log@1.0.0" "log" (global i32))"#),
            Invalid,
        ),
        served(
            "imports the same twice",
            &honest().imports(&format!("{LOG} {}", LOG.replace("$log", "$again"))),
        ),
    ]
}

fn exports() -> Vec<Case> {
    use RefusalCode::Invalid;
    use RefusalCode::MissingExport;
    let without = |name: &str| with_wit(honest().text().replacen(&format!(r#"(export "{name}")"#), "", 1));
    let global = r#"(global (export "transform") i32 (i32.const 0))"#;
    let replaced =
        honest().items(global).text().replacen(r#"$transform (export "transform")"#, "$transform", 1);
    vec![
        refused("does not export manifest", without("manifest"), MissingExport),
        refused("does not export configure", without("configure"), MissingExport),
        refused("does not export transform", without("transform"), MissingExport),
        refused("does not export transform-batch", without("transform-batch"), MissingExport),
        refused("exports no memory", without("memory"), Invalid),
        refused("exports no allocator", without("cabi_realloc"), Invalid),
        refused("exports a global as transform", with_wit(replaced), Invalid),
        refused(
            "exports transform with another type",
            with_wit(honest().text().replacen(
                "(param i32 i32) (result i32) (call $each",
                "(param i32 i64) (result i32) (call $each",
                1,
            )),
            Invalid,
        ),
        refused("exports a name twice", twice_exported(), Invalid),
    ]
}

fn sizes() -> Vec<Case> {
    use RefusalCode::Invalid;
    use RefusalCode::TooComplex;
    let items = |items: &str| honest().items(items).build();
    let tables: String = "(table 1 funcref)".repeat(9);
    let globals: String = "(global i64 (i64.const 1))".repeat(20_001);
    let functions: String = "(func)".repeat(20_001);
    vec![
        refused("a memory of 300 MiB", honest().pages(4800).build(), TooComplex),
        refused(
            "a memory of 64 bits",
            honest().memory(r#"(memory (export "memory") i64 2)"#).build(),
            Invalid,
        ),
        refused(
            "a shared memory",
            honest().memory(r#"(memory (export "memory") 2 4 shared)"#).build(),
            Invalid,
        ),
        refused("five memories", items(&"(memory 1)".repeat(4)), TooComplex),
        refused("a table of 100,001 entries", items("(table 100001 funcref)"), TooComplex),
        refused("a table of 4 Gi entries", items("(table 4294967295 funcref)"), TooComplex),
        refused("nine tables", items(&tables), TooComplex),
        refused("20,001 globals", items(&globals), TooComplex),
        refused("20,001 functions", items(&functions), TooComplex),
        refused(
            "a function of more than 1 MiB",
            items(&format!("(func {})", "nop ".repeat(1_100_000))),
            TooComplex,
        ),
        refused("2,001 locals", locals_of(2001), TooComplex),
        refused("a type of the garbage collector", items("(type (struct (field i32)))"), Invalid),
        refused("an exception", items("(tag)"), Invalid),
        refused("instructions that vary with the machine", items(RELAXED), Invalid),
        served("a memory that may grow to 4 GiB", &honest().memory(r#"(memory (export "memory") 2 65536)"#)),
        served("more memory at first than native guests have", &honest().pages(1025)),
        refused("a function's name of 1 MB", long_names(1 << 20).build(), TooComplex),
        at_once("a function's name of 60 KB, in every frame", &long_names(60_000), "trapped"),
    ]
}

const RELAXED: &str = "(func (param v128 v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))";

fn custom(name: &str, bytes: usize) -> String {
    format!(r#"(@custom "{name}" "{}")"#, "\\ff".repeat(bytes))
}

/// A module whose one function declares so many locals; a plugin by its exports.
fn locals_of(locals: u32) -> Vec<u8> {
    let locals = wasm_encoder::Function::new([(locals, wasm_encoder::ValType::I32)]);
    let mut locals = locals;
    locals.instructions().local_get(0).end();
    crate::sandbox::tests::bombs::module(vec![locals])
}

fn damaged_wit() -> Vec<u8> {
    let mut module = honest().build();
    let at = module.windows(14).position(|part| part == b"component-type").unwrap();
    module[at + 120..at + 160].fill(0xff);
    module
}

fn twice_exported() -> Vec<u8> {
    let mut module = honest().items(r#"(func (export "manifesu") (result i32) unreachable)"#).build();
    let at = module.windows(8).position(|part| part == b"manifesu").unwrap();
    module[at..at + 8].copy_from_slice(b"manifest");
    module
}

/// It recurses until it traps, in a function whose name is so long; the backtrace has it.
fn long_names(bytes: usize) -> Guest {
    let name = "n".repeat(bytes);
    honest()
        .items(&format!("(func ${name} (call ${name}))"))
        .manifest(&format!("(call ${name}) (i32.const 16)"))
}

/// An interface whose length is untrue made the encoder panic.
#[test]
fn an_interface_that_says_more_than_it_holds_is_refused() {
    let module = honest().build();
    let mut refused = 0;
    for at in (8..module.len()).step_by(3) {
        let mut spoiled = module.clone();
        spoiled[at] ^= 0x40;
        refused += usize::from(compile::componentized(&spoiled).is_err());
    }
    assert!(refused > module.len() / 30, "{refused} of {}", module.len());
}
