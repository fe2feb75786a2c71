//! The example files of a plugin, run natively. The same files travel in the plugin and run at its
//! upload.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::Event;
use crate::plugin::Plugin;
use crate::testing::compare::{difference, is_expected};
use crate::testing::run::{Answer, event, run};
use crate::verdict::{Output, Verdict};

#[derive(Deserialize)]
struct Example {
    #[serde(default = "no_config")]
    config: Value,
    event: ExampleEvent,
    expect: Expected,
}

fn no_config() -> Value {
    Value::Object(serde_json::Map::new())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleEvent {
    payload: Option<Value>,
    payload_text: Option<String>,
    id: Option<String>,
    #[serde(rename = "type")]
    event_type: Option<String>,
    source: Option<String>,
    received_at: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    content_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Forward(Vec<ExpectedOutput>),
    Drop(String),
    Error(String),
    BadConfig(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedOutput {
    payload: Option<Value>,
    payload_text: Option<String>,
    #[serde(rename = "type")]
    event_type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    ordering_key: Option<String>,
}

/// Runs every example of the plugin; fails with all that do not come out as they expect.
///
/// ```no_run
/// # use hookmill_plugin_sdk::prelude::*;
/// # #[plugin]
/// # fn transform(event: &Event) -> Result<Verdict> { Ok(forward(event)) }
/// use hookmill_plugin_sdk::testing;
///
/// #[test]
/// fn examples() {
///     testing::run_examples::<transform>();
/// }
/// # fn main() {}
/// ```
///
/// # Panics
/// When an example fails or cannot be read.
#[track_caller]
pub fn run_examples<P: Plugin>() {
    let faults: Vec<String> = texts::<P>()
        .iter()
        .filter_map(|(file, text)| {
            let fault = check::<P>(text).err()?;
            Some(format!("{file}: {fault}"))
        })
        .collect();
    assert!(faults.is_empty(), "examples that fail:\n{}", faults.join("\n"));
}

/// From the folder, where it is still there: a file that was added is seen without compiling again.
fn texts<P: Plugin>() -> Vec<(String, String)> {
    let folder = Path::new(P::ABOUT.examples_dir);
    let Ok(entries) = fs::read_dir(folder) else {
        let embedded = P::ABOUT.examples.iter();
        return embedded.map(|(file, text)| (file.to_string(), text.to_string())).collect();
    };
    let mut texts: Vec<(String, String)> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            (path.display().to_string(), text)
        })
        .collect();
    texts.sort();
    texts
}

fn check<P: Plugin>(text: &str) -> Result<(), String> {
    let example: Example = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let answer = run::<P>(example.event.into_event()?).config(example.config).answer();
    match (&example.expect, &answer) {
        (Expected::Forward(expected), Answer::Verdict(Verdict::Forward(seen))) => {
            outputs_differ(expected, seen)
        }
        (Expected::Drop(expected), Answer::Verdict(Verdict::Drop(seen)))
        | (Expected::Error(expected), Answer::Refused(seen))
        | (Expected::BadConfig(expected), Answer::BadConfig(seen)) => match is_expected(seen, expected) {
            true => Ok(()),
            false => Err(format!("expected {expected:?}, seen {seen:?}")),
        },
        (Expected::Forward(_), seen) => Err(format!("expected that it forwards, seen {seen:?}")),
        (Expected::Drop(reason), seen) => Err(format!("expected a drop, {reason:?}, seen {seen:?}")),
        (Expected::Error(message), seen) => Err(format!("expected the refusal {message:?}, seen {seen:?}")),
        (Expected::BadConfig(message), seen) => {
            Err(format!("expected a bad configuration, {message:?}, seen {seen:?}"))
        }
    }
}

impl ExampleEvent {
    fn into_event(self) -> Result<Event, String> {
        let mut made = match (self.payload, self.payload_text) {
            (Some(payload), None) => event(payload),
            (None, Some(text)) => event(text.as_str()),
            _ => return Err("the event has neither or both of `payload` and `payload_text`".into()),
        };
        made.event_type = self.event_type.unwrap_or_default();
        made.source = self.source.unwrap_or(made.source);
        made.id = self.id.unwrap_or(made.id);
        made.received_at = self.received_at.unwrap_or(made.received_at);
        made.content_type = self.content_type.unwrap_or(made.content_type);
        let with_header = |made: Event, (name, value): (String, String)| made.header(&name, value);
        Ok(self.headers.into_iter().fold(made, with_header))
    }
}

fn outputs_differ(expected: &[ExpectedOutput], seen: &[Output]) -> Result<(), String> {
    if expected.len() != seen.len() {
        return Err(format!("expected {} outputs, seen {}", expected.len(), seen.len()));
    }
    for (index, (expected, seen)) in expected.iter().zip(seen).enumerate() {
        expected.check(seen).map_err(|fault| format!("output {index}{fault}"))?;
    }
    Ok(())
}

impl ExpectedOutput {
    fn check(&self, seen: &Output) -> Result<(), String> {
        let text = String::from_utf8_lossy(&seen.payload);
        match (&self.payload, &self.payload_text) {
            (Some(expected), None) => {
                let value = serde_json::from_str(&text)
                    .map_err(|error| format!(": expected JSON, {error}, seen {text}"))?;
                difference(expected, &value).map_or(Ok(()), Err)?;
            }
            (None, Some(expected)) => same("payload_text", Some(expected.as_str()), Some(&*text))?,
            _ => return Err(" is expected with neither or both of `payload` and `payload_text`".into()),
        }
        if self.event_type.is_some() {
            same("type", self.event_type.as_deref(), seen.event_type.as_deref())?;
        }
        if self.ordering_key.is_some() {
            same("ordering_key", self.ordering_key.as_deref(), seen.ordering_key.as_deref())?;
        }
        for (name, value) in &self.headers {
            let is_it =
                |header: &&(String, String)| header.0.eq_ignore_ascii_case(name) && header.1 == *value;
            if !seen.headers.iter().any(|header| is_it(&header)) {
                return Err(format!(": expected the header {name}: {value}, seen {:?}", seen.headers));
            }
        }
        Ok(())
    }
}

fn same(what: &str, expected: Option<&str>, seen: Option<&str>) -> Result<(), String> {
    if expected == seen {
        return Ok(());
    }
    Err(format!(": expected the {what} {expected:?}, seen {seen:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[derive(Deserialize, JsonSchema)]
    struct Config {
        least: i64,
    }

    #[plugin(headers = ["x-kind"])]
    fn transform(event: &Event, config: &Config) -> Result<Verdict> {
        let number: i64 = event.json()?;
        if number < config.least {
            return Ok(drop("too small"));
        }
        let kind = event.headers.get("x-kind").unwrap_or("none");
        Ok(forward_json(&json!({ "number": number })).event_type(kind).ordering_key("k"))
    }

    #[test]
    fn an_example_passes_or_says_why_not() {
        let check = |example: Value, expected: &str| {
            let fault = check::<transform>(&example.to_string()).err().unwrap_or_default();
            assert_eq!(fault, expected);
        };
        let least = json!({ "least": 1 });
        let five = json!({ "payload": 5, "headers": { "X-Kind": "five", "x-other": "1" } });
        check(
            json!({ "config": least, "event": five, "expect": { "forward": [
                { "payload": { "number": 5.0 }, "type": "five", "ordering_key": "k", "headers": {} }
            ] } }),
            "",
        );
        check(
            json!({ "config": least, "event": five, "expect": { "forward": [{ "payload": { "number": 6 } }] } }),
            "output 0/number: expected 6, seen 5",
        );
        check(
            json!({ "config": least, "event": five, "expect": { "forward": [{ "payload": { "number": 5 }, "type": "six" }] } }),
            "output 0: expected the type Some(\"six\"), seen Some(\"five\")",
        );
        check(
            json!({ "config": least, "event": five, "expect": { "forward": [] } }),
            "expected 0 outputs, seen 1",
        );
        check(json!({ "config": least, "event": { "payload": 0 }, "expect": { "drop": "too small" } }), "");
        check(
            json!({ "config": least, "event": { "payload": 0 }, "expect": { "drop": "odd" } }),
            "expected \"odd\", seen \"too small\"",
        );
        check(json!({ "config": least, "event": { "payload_text": "?" }, "expect": { "error": "*" } }), "");
        check(
            json!({ "event": { "payload": 0 }, "expect": { "bad_config": "missing setting `least` (integer)" } }),
            "",
        );
        check(
            json!({ "event": {}, "expect": { "drop": "*" } }),
            "the event has neither or both of `payload` and `payload_text`",
        );
    }
}
