//! One object of a request: its fields by name, each taken out by its type; what is wrong goes to
//! the form's list. Not here: the types (`values`).

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;

use crate::control::FieldFault;
use crate::domain::suggest::suggest;
use crate::http::form::field::Field;
use crate::http::form::text;
use crate::http::problem::Kind;
use crate::http::problem::Problem;

/// Faults told of one request; a body full of them is not worth more.
const FAULTS_MAX: usize = 100;

/// Whether required fields must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They must: something is made.
    Whole,
    /// They need not: something is changed. Objects inside are whole in any case.
    Change,
}

/// The faults of one request body.
#[derive(Debug, Default)]
pub(crate) struct Form {
    faults: RefCell<Vec<FieldFault>>,
}

impl Form {
    /// Reads a body that is one object with these fields. What `read` makes of it comes with the
    /// faults found on the way; a body that is no JSON object at all is a problem at once.
    pub(crate) fn read_within<T>(
        depth_max: usize,
        body: &[u8],
        fields: &'static [Field],
        mode: Mode,
        read: impl FnOnce(&Object<'_>) -> T,
    ) -> Result<(T, Vec<FieldFault>), Problem> {
        let text = text::check(body, depth_max)?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        if !raw.get().starts_with('{') {
            let detail = format!("the body must be a JSON object, not {}", seen(raw));
            return Err(Problem::new(Kind::MalformedJson, detail));
        }
        let form = Self::default();
        let Some(object) = Object::open(raw, String::new(), fields, mode, &form) else {
            return Err(Problem::new(Kind::MalformedJson, "the body cannot be read"));
        };
        let made = read(&object);
        Ok((made, form.faults.into_inner()))
    }

    /// The same with the usual depth.
    #[cfg(test)]
    pub(crate) fn read<T>(
        body: &[u8],
        fields: &'static [Field],
        mode: Mode,
        read: impl FnOnce(&Object<'_>) -> T,
    ) -> Result<(T, Vec<FieldFault>), Problem> {
        Self::read_within(128, body, fields, mode, read)
    }

    /// Whether no further fault is told.
    pub(super) fn is_full(&self) -> bool {
        self.faults.borrow().len() >= FAULTS_MAX
    }

    pub(super) fn fault(&self, pointer: String, detail: String) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < FAULTS_MAX {
            faults.push(FieldFault { pointer, detail });
        }
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::MalformedJson, format!("the body is not valid JSON: {error}"))
}

/// What a value is, for people.
pub(super) fn seen(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// `pointer` and one more name, escaped by RFC 6901.
pub(crate) fn pointer_to(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The members of an object with their text.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// A name, borrowed when it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object of a request.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    pub(super) form: &'a Form,
    pub(super) pointer: String,
    pub(super) fields: &'static [Field],
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Opens an object and notes unknown, repeated, missing and impossible fields. `None`, noted,
    /// if it is none.
    pub(super) fn open(
        raw: &'a RawValue,
        pointer: String,
        fields: &'static [Field],
        mode: Mode,
        form: &'a Form,
    ) -> Option<Self> {
        let members = match serde_json::from_str::<Members<'a>>(raw.get()) {
            Ok(Members(members)) => members,
            Err(_) => {
                form.fault(pointer, format!("expected an object, not {}", seen(raw)));
                return None;
            }
        };
        let object = Self { form, pointer, fields, members };
        object.check(mode);
        Some(object)
    }

    fn check(&self, mode: Mode) {
        let mut seen = HashSet::new();
        for (name, value) in &self.members {
            // Looking for what was meant is work, and nobody is told more.
            if self.form.is_full() {
                break;
            }
            if !seen.insert(name.as_ref()) {
                self.fault(name, "this field is there twice");
                continue;
            }
            match self.fields.iter().find(|field| field.name == name) {
                None => self.fault(name, self.unknown(name)),
                Some(field) if value.get() == "null" && !field.nullable => {
                    self.fault(name, "null is not possible here; leave the field out");
                }
                Some(_) => {}
            }
        }
        if mode == Mode::Change {
            return;
        }
        for field in self.fields.iter().filter(|field| field.required) {
            if !self.members.iter().any(|(name, _)| name == field.name) {
                self.fault(field.name, format!("this field is needed: {}", field.doc));
            }
        }
    }

    fn unknown(&self, name: &str) -> String {
        match suggest(name, self.fields.iter().map(|field| field.name)) {
            Some(meant) => format!("there is no such field; did you mean `{meant}`?"),
            None => {
                let known: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
                format!("there is no such field; there are {}", known.join(", "))
            }
        }
    }

    /// Notes a fault of a field.
    pub(crate) fn fault(&self, name: &str, detail: impl Into<String>) {
        self.form.fault(pointer_to(&self.pointer, name), detail.into());
    }

    /// The text of a field's JSON, unless it is missing or null.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        debug_assert!(self.fields.iter().any(|field| field.name == name), "{name} is not in the table");
        let (_, raw) = self.members.iter().find(|(have, _)| have == name)?;
        (raw.get() != "null").then_some(*raw)
    }

    /// Whether a field is there as null, which takes it away.
    pub(crate) fn clears(&self, name: &str) -> bool {
        self.members.iter().any(|(have, raw)| have == name && raw.get() == "null")
    }

    /// Whether a field is there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(have, _)| have == name)
    }
}
