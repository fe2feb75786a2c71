//! What every build writes into `.hookmill/` of a project in JavaScript, Python or C: the SDK of the
//! language, the contract, and the project's examples. The program carries all of it, so the SDK is
//! always the one that fits. (Projects in Rust keep theirs; see `vendor`.)

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use crate::cli::plugin::build::examples;
use crate::cli::plugin::build::grants;
use crate::cli::plugin::build::outside;
use crate::cli::plugin::language::Language;

/// The contract.
pub(super) const WIT: &[(&str, &str)] = &[
    ("wit/clock.wit", include_str!("../../../../../plugin-sdk/wit/clock.wit")),
    ("wit/http.wit", include_str!("../../../../../plugin-sdk/wit/http.wit")),
    ("wit/kv.wit", include_str!("../../../../../plugin-sdk/wit/kv.wit")),
    ("wit/log.wit", include_str!("../../../../../plugin-sdk/wit/log.wit")),
    ("wit/random.wit", include_str!("../../../../../plugin-sdk/wit/random.wit")),
    ("wit/secrets.wit", include_str!("../../../../../plugin-sdk/wit/secrets.wit")),
    ("wit/types.wit", include_str!("../../../../../plugin-sdk/wit/types.wit")),
    ("wit/world.wit", include_str!("../../../../../plugin-sdk/wit/world.wit")),
];

const JS: &[(&str, &str)] = &[
    ("hookmill.js", include_str!("../../../../../plugin-sdk/js/hookmill.js")),
    ("hookmill.d.ts", include_str!("../../../../../plugin-sdk/js/hookmill.d.ts")),
    ("entry.js", include_str!("../../../../../plugin-sdk/js/entry.js")),
    ("ambient.js", include_str!("../../../../../plugin-sdk/js/ambient.js")),
    ("grants.js", include_str!("../../../../../plugin-sdk/js/grants.js")),
    ("clock.js", include_str!("../../../../../plugin-sdk/js/clock.js")),
    ("clock.d.ts", include_str!("../../../../../plugin-sdk/js/clock.d.ts")),
    ("http.js", include_str!("../../../../../plugin-sdk/js/http.js")),
    ("http.d.ts", include_str!("../../../../../plugin-sdk/js/http.d.ts")),
    ("kv.js", include_str!("../../../../../plugin-sdk/js/kv.js")),
    ("kv.d.ts", include_str!("../../../../../plugin-sdk/js/kv.d.ts")),
    ("random.js", include_str!("../../../../../plugin-sdk/js/random.js")),
    ("random.d.ts", include_str!("../../../../../plugin-sdk/js/random.d.ts")),
    ("secrets.js", include_str!("../../../../../plugin-sdk/js/secrets.js")),
    ("secrets.d.ts", include_str!("../../../../../plugin-sdk/js/secrets.d.ts")),
];

const PYTHON: &[(&str, &str)] = &[
    ("hookmill.py", include_str!("../../../../../plugin-sdk/python/hookmill.py")),
    ("hookmill_entry.py", include_str!("../../../../../plugin-sdk/python/hookmill_entry.py")),
    ("hookmill_ambient.py", include_str!("../../../../../plugin-sdk/python/hookmill_ambient.py")),
    ("hookmill_clock.py", include_str!("../../../../../plugin-sdk/python/hookmill_clock.py")),
    ("hookmill_http.py", include_str!("../../../../../plugin-sdk/python/hookmill_http.py")),
    ("hookmill_kv.py", include_str!("../../../../../plugin-sdk/python/hookmill_kv.py")),
    ("hookmill_random.py", include_str!("../../../../../plugin-sdk/python/hookmill_random.py")),
    ("hookmill_secrets.py", include_str!("../../../../../plugin-sdk/python/hookmill_secrets.py")),
];

const C: &[(&str, &str)] = &[
    ("hookmill.h", include_str!("../../../../../plugin-sdk/c/hookmill.h")),
    ("hookmill.c", include_str!("../../../../../plugin-sdk/c/hookmill.c")),
    ("hookmill_grants.c", include_str!("../../../../../plugin-sdk/c/hookmill_grants.c")),
];

/// Writes it. Gives the folder.
pub(in crate::cli::plugin) fn write(project: &Path, language: Language) -> anyhow::Result<PathBuf> {
    let kit = project.join(".hookmill");
    let own = match language {
        Language::Rust => return Ok(kit),
        Language::Js => JS,
        Language::Python => PYTHON,
        Language::C => C,
    };
    for (path, text) in own.iter().chain(WIT) {
        put(&kit.join(path), text)?;
    }
    let made = made(project, language, &examples::of(project)?)?;
    made.iter().try_for_each(|(path, text)| put(&kit.join(path), text))?;
    Ok(kit)
}

/// The files that are another in each project: path and text.
fn made(project: &Path, language: Language, examples: &Value) -> anyhow::Result<Vec<(&'static str, String)>> {
    let grants = grants::named(project, language)?;
    let handed_over = grants::handed_over(&grants, language);
    let known = Value::from(outside::unmet(project, language, &grants)?);
    let world = ("wit/project.wit", grants::world(&grants));
    // The text of JSON is a literal in JavaScript, and the text of a JSON string, or of a list of them, one in Python.
    Ok(match language {
        Language::Js => {
            let examples = ("examples.js", format!("export default {examples};\n"));
            let known = ("known.js", format!("export const known = {known};\n"));
            vec![examples, known, ("granted.js", handed_over), world]
        }
        Language::Python => {
            let literal = Value::String(examples.to_string());
            let examples = ("hookmill_examples.py", format!("EXAMPLES = {literal}\n"));
            let known = ("hookmill_known.py", format!("KNOWN = {known}\n"));
            vec![examples, known, ("hookmill_granted.py", handed_over), world]
        }
        Language::C => vec![("manifest.c", manifest_in_c(project, examples)?)],
        Language::Rust => Vec::new(),
    })
}

/// Leaves a file alone that is as it should be: compilers and editors look at its time.
fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

fn manifest_in_c(project: &Path, examples: &Value) -> anyhow::Result<String> {
    let path = project.join("manifest.json");
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let mut manifest: Value =
        serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?;
    let fields = manifest.as_object_mut().with_context(|| format!("{}: not an object", path.display()))?;
    fields.insert("examples".to_owned(), examples.clone());
    Ok(format!("const char hm_manifest[] =\n{};\n", c_literal(&manifest.to_string())))
}

/// A string literal of C, in lines that stay readable for compilers with limits.
fn c_literal(text: &str) -> String {
    const LINE: usize = 100;
    let lines = text.as_bytes().chunks(LINE).map(|line| {
        let escaped: String = line
            .iter()
            .map(|byte| match byte {
                b'"' | b'\\' | b'?' => format!("\\{}", *byte as char),
                0x20..0x7f => (*byte as char).to_string(),
                // Three digits always: a digit that follows must not join in.
                other => format!("\\{other:03o}"),
            })
            .collect();
        format!("  \"{escaped}\"")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_survives_as_a_literal_of_c() {
        assert_eq!(c_literal("a\"b\\c?é1"), r#"  "a\"b\\c\?\303\2511""#);
        assert_eq!(c_literal(&"x".repeat(150)).lines().count(), 2);
    }

    #[test]
    fn no_file_of_the_contract_is_forgotten() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin-sdk/wit"));
        let mut there: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("wit/{}", entry.unwrap().file_name().to_string_lossy()))
            .collect();
        there.sort();
        assert_eq!(there, WIT.iter().map(|(path, _)| (*path).to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn each_language_gets_its_files_and_the_examples() {
        let check = |language: Language, file: &str, expected: &str| {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("examples")).unwrap();
            let example = r#"{"event": {"payload": "é\"1"}, "expect": {"drop": "*"}}"#;
            fs::write(folder.path().join("examples/a-thing.json"), example).unwrap();
            fs::write(folder.path().join("manifest.json"), r#"{"name": "n"}"#).unwrap();
            let kit = write(folder.path(), language).unwrap();
            let text = fs::read_to_string(kit.join(file)).unwrap();
            assert!(text.contains(expected), "{text}");
            assert!(kit.join("wit/world.wit").is_file());
        };
        check(Language::Js, "examples.js", r#""payload":"é\"1""#);
        check(Language::Js, "known.js", "export const known = [];");
        check(Language::Python, "hookmill_known.py", "KNOWN = []");
        check(Language::Python, "hookmill_examples.py", r#"\"payload\":\"é\\\"1\""#);
        check(Language::C, "manifest.c", r#"\"payload\":\"\303\251\\\"1\""#);
    }
}
