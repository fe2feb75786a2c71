//! Modules that stay below the limits of the scan and cost the compiler much all the same: compiled within the limits
//! of its process, or refused by name; never the gateway's fault. Not here: what the scan sees (`bombs`, `modules`).

use bytes::Bytes;

use crate::sandbox::RefusalCode;
use crate::sandbox::tests::child::with_child;
use crate::sandbox::tests::promises::components::multiplied;
use crate::sandbox::tests::promises::components::with_exports;
use crate::sandbox::tests::promises::judge::resident_bytes;
use crate::sandbox::tests::promises::wat::honest;

/// Bombs by their names.
fn bombs() -> Vec<(&'static str, String)> {
    let block = |open: &str, times: usize| format!("(func {} {})", open.repeat(times), "end ".repeat(times));
    let many = |function: &str, times: usize| function.repeat(times);
    let loops = |locals: usize, loops: usize| {
        let each = "loop local.get 0 local.set 1 local.get 1 br_if 0 end ";
        format!("(func (local {}) {})", "i32 ".repeat(locals), each.repeat(loops))
    };
    let params = "i64 ".repeat(900);
    let wide = format!(
        "(func $wide (param {params})) (func $calls (local i64) {})",
        format!("{} call $wide ", "local.get 0 ".repeat(900)).repeat(200)
    );
    let lanes = "(func (param v128) (result v128) (local.get 0) ".to_owned()
        + &"local.get 0 i8x16.popcnt local.get 0 i64x2.mul ".repeat(20_000)
        + ")";
    let select = "(func (param i32) (result i32) (local.get 0) ".to_owned()
        + &"local.get 0 local.get 0 i32.div_s local.get 0 select ".repeat(40_000)
        + ")";
    vec![
        ("blocks 200,000 deep", block("block ", 200_000)),
        ("loops 2,000 deep", block("loop ", 2000)),
        ("900 locals in 1,100 loops", loops(900, 1100)),
        ("15,000 functions of 20 loops", many(&loops(2, 20), 15_000)),
        ("calls with 900 parameters", wide),
        ("vectors", many(&lanes, 6)),
        ("one value after another", many(&select, 8)),
        ("15,000 types", "(type (func (param i64)))".repeat(15_000)),
    ]
}

#[tokio::test]
async fn costly_modules_are_compiled_within_limits_or_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = with_child(dir.path());
    let modules =
        bombs().into_iter().map(|(name, items)| (name, Bytes::from(honest().items(&items).build())));
    let components = [
        ("instances that double at each of 14 levels", with_exports(&multiplied(2, 14))),
        ("instances that hold six others at each of 10 levels", with_exports(&multiplied(6, 10))),
    ];
    // All made before it is measured: what makes them of text takes more than what examines them.
    let modules: Vec<_> = modules.chain(components).collect();
    let before = resident_bytes();
    for (name, module) in modules {
        let bytes = module.len();
        let ended = match sandbox.admit(module).await {
            Ok(_) => "compiled".to_owned(),
            Err(refusal) => {
                let named = [RefusalCode::TooComplex, RefusalCode::TooCostlyToCompile, RefusalCode::Invalid];
                assert!(named.contains(&refusal.code), "{name}: {refusal}");
                refusal.to_string()
            }
        };
        println!("{name}, {bytes} bytes: {}", ended.chars().take(120).collect::<String>());
    }
    sandbox.admit(honest().build().into()).await.unwrap();
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 128 << 20, "the compiler's memory is its own: {} MiB more than before", grown >> 20);
}
