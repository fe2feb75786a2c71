//! Guests that lie or attack when they are asked who they are. Not here: what a manifest may hold (`manifest`).

use crate::sandbox::RefusalCode;
use crate::sandbox::RefusalCode::BadManifest;
use crate::sandbox::RefusalCode::ExampleFailed;
use crate::sandbox::tests::promises::judge::Case;
use crate::sandbox::tests::promises::judge::at_once;
use crate::sandbox::tests::promises::judge::refused;
use crate::sandbox::tests::promises::judge::served;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::honest;

pub(super) fn cases() -> Vec<Case> {
    [texts(), examples(), pointers(), deeds()].concat()
}

fn says(name: &'static str, json: &str, code: RefusalCode) -> Case {
    refused(name, honest().json(json).pages(16).build(), code)
}

fn texts() -> Vec<Case> {
    let with = |rest: &str| format!(r#"{{"name":"n","version":"1",{rest}}}"#);
    vec![
        says("a manifest that is empty", "", BadManifest),
        says("a manifest that is no JSON", "<manifest/>", BadManifest),
        says("a manifest that goes 100,000 deep", &"[".repeat(100_000), BadManifest),
        says(
            "a manifest of another plugin's name",
            r#"{"name":"../../etc/passwd","version":"1"}"#,
            BadManifest,
        ),
        says("a name with a line feed", "{\"name\":\"a\\nb\",\"version\":\"1\"}", BadManifest),
        says("a header that is two", &with(r#""headers":["x-a\r\nx-b: 1"]"#), BadManifest),
        says("10,000 unknown fields", &with(&fields(10_000)), BadManifest),
        says("65 headers", &with(&format!(r#""headers":[{}"x"]"#, r#""x-a","#.repeat(64))), BadManifest),
        says(
            "a description of 100 KB",
            &with(&format!(r#""description":"{}""#, "d".repeat(100_000))),
            BadManifest,
        ),
    ]
}

fn fields(number: usize) -> String {
    let fields: Vec<String> = (0..number).map(|at| format!(r#""f{at}":1"#)).collect();
    fields.join(",")
}

fn examples() -> Vec<Case> {
    let with = |example: &str, times: usize| {
        let examples = vec![example; times].join(",");
        format!(r#"{{"name":"n","version":"1","examples":[{examples}]}}"#)
    };
    let example = r#"{"name":"e","event":{"payload":1},"expect":{"forward":[]}}"#;
    let lies = r#"{"name":"e","event":{"payload":1},"expect":{"drop":"*"}}"#;
    let looping = honest().json(&with(example, 1)).transform("(loop $again (br $again)) unreachable");
    vec![
        says("51 examples", &with(example, 51), BadManifest),
        says("an example that does not hold", &with(lies, 1), ExampleFailed),
        refused("an example that never ends", looping.build(), ExampleFailed),
        served("an example that holds", &honest().json(&with(example, 50)).pages(16)),
    ]
}

fn pointers() -> Vec<Case> {
    let gives = |at: i64, length: i64| {
        honest().pages(320).manifest(&format!(
            "(i32.store (i32.const 48) (i32.const {at})) (i32.store (i32.const 52) (i32.const {length})) (i32.const 48)"
        ))
    };
    let returns = |at: i64| honest().manifest(&format!("(i32.const {at})"));
    vec![
        at_once("a manifest behind memory", &gives(-16, 100), "trapped"),
        at_once("a manifest that ends behind memory", &gives((320 << 16) - 10, 11), "trapped"),
        at_once("a manifest of 2^31 bytes", &gives(1024, 1 << 31), "trapped"),
        at_once("a manifest of 2^32 - 1 bytes at 1", &gives(1, -1), "trapped"),
        at_once("a manifest of 300 KB", &gives(65_536, 300_000), "output_too_large"),
        at_once("a manifest of 20 MB", &gives(65_536, 20_000_000), "output_too_large"),
        at_once("a manifest's place behind memory", &returns(-8), "trapped"),
        at_once("a manifest's place that is not aligned", &returns(17), "trapped"),
        at_once("a manifest that is not UTF-8", &honest().manifest(LATE), "trapped"),
    ]
}

/// One byte of the text is overwritten when it is asked for.
const LATE: &str = "(i32.store8 (i32.const 1030) (i32.const 255)) (i32.const 16)";

fn deeds() -> Vec<Case> {
    // A guest is called once more when its answer was read.
    let after =
        |body: &str| honest().items(&format!(r#"(func (export "cabi_post_manifest") (param i32) {body})"#));
    let does = |body: &str| honest().manifest(&format!("{body} unreachable"));
    vec![
        at_once("a manifest that takes for ever", &does("(loop $again (br $again))"), "out_of_time"),
        at_once("a manifest that traps", &does(""), "trapped"),
        at_once("a manifest that takes all memory", &grows(), "out_of_memory"),
        at_once("a trap after the manifest was given", &after("unreachable"), "trapped"),
        at_once("a loop after the manifest was given", &after("(loop $again (br $again))"), "out_of_time"),
        served("a manifest that is another one at each call", &changing()),
    ]
}

fn grows() -> Guest {
    honest().manifest("(drop (call $take (i32.const 70000000))) unreachable")
}

/// It counts in a global; but it is asked in a fresh instance, so that it always says the same.
fn changing() -> Guest {
    let counts = r#"(global $calls (mut i32) (i32.const 0))"#;
    honest().items(counts).manifest(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (if (i32.gt_u (global.get $calls) (i32.const 1)) (then unreachable))
         (i32.const 16)",
    )
}
