//! What an example expects, and how an answer differs from it. Not here: getting the answer.

use serde_json::Value;
use serde_json::json;

use crate::domain::plugin::Output;
use crate::domain::plugin::Verdict;
use crate::sandbox::admission::diff;
use crate::sandbox::admission::reader::JsonReader;

/// The expected result of an example.
#[derive(Debug)]
pub(crate) enum Expected {
    /// These outputs, in this order.
    Forward(Vec<ExpectedOutput>),
    /// Dropped for this reason; `*` is any.
    Drop(String),
    /// The event is refused with this message; `*` is any.
    Error(String),
    /// The configuration is refused with this message; `*` is any.
    BadConfig(String),
}

/// What is expected of one output; what is not given is not compared.
#[derive(Debug)]
pub(crate) struct ExpectedOutput {
    payload: ExpectedPayload,
    event_type: Option<String>,
    headers: Vec<(String, String)>,
    ordering_key: Option<String>,
}

#[derive(Debug)]
enum ExpectedPayload {
    Json(Value),
    Text(String),
}

/// What came of an example.
#[derive(Debug, PartialEq)]
pub(crate) enum ExampleAnswer {
    Verdict(Verdict),
    Error(String),
    BadConfig(String),
}

/// Reads the `expect` of an example at `pointer`.
pub(crate) fn read(reader: &mut JsonReader, value: &Value, pointer: &str) -> Option<Expected> {
    let known = ["forward", "drop", "error", "bad_config"];
    let fields = reader.object(value, pointer, &known)?;
    let mut given = known.into_iter().filter(|name| fields.contains_key(*name));
    let (Some(name), None) = (given.next(), given.next()) else {
        reader.problem(pointer, "expected exactly one of forward, drop, error, bad_config");
        return None;
    };
    if name == "forward" {
        let pointer = format!("{pointer}/forward");
        let Some(outputs) = fields[name].as_array() else {
            reader.problem(&pointer, "expected a list of outputs");
            return None;
        };
        let one = |(at, value)| output(reader, value, &format!("{pointer}/{at}"));
        return Some(Expected::Forward(outputs.iter().enumerate().filter_map(one).collect()));
    }
    let text = reader.text(fields, pointer, name)?;
    Some(match name {
        "drop" => Expected::Drop(text),
        "error" => Expected::Error(text),
        _ => Expected::BadConfig(text),
    })
}

fn output(reader: &mut JsonReader, value: &Value, pointer: &str) -> Option<ExpectedOutput> {
    let known = ["payload", "payload_text", "type", "headers", "ordering_key"];
    let fields = reader.object(value, pointer, &known)?;
    let text = reader.text(fields, pointer, "payload_text");
    let payload = match (fields.get("payload"), text) {
        (Some(json), None) => ExpectedPayload::Json(json.clone()),
        (None, Some(text)) => ExpectedPayload::Text(text),
        _ => {
            reader.problem(pointer, "expected either payload or payload_text");
            return None;
        }
    };
    Some(ExpectedOutput {
        payload,
        event_type: reader.text(fields, pointer, "type"),
        headers: reader.texts(fields, pointer, "headers"),
        ordering_key: reader.text(fields, pointer, "ordering_key"),
    })
}

impl Expected {
    /// How the answer differs, if it does.
    pub(crate) fn difference(&self, answer: &ExampleAnswer) -> Option<String> {
        match (self, answer) {
            (Self::Forward(expected), ExampleAnswer::Verdict(Verdict::Forward(outputs))) => {
                many(expected, outputs)
            }
            (Self::Drop(expected), ExampleAnswer::Verdict(Verdict::Drop(seen))) => {
                words("dropped for", expected, seen)
            }
            (Self::Error(expected), ExampleAnswer::Error(seen)) => words("refused with", expected, seen),
            (Self::BadConfig(expected), ExampleAnswer::BadConfig(seen)) => {
                words("configuration refused with", expected, seen)
            }
            _ => Some(format!("expected {}, but it {}", self.named(), answer.named())),
        }
    }

    /// Places of the expected payloads that those of the answer lack. `None` where there is nothing to lose: no JSON is
    /// expected, or nothing was forwarded, which is another matter.
    pub(crate) fn lost(&self, answer: &ExampleAnswer) -> Option<Vec<String>> {
        let (Self::Forward(expected), ExampleAnswer::Verdict(Verdict::Forward(outputs))) = (self, answer)
        else {
            return None;
        };
        let json = expected.iter().filter_map(|output| match &output.payload {
            ExpectedPayload::Json(json) => Some(json),
            ExpectedPayload::Text(_) => None,
        });
        let before = diff::places(json);
        let seen: Vec<Value> =
            outputs.iter().filter_map(|output| serde_json::from_slice(&output.payload).ok()).collect();
        (!before.is_empty()).then(|| diff::missing(&before, &diff::places(seen.iter())))
    }

    fn named(&self) -> String {
        match self {
            Self::Forward(outputs) => format!("{} outputs", outputs.len()),
            Self::Drop(reason) => format!("a drop for {reason:?}"),
            Self::Error(message) => format!("a refusal with {message:?}"),
            Self::BadConfig(message) => format!("a refused configuration with {message:?}"),
        }
    }
}

impl ExampleAnswer {
    fn named(&self) -> String {
        match self {
            Self::Verdict(Verdict::Forward(outputs)) => format!("forwarded {} outputs", outputs.len()),
            Self::Verdict(Verdict::Drop(reason)) => format!("dropped the event for {reason:?}"),
            Self::Error(message) => format!("refused the event with {message:?}"),
            Self::BadConfig(message) => format!("refused the configuration with {message:?}"),
        }
    }
}

fn words(what: &str, expected: &str, seen: &str) -> Option<String> {
    (expected != "*" && expected != seen).then(|| format!("{what} {seen:?} instead of {expected:?}"))
}

fn many(expected: &[ExpectedOutput], outputs: &[Output]) -> Option<String> {
    if expected.len() != outputs.len() {
        return Some(format!("{} outputs instead of {}", outputs.len(), expected.len()));
    }
    let one =
        |(at, (expected, seen))| expected_output(expected, seen).map(|what| format!("output {at}: {what}"));
    expected.iter().zip(outputs).enumerate().find_map(one)
}

fn expected_output(expected: &ExpectedOutput, seen: &Output) -> Option<String> {
    let given = |what, expected: &Option<String>, seen: &Option<String>| {
        let differs = expected.is_some() && expected != seen;
        differs.then(|| format!("{what} {} instead of {}", shown(seen), shown(expected)))
    };
    given("type", &expected.event_type, &seen.event_type)
        .or_else(|| given("ordering key", &expected.ordering_key, &seen.ordering_key))
        .or_else(|| expected.headers.iter().find_map(|header| missing_header(header, seen)))
        .or_else(|| payload(&expected.payload, &seen.payload))
}

fn missing_header((name, value): &(String, String), seen: &Output) -> Option<String> {
    let of_name: Vec<_> = seen.headers.iter().filter(|header| header.0.eq_ignore_ascii_case(name)).collect();
    let found = of_name.iter().any(|header| header.1 == *value);
    let first = of_name.first().map(|header| header.1.clone());
    (!found).then(|| format!("header {name} {} instead of {value:?}", shown(&first)))
}

fn payload(expected: &ExpectedPayload, seen: &[u8]) -> Option<String> {
    match expected {
        ExpectedPayload::Text(text) if text.as_bytes() == seen => None,
        ExpectedPayload::Text(text) => Some(format!(
            "payload {} instead of {}",
            diff::short(&String::from_utf8_lossy(seen)),
            diff::short(text)
        )),
        ExpectedPayload::Json(expected) => match serde_json::from_slice(seen) {
            Ok(seen) => diff::difference(expected, &seen).map(|what| format!("payload {what}")),
            Err(error) => Some(format!("the payload is not JSON: {error}")),
        },
    }
}

/// An output as something to expect. Bytes that are no text are shown as well as they can be.
pub fn of_output(output: &Output) -> Value {
    let mut value = match serde_json::from_slice::<Value>(&output.payload) {
        Ok(payload) => json!({"payload": payload}),
        Err(_) => json!({"payload_text": String::from_utf8_lossy(&output.payload)}),
    };
    if let Some(event_type) = &output.event_type {
        value["type"] = event_type.as_str().into();
    }
    if !output.headers.is_empty() {
        let headers = output.headers.iter().map(|(name, value)| (name.clone(), json!(value)));
        value["headers"] = headers.collect::<serde_json::Map<_, _>>().into();
    }
    if let Some(key) = &output.ordering_key {
        value["ordering_key"] = key.as_str().into();
    }
    value
}

fn shown(text: &Option<String>) -> String {
    text.as_ref().map_or_else(|| "none".to_owned(), |text| format!("{text:?}"))
}
