//! The files in a project's `examples/`, as its manifest lists them. Not here: running them.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;

const FIELDS: [&str; 4] = ["name", "config", "event", "expect"];

/// All of them, in the order of their names; none is fine. The name of an example is that of its
/// file, unless it has one.
pub(super) fn of(project: &Path) -> anyhow::Result<Value> {
    let folder = project.join("examples");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new("json")))
        .collect();
    paths.sort();
    paths.iter().map(|path| one(path).with_context(|| format!("the example {}", path.display()))).collect()
}

fn one(path: &Path) -> anyhow::Result<Value> {
    let mut example: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let Some(fields) = example.as_object_mut() else {
        bail!("an example is an object with `event` and `expect`");
    };
    let unknown = fields.keys().find(|field| !field.starts_with("x-") && !FIELDS.contains(&field.as_str()));
    if let Some(field) = unknown {
        bail!("unknown field `{field}`; known are {}", FIELDS.join(", "));
    }
    for field in ["event", "expect"] {
        if !fields.contains_key(field) {
            bail!("no field `{field}`");
        }
    }
    if !fields.contains_key("name") {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().replace('-', " "));
        fields.insert("name".to_owned(), stem.unwrap_or_default().into());
    }
    Ok(example)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_named_after_their_files_and_broken_ones_are_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of(folder.path()).unwrap(), serde_json::json!([]));
        fs::create_dir(folder.path().join("examples")).unwrap();
        let file = folder.path().join("examples/a-thing.json");
        fs::write(&file, r#"{"event": {}, "expect": {}, "x-note": 1}"#).unwrap();
        assert_eq!(of(folder.path()).unwrap()[0]["name"], "a thing");
        let check = |text: &str, expected: &str| {
            fs::write(&file, text).unwrap();
            let error = format!("{:#}", of(folder.path()).unwrap_err());
            assert!(error.contains("a-thing.json") && error.contains(expected), "{error}");
        };
        check("{", "EOF while parsing");
        check("[]", "an example is an object");
        check(r#"{"event": {}, "expected": {}}"#, "unknown field `expected`");
        check(r#"{"event": {}}"#, "no field `expect`");
    }
}
