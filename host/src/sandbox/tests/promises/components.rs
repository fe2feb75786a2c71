//! Components that nest, multiply or pretend: refused by name before an instance of them is made. Not here: core modules.

use bytes::Bytes;

use crate::sandbox::RefusalCode::ImportNotOffered;
use crate::sandbox::RefusalCode::Invalid;
use crate::sandbox::RefusalCode::MissingExport;
use crate::sandbox::RefusalCode::TooComplex;
use crate::sandbox::tests::promises::judge::Case;
use crate::sandbox::tests::promises::judge::refused;

pub(super) fn cases() -> Vec<Case> {
    let of = |parts: &str| with_exports(parts);
    vec![
        refused("a component without anything", parsed("(component)".to_owned()), MissingExport),
        refused("exports of another type", of(""), MissingExport),
        refused("17 components within each other", of(&nested(17)), TooComplex),
        refused("65 modules", of(&"(core module)".repeat(65)), TooComplex),
        refused("61 instances of core modules", of(&instances(61)), TooComplex),
        refused("20,001 instances of components", of(&many("(instance (instantiate $empty))")), TooComplex),
        refused("20,001 types", of(&many("(type (list u8))")), TooComplex),
        refused("20,001 aliases", of(&many("(alias core export $i \"f\" (core func))")), TooComplex),
        refused("a few instances that each hold more", of(&multiplied(10, 2)), TooComplex),
        refused("imports WASI's sockets", import("wasi:sockets/tcp@0.2.0", "(instance)"), ImportNotOffered),
        refused("imports a function of its own", import("run", "(func)"), ImportNotOffered),
        refused("imports a component", import("helper", "(component)"), ImportNotOffered),
        refused("imports a module", import("helper", "(core module)"), ImportNotOffered),
        refused(
            "imports what is offered as something else",
            import(
                "hookmill:plugin/log@1.0.0",
                "(instance (export \"log\" (func (param \"all\" (list string)))))",
            ),
            ImportNotOffered,
        ),
        refused(
            "imports more of an interface than there is",
            import("hookmill:plugin/kv@1.0.0", "(instance (export \"drop-all\" (func)))"),
            ImportNotOffered,
        ),
        refused("a type that is 200 deep", of(&deep(200)), Invalid),
        refused("a record of 5,000 fields in a function", of(&wide(5000)), MissingExport),
        refused(
            "a start function of a component",
            of("(func $s (canon lift (core func $i \"v\"))) (start $s)"),
            Invalid,
        ),
    ]
}

fn parsed(text: String) -> Bytes {
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}")).into()
}

/// A component that has the exports of a plugin, but of another type, and these parts.
pub(super) fn with_exports(parts: &str) -> Bytes {
    let exports: String = ["manifest", "configure", "transform", "transform-batch"]
        .map(|name| format!(r#"(export "{name}" (func $f))"#))
        .concat();
    parsed(format!(
        r#"(component
  (component $empty)
  (core module $m (func (export "f") (result i32) (i32.const 1)) (func (export "v")))
  (core instance $i (instantiate $m))
  (func $f (result u32) (canon lift (core func $i "f")))
  {parts} {exports})"#
    ))
}

fn import(name: &str, kind: &str) -> Bytes {
    with_exports(&format!("(import \"{name}\" {kind})"))
}

fn many(part: &str) -> String {
    part.repeat(20_001)
}

fn instances(number: usize) -> String {
    "(core instance (instantiate $m))".repeat(number)
}

fn nested(depth: usize) -> String {
    format!("{}{}", "(component ".repeat(depth - 1), ")".repeat(depth - 1))
}

/// Each level holds the one below `times` times, the lowest one a core instance.
pub(super) fn multiplied(times: usize, levels: usize) -> String {
    let mut parts = String::from("(component $l0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..=levels {
        let below = level - 1;
        let held = format!("(instance (instantiate $l{below}))").repeat(times);
        parts.push_str(&format!(
            "(component $l{level} (alias outer 1 $l{below} (component $l{below})) {held})"
        ));
    }
    parts.push_str(&format!("(instance (instantiate $l{levels}))"));
    parts
}

fn deep(levels: usize) -> String {
    let below: String = (1..levels).map(|level| format!("(type $t{level} (list $t{}))", level - 1)).collect();
    format!("(type $t0 (list u8)) {below} (type (func (param \"deep\" $t{})))", levels - 1)
}

fn wide(fields: usize) -> String {
    let fields: String = (0..fields).map(|at| format!("(field \"f{at}\" string)")).collect();
    format!("(type $wide (record {fields})) (type (func (param \"wide\" $wide)))")
}
