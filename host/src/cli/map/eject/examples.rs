//! Events as examples of a plugin: what goes in, and what the mapping engine really gives for exactly
//! that. Not here: where the events come from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::Value;
use serde_json::json;

use crate::cli::map::eject::given::EjectSample;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::Input;
use crate::shape::Mapping;

/// Examples in a plugin; and bytes of all of them, which travel in its manifest.
const MOST: usize = 50;
const BYTES_MAX: usize = 200 << 10;

/// Examples, and how many events had no room among them.
#[derive(Debug, Default)]
pub(super) struct Examples {
    /// Path inside the project, and text.
    pub(super) files: Vec<(String, String)>,
    pub(super) left_out: usize,
}

/// Writes an example for each event. `wanted` are the headers that the plugin gets.
pub(super) fn of(mapping: &Mapping, samples: &[EjectSample], wanted: &[String]) -> anyhow::Result<Examples> {
    let mut examples = Examples::default();
    let (mut names, mut bytes) = (BTreeSet::new(), 0);
    for sample in samples {
        let text = one(mapping, sample, wanted).with_context(|| format!("the event {}", sample.name))?;
        if examples.files.len() == MOST || bytes + text.len() > BYTES_MAX {
            examples.left_out += 1;
            continue;
        }
        bytes += text.len();
        let mut name = file_name(&sample.name);
        while !names.insert(name.clone()) {
            name.push_str("-more");
        }
        examples.files.push((format!("examples/{name}.json"), format!("{text}\n")));
    }
    Ok(examples)
}

fn one(mapping: &Mapping, sample: &EjectSample, wanted: &[String]) -> anyhow::Result<String> {
    let (payload, kept) = payload(&sample.payload)?;
    let document = Document::parse(payload.as_bytes()).context("the payload")?;
    // One value of each name is what an example can have.
    let headers: BTreeMap<String, String> =
        sample.headers.iter().rev().filter(|(name, _)| wanted.contains(name)).cloned().collect();
    let seen: Vec<(String, String)> = headers.clone().into_iter().collect();
    let input = Input {
        document: &document,
        headers: &seen,
        id: &sample.id,
        event_type: &sample.event_type,
        source: &sample.source,
        received_at: &sample.received_at,
        ..Input::of(&document)
    };
    let mut out = Vec::new();
    let expect = match mapping.apply(&input, &mut Budget::default(), &mut out) {
        Ok(mapped) => {
            // As it is written: a double would lose digits.
            let mut fields = format!("\"payload\":{}", String::from_utf8(out)?);
            if let Some(event_type) = mapped.event_type {
                fields.push_str(&format!(",\"type\":{}", Value::from(event_type)));
            }
            if !mapped.headers.is_empty() {
                let headers = mapped.headers.into_iter().map(|(name, value)| (name, Value::from(value)));
                fields.push_str(&format!(",\"headers\":{}", Value::Object(headers.collect())));
            }
            format!("{{\"forward\":[{{{fields}}}]}}")
        }
        Err(_) => json!({"error": "*"}).to_string(),
    };
    let mut event = json!({
        "id": sample.id, "type": sample.event_type, "source": sample.source, "received_at": sample.received_at,
        "content_type": "application/json", "headers": headers,
    });
    match kept {
        Some(value) => event["payload"] = value,
        None => event["payload_text"] = payload.into(),
    }
    Ok(format!("{{\"event\":{event},\"expect\":{expect}}}"))
}

/// The payload as the plugin will get it: written again without white space, if that keeps every
/// number; else as a text.
fn payload(text: &str) -> anyhow::Result<(String, Option<Value>)> {
    let value: Value = serde_json::from_str(text).context("the payload is not JSON")?;
    let (again, document) = (value.to_string(), Document::parse(text.as_bytes()).context("the payload")?);
    let written = Document::parse(again.as_bytes())?;
    let numbers = |document: &Document<'_>| {
        let mut found = Vec::new();
        each_number(document.root(), &mut found);
        found
    };
    let is_kept = numbers(&document) == numbers(&written);
    Ok(if is_kept { (again, Some(value)) } else { (text.to_owned(), None) })
}

fn each_number(node: crate::shape::Node<'_>, found: &mut Vec<String>) {
    found.extend(node.as_number().map(str::to_owned));
    node.elements().for_each(|inner| each_number(inner, found));
    node.members().for_each(|(_, inner)| each_number(inner, found));
}

/// What a file may be called everywhere.
fn file_name(name: &str) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '-' };
    let name: String = name.chars().map(plain).take(80).collect();
    if name.is_empty() { "event".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, payload: &str) -> EjectSample {
        EjectSample {
            name: name.to_owned(),
            id: "evt_1".to_owned(),
            event_type: "push".to_owned(),
            source: String::new(),
            received_at: "2026-01-01T00:00:00Z".to_owned(),
            headers: vec![("x-a".to_owned(), "1".to_owned()), ("x-b".to_owned(), "2".to_owned())],
            payload: payload.to_owned(),
        }
    }

    #[test]
    fn an_example_expects_what_the_mapping_gives() {
        let mapping = br#"{"output": {"n": "$.n", "a": {"$in_headers": "x-a"}}, "headers": {"x-c": "c"}}"#;
        let mapping = Mapping::compile(mapping).unwrap();
        let samples = [sample("a b", r#"{"n": 1}"#), sample("a/b", r#"{"n": 1.10}"#)];
        let examples = of(&mapping, &samples, &["x-a".to_owned()]).unwrap();
        let names: Vec<&str> = examples.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["examples/a-b.json", "examples/a-b-more.json"]);
        let read = |at: usize| serde_json::from_str::<Value>(&examples.files[at].1).unwrap();
        let expected = json!([{"payload": {"n": 1, "a": "1"}, "headers": {"x-c": "c"}}]);
        assert_eq!(
            (&read(0)["expect"]["forward"], &read(0)["event"]["payload"]),
            (&expected, &json!({"n": 1}))
        );
        assert_eq!(read(0)["event"]["headers"], json!({"x-a": "1"}));
        assert_eq!(read(1)["event"]["payload_text"], r#"{"n": 1.10}"#, "no digit is lost");
    }

    #[test]
    fn what_fails_is_an_error_and_what_has_no_room_is_counted() {
        let mapping = Mapping::compile(br#"{"output": "$.n", "on_missing": "error"}"#).unwrap();
        let large = format!(r#"{{"text": "{}"}}"#, "x".repeat(150 << 10));
        let samples = [sample("a", "{}"), sample("b", &large), sample("c", &large)];
        let examples = of(&mapping, &samples, &[]).unwrap();
        assert_eq!((examples.files.len(), examples.left_out), (2, 1));
        assert!(examples.files[0].1.contains(r#""expect":{"error":"*"}"#), "{}", examples.files[0].1);
        assert!(of(&mapping, &[sample("d", "a=1")], &[]).is_err());
    }
}
