//! Documents in files: YAML, of which JSON is a part, several in one file. What stands for a secret that is elsewhere is
//! looked up here: `{"$env": "NAME"}` and `{"$file": "PATH"}`, so that no file needs to have one in it. Text is never
//! replaced within text.

use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;

use crate::config;

/// What a file of documents may end with, in a folder.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// Bytes of a file.
const BYTES_MAX: u64 = 16 << 20;

/// A document, and where it stands.
#[derive(Debug)]
pub(super) struct FileDocument {
    /// The file, and which of its documents, from 1.
    pub(super) place: String,
    /// The folder of the file.
    pub(super) folder: PathBuf,
    /// What it says.
    pub(super) document: Value,
}

/// Reads files, and those in folders by name; `-` is stdin.
pub(super) fn read(given: &[PathBuf]) -> anyhow::Result<Vec<FileDocument>> {
    let mut found = Vec::new();
    for path in given {
        found.extend(if path.is_dir() { read_folder(path)? } else { documents_of(path)? });
    }
    if found.is_empty() {
        bail!("there is no document in these files");
    }
    Ok(found)
}

/// Reads the files of a folder by name; there may be none.
pub(super) fn read_folder(path: &Path) -> anyhow::Result<Vec<FileDocument>> {
    let mut found = Vec::new();
    for file in files_of(path)? {
        found.extend(documents_of(&file)?);
    }
    Ok(found)
}

/// The one document of a file, as it is: nothing is looked up in it.
pub(super) fn one(path: &Path) -> anyhow::Result<Value> {
    let shown = path.display();
    let text = text_of(path).with_context(|| format!("read {shown}"))?;
    let mut documents = parse(&text).with_context(|| format!("{shown} is not YAML or JSON"))?;
    match documents.len() {
        1 => Ok(documents.remove(0)),
        several => bail!("{shown} has {several} documents; one is wanted"),
    }
}

fn files_of(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = folder.display();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("read the folder {shown}"))? {
        let path = entry.with_context(|| format!("read the folder {shown}"))?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| ENDINGS.contains(&ending)) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn documents_of(path: &Path) -> anyhow::Result<Vec<FileDocument>> {
    let shown = path.display();
    let text = text_of(path).with_context(|| format!("read {shown}"))?;
    let documents: Vec<Value> = parse(&text).with_context(|| format!("{shown} is not YAML or JSON"))?;
    // A file of JSON may have them in one list.
    let single: Vec<Value> = documents
        .into_iter()
        .flat_map(|document| if let Value::Array(several) = document { several } else { vec![document] })
        .filter(|document| !document.is_null())
        .collect();
    let numbered = single.into_iter().enumerate();
    numbered
        .map(|(at, mut document)| {
            let place = format!("{shown}, document {}", at + 1);
            look_up(&mut document, path).with_context(|| place.clone())?;
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            Ok(FileDocument { place, folder, document })
        })
        .collect()
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(BYTES_MAX + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)
    };
    if read? as u64 > BYTES_MAX {
        bail!("it has more than {BYTES_MAX} bytes");
    }
    Ok(text)
}

fn parse(text: &str) -> anyhow::Result<Vec<Value>> {
    // JSON is told apart, since its own numbers are exact and its texts may have what YAML refuses.
    if let Ok(one) = serde_json::from_str(text) {
        return Ok(vec![one]);
    }
    // A country is no boolean.
    Ok(serde_saphyr::from_multiple_with_options(text, serde_saphyr::options! { strict_booleans: true })?)
}

/// As YAML, several in one text.
pub(super) fn write(documents: &[Value]) -> anyhow::Result<String> {
    let mut text = String::new();
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            text.push_str("---\n");
        }
        text.push_str(&serde_saphyr::to_string(document).context("write YAML")?);
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    Ok(text)
}

/// Puts in what stands elsewhere. Files are named as seen from the document's own.
fn look_up(value: &mut Value, from: &Path) -> anyhow::Result<()> {
    match value {
        Value::Object(members) if members.len() == 1 => {
            let found = match members.iter().next().map(|(name, inner)| (name.as_str(), inner.as_str())) {
                Some(("$env", Some(name))) => {
                    let found = config::from_environment(name);
                    Some(found.with_context(|| format!("there is no variable {name} in the environment"))?)
                }
                Some(("$file", Some(name))) => {
                    let path = from.parent().unwrap_or(Path::new("")).join(name);
                    let text = text_of(&path).with_context(|| format!("read {}", path.display()))?;
                    Some(text.strip_suffix('\n').unwrap_or(&text).to_owned())
                }
                _ => None,
            };
            match found {
                Some(found) => *value = found.into(),
                None => members.values_mut().try_for_each(|inner| look_up(inner, from))?,
            }
        }
        Value::Object(members) => members.values_mut().try_for_each(|inner| look_up(inner, from))?,
        Value::Array(items) => items.iter_mut().try_for_each(|inner| look_up(inner, from))?,
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Value) {
        assert_eq!(Value::from(parse(text).unwrap()), expected, "{text}");
    }

    #[test]
    fn yaml_means_what_it_says() {
        check(
            "resource: source\nname: a\n---\nresource: source\nname: b\n",
            json!([{"resource": "source", "name": "a"}, {"resource": "source", "name": "b"}]),
        );
        // A country, a version and a time are texts; what looks like a number is one.
        check(
            "{a: no, b: 1.10.0, c: 10:30, d: 0o17x, e: 12, f: 1.5, g: true, h: null, i: \"7\"}",
            json!([{"a": "no", "b": "1.10.0", "c": "10:30", "d": "0o17x", "e": 12, "f": 1.5, "g": true, "h": null, "i": "7"}]),
        );
        check("[{\"resource\": \"source\"}]", json!([[{"resource": "source"}]]));
        assert!(parse("{a: 1, a: 2}").is_err(), "a name twice");
        assert!(parse("a: [1").is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let documents = [
            json!({"resource": "connection", "name": "no", "steps": [{"mapping": {"version": 1, "output": {"x": "$.a", "#y": "on", "t": "12", "e": "", "l": "a\nb\n", "n": 1.5, "u": "\u{1F600}: [", "k": []}}}], "retry": {}}),
            json!({"resource": "source", "name": "- a", "event_type": null}),
        ];
        let text = write(&documents).unwrap();
        assert_eq!(parse(&text).unwrap(), documents, "{text}");
    }

    #[test]
    fn what_stands_elsewhere_is_put_in() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "s3cret\n").unwrap();
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, "resource: destination\nauth: {bearer: {$file: secret}}\nx: $file\n").unwrap();
        let found = read(&[folder.path().to_owned()]).unwrap();
        assert_eq!(
            found[0].document,
            json!({"resource": "destination", "auth": {"bearer": "s3cret"}, "x": "$file"})
        );
        std::fs::write(&path, "a: {$env: HOOKMILL_NO_SUCH_THING}").unwrap();
        let error = format!("{:#}", read(&[path]).unwrap_err());
        assert!(error.contains("a.yaml, document 1") && error.contains("HOOKMILL_NO_SUCH_THING"), "{error}");
    }
}
