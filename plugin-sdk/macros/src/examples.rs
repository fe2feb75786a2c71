//! The example files beside the plugin: found and checked while it is compiled, so that a broken one
//! is a compile error and not a refused upload. What they expect is checked when they run.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The names of the folder's `*.json`, sorted. A folder that is not there has none, unless the
/// attribute names it.
pub(crate) fn names(folder: &Path, is_named: bool) -> Result<Vec<String>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound && !is_named => return Ok(vec![]),
        Err(error) => return Err(format!("the examples in {}: {error}", folder.display())),
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    paths.sort();
    if paths.len() > 50 {
        return Err(format!("{} examples in {}: at most 50", paths.len(), folder.display()));
    }
    paths.iter().map(|path| checked(path)).collect()
}

fn checked(path: &Path) -> Result<String, String> {
    let place = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{place}: {error}"))?;
    let example: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{place}: {error}"))?;
    let Some(fields) = example.as_object() else {
        return Err(format!("{place}: an example is an object with `event` and `expect`"));
    };
    let known = ["name", "config", "event", "expect"];
    for field in fields.keys().filter(|field| !field.starts_with("x-")) {
        if !known.contains(&field.as_str()) {
            return Err(format!("{place}: unknown field `{field}`; known are {}", known.join(", ")));
        }
    }
    for field in ["event", "expect"] {
        if !fields.contains_key(field) {
            return Err(format!("{place}: no field `{field}`"));
        }
    }
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) => Ok(name.to_string()),
        None => Err(format!("{place}: the name of the file is not text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_example_is_named() {
        let folder = std::env::temp_dir().join(format!("hookmill-macros-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let check = |text: &str, expected: &str| {
            fs::write(folder.join("a.json"), text).unwrap();
            let fault = names(&folder, false).err().unwrap_or_default();
            assert!(fault.contains(expected) && fault.is_empty() == expected.is_empty(), "{fault}");
        };
        check(r#"{"event": {"payload": 1}, "expect": {"drop": "*"}, "x-note": 1}"#, "");
        check("{", "a.json: EOF while parsing");
        check("[]", "an example is an object");
        check(r#"{"event": {}, "expected": {}}"#, "unknown field `expected`");
        check(r#"{"event": {}}"#, "no field `expect`");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_folder_must_be_there_only_when_it_is_named() {
        let nowhere = Path::new("/nowhere/at/all");
        assert_eq!(names(nowhere, false), Ok(vec![]));
        assert!(names(nowhere, true).is_err());
    }
}
