//! Reading JSON that somebody else wrote: each problem is noted with its JSON pointer, and reading goes on, so that all of
//! them are told at once. Not here: what the fields mean (`manifest`, `expect`).

use serde_json::Map;
use serde_json::Value;

/// Characters shown of the name of an unknown field.
const SHOWN_CHARS: usize = 64;

/// Reads JSON and gathers what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct JsonReader {
    pub(crate) problems: Vec<String>,
}

impl JsonReader {
    /// Notes a problem at a JSON pointer.
    pub(crate) fn problem(&mut self, pointer: &str, what: &str) {
        self.problems.push(format!("{}: {what}", if pointer.is_empty() { "/" } else { pointer }));
    }

    /// An object with no fields but these and those that begin with `x-`.
    pub(crate) fn object<'v>(
        &mut self,
        value: &'v Value,
        pointer: &str,
        known: &[&str],
    ) -> Option<&'v Map<String, Value>> {
        let Some(fields) = value.as_object() else {
            self.problem(pointer, &format!("expected an object, found {}", kind(value)));
            return None;
        };
        for name in fields.keys().filter(|name| !name.starts_with("x-") && !known.contains(&name.as_str())) {
            let shown: String = name.chars().take(SHOWN_CHARS).collect();
            self.problem(
                &format!("{pointer}/{shown}"),
                &format!("unknown field; known are {}", known.join(", ")),
            );
        }
        Some(fields)
    }

    /// A text that may be left out.
    pub(crate) fn text(&mut self, fields: &Map<String, Value>, pointer: &str, name: &str) -> Option<String> {
        let value = fields.get(name)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.problem(&format!("{pointer}/{name}"), &format!("expected a text, found {}", kind(value)));
        }
        text
    }

    /// An object of texts that may be left out.
    pub(crate) fn texts(
        &mut self,
        fields: &Map<String, Value>,
        pointer: &str,
        name: &str,
    ) -> Vec<(String, String)> {
        let Some(value) = fields.get(name) else { return Vec::new() };
        let pointer = format!("{pointer}/{name}");
        let Some(entries) = value.as_object() else {
            self.problem(&pointer, &format!("expected an object of texts, found {}", kind(value)));
            return Vec::new();
        };
        entries.keys().filter_map(|key| Some((key.clone(), self.text(entries, &pointer, key)?))).collect()
    }

    /// A text that must not be left out.
    pub(crate) fn required(
        &mut self,
        fields: &Map<String, Value>,
        pointer: &str,
        name: &str,
    ) -> Option<String> {
        if !fields.contains_key(name) {
            self.problem(&format!("{pointer}/{name}"), "missing");
        }
        self.text(fields, pointer, name)
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, value: &Value, pointer: &str) -> bool {
        if !value.is_boolean() {
            self.problem(pointer, &format!("expected true or false, found {}", kind(value)));
        }
        value == &Value::Bool(true)
    }

    /// A list that may be left out; what is beyond `most` is noted and not read.
    pub(crate) fn list<'v>(&mut self, value: Option<&'v Value>, pointer: &str, most: usize) -> &'v [Value] {
        let Some(value) = value else { return &[] };
        let Some(items) = value.as_array() else {
            self.problem(pointer, &format!("expected a list, found {}", kind(value)));
            return &[];
        };
        if items.len() > most {
            self.problem(pointer, &format!("{} entries of at most {most}", items.len()));
        }
        &items[..items.len().min(most)]
    }
}

/// What a JSON value is, for people.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
