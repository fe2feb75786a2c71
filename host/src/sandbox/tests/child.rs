//! The compiler's process: that it compiles, that its limits end what is too costly, that what it
//! says arrives. This test binary is the compiler: a script calls it again, for one "test".

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use wasm_encoder::ComponentBuilder;
use wasm_encoder::ComponentExportKind;
use wasm_encoder::ComponentValType;
use wasm_encoder::ExportKind;
use wasm_encoder::Function;
use wasm_encoder::ModuleArg;
use wasm_encoder::PrimitiveValType;

use crate::domain::grant::Grants;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::Compiler;
use crate::sandbox::RefusalCode;
use crate::sandbox::Sandbox;
use crate::sandbox::artifacts::child;
use crate::sandbox::artifacts::compile;
use crate::sandbox::artifacts::files::ModuleFiles;
use crate::sandbox::module::tier::CompileLimits;
use crate::sandbox::module::tier::NATIVE;
use crate::sandbox::module::tier::Tier;
use crate::sandbox::tests::bombs;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::forwarded;
use crate::sandbox::tests::support::guest;
use crate::sandbox::tests::support::no_config;
use crate::sandbox::tests::support::sandbox;

/// What the script below runs. Among the other tests it finds nothing to compile.
#[test]
#[expect(clippy::disallowed_methods, reason = "the script's way to hand over its arguments")]
fn is_the_compiler_when_it_is_asked_to() {
    let order = ["COMPILE_TIER", "COMPILE_IN", "COMPILE_OUT"].map(std::env::var);
    let [Ok(tier), Ok(input), Ok(output)] = order else {
        assert!(order.iter().all(Result::is_err), "half an order: {order:?}");
        return;
    };
    std::process::exit(i32::from(compile::child_main(&tier, input.as_ref(), output.as_ref()).is_err()));
}

fn script(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("compiler.sh");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

pub(super) fn with_child(dir: &Path) -> Sandbox {
    let exe = std::env::current_exe().unwrap();
    let test = "sandbox::tests::child::is_the_compiler_when_it_is_asked_to";
    let order = r#"COMPILE_IN="$3" COMPILE_OUT="$5" COMPILE_TIER="$7""#;
    let run = format!("{order} exec '{}' --exact {test} --nocapture", exe.display());
    sandbox(dir, PluginLimits::default(), Compiler::Child(script(dir, &run)))
}

/// A component with a plugin's exports, of another type, around a core module: it passes the scan.
fn around(functions: Vec<Function>) -> Bytes {
    let mut component = ComponentBuilder::default();
    let module = component.core_module_raw(None, &bombs::module(functions));
    let instance = component.core_instantiate(None, module, Vec::<(&str, ModuleArg)>::new());
    let function = component.core_alias_export(None, instance, "manifest", ExportKind::Func);
    let (kind, mut encoder) = component.type_function(None);
    let number = ComponentValType::Primitive(PrimitiveValType::S32);
    encoder.params([("x", number)]).result(Some(number));
    let lifted = component.lift_func(None, function, kind, []);
    for name in ["manifest", "configure", "transform", "transform-batch"] {
        component.export(name, ComponentExportKind::Func, lifted, None);
    }
    component.finish().into()
}

#[tokio::test]
async fn compiles_in_a_process_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = with_child(dir.path());
    let admitted = sandbox.admit(guest("lead")).await.unwrap();
    let plugin = sandbox.load(TENANT, &admitted.digest, Grants::default()).await.unwrap();
    let ran = plugin.run(no_config(), event("e")).await.unwrap();
    assert_eq!(forwarded(&ran.verdict).len(), 1);
}

#[tokio::test]
async fn hands_back_what_the_compiler_says() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = with_child(dir.path());
    let check = async |bytes: Bytes, code: RefusalCode, detail: &str| {
        let refusal = sandbox.admit(bytes).await.unwrap_err();
        assert_eq!(refusal.code, code, "{refusal}");
        assert!(refusal.detail.contains(detail), "{refusal}");
        assert_eq!(fs::read_dir(dir.path().join("plugins")).unwrap().count(), 0);
    };
    // Code that is not valid; a WIT that is not valid; exports of another type.
    let mut spoiled = guest("lead").to_vec();
    let wit = spoiled.windows(14).position(|part| part == b"component-type").unwrap();
    spoiled[wit + 120..wit + 130].fill(0xff);
    check(spoiled.into(), RefusalCode::Invalid, "cannot be made a component").await;
    let mut adds_nothing = Function::new([]);
    adds_nothing.instructions().i32_add().end();
    check(around(vec![adds_nothing]), RefusalCode::Invalid, "type mismatch").await;
    check(around(vec![bombs::identity()]), RefusalCode::MissingExport, "type-checking export").await;
}

#[tokio::test]
async fn ends_what_is_too_costly_while_others_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = with_child(dir.path());
    let admitted = sandbox.admit(guest("lead")).await.unwrap();
    let honest = sandbox.load(TENANT, &admitted.digest, Grants::default()).await.unwrap();
    // No function is too large and there are few of them, but each has very many calls.
    let bomb = around((0..8).map(|_| bombs::calls(240_000)).collect());
    let upload = sandbox.admit(bomb);
    let mut served = 0_u32;
    let others = async {
        loop {
            let ran = honest.run(no_config(), event("e")).await.unwrap();
            assert_eq!(forwarded(&ran.verdict).len(), 1);
            served += 1;
        }
    };
    let refusal = tokio::select! {
        answer = upload => answer.unwrap_err(),
        () = others => unreachable!("it has no end"),
    };
    assert_eq!(refusal.code, RefusalCode::TooCostlyToCompile, "{refusal}");
    assert!(served > 0);
}

#[tokio::test]
async fn a_compiler_that_fails_is_the_hosts_fault() {
    let dir = tempfile::tempdir().unwrap();
    let check = async |compiler: PathBuf, detail: &str| {
        let sandbox = sandbox(dir.path(), PluginLimits::default(), Compiler::Child(compiler));
        let refusal = sandbox.admit(guest("lead")).await.unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Host, "{refusal}");
        assert!(refusal.detail.contains(detail), "{refusal}");
    };
    check("/nonexistent/hookmill".into(), "cannot start the compiler /nonexistent/hookmill").await;
    check(script(dir.path(), "exit 1"), "the compiler ended with exit status: 1").await;
    // It claims to be done, but there is nothing.
    check(script(dir.path(), "exit 0"), "the compiler left no code").await;
}

#[tokio::test]
async fn a_compiler_that_hangs_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let files = ModuleFiles::open(dir.path().join("plugins")).unwrap();
    let hangs = script(dir.path(), "exec sleep 3600");
    let limits = CompileLimits { wall: Duration::from_millis(20), ..NATIVE.compile };
    let tier = Tier { compile: limits, ..NATIVE };
    let refusal = child::compile(&hangs, Path::new("in"), &files.temporary(), &tier).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TooCostlyToCompile, "{refusal}");
}
