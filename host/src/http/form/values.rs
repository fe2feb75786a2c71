//! Values of fields by their types. Each answers `None` when the field is not there, and also when
//! it is unreadable: then a fault is noted.

use std::collections::BTreeMap;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::http::form::duration;
use crate::http::form::field::Field;
use crate::http::form::field::Shape;
use crate::http::form::object::Mode;
use crate::http::form::object::Object;
use crate::http::form::object::pointer_to;
use crate::http::form::object::seen;

impl<'a> Object<'a> {
    fn typed<T: DeserializeOwned>(&self, name: &str, wanted: &str) -> Option<T> {
        let raw = self.raw(name)?;
        let read = serde_json::from_str(raw.get()).ok();
        if read.is_none() {
            self.fault(name, format!("expected {wanted}, not {}", shown(raw)));
        }
        read
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.typed(name, "a text")
    }

    /// A text that is kept secret. What is seen instead is not repeated.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        let raw = self.raw(name)?;
        let read = serde_json::from_str(raw.get()).ok();
        if read.is_none() {
            self.fault(name, format!("expected a text, not {}", seen(raw)));
        }
        read
    }

    /// A whole number.
    pub(crate) fn whole<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.typed(name, "a whole number")
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.typed(name, "a number")
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.typed(name, "true or false")
    }

    /// A text in the form of `T`; its own error says what was wanted.
    pub(crate) fn parsed<T>(&self, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        match self.text(name)?.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.fault(name, error.to_string());
                None
            }
        }
    }

    /// Milliseconds: a text with a unit, or a number of them.
    pub(crate) fn duration(&self, name: &str) -> Option<u64> {
        let raw = self.raw(name)?;
        match read_duration(raw) {
            Ok(millis) => Some(millis),
            Err(detail) => {
                self.fault(name, detail);
                None
            }
        }
    }

    /// One of these texts.
    pub(crate) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = choices.iter().find(|(choice, _)| *choice == text);
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            self.fault(name, format!("expected any of {}, not `{text}`", known.join(", ")));
        }
        found.map(|(_, meant)| *meant)
    }

    /// An object, whose fields are those of the table.
    pub(crate) fn object(&self, name: &str) -> Option<Object<'a>> {
        let fields =
            self.fields.iter().find(|field| field.name == name).and_then(|field| fields_of(field.shape))?;
        self.object_with(name, fields)
    }

    /// An object with fields that depend on something else.
    pub(crate) fn object_with(&self, name: &str, fields: &'static [Field]) -> Option<Object<'a>> {
        Object::open(self.raw(name)?, pointer_to(&self.pointer, name), fields, Mode::Whole, self.form)
    }

    /// The items of a list.
    pub(crate) fn items(&self, name: &str) -> Option<Vec<Item<'a>>> {
        let raw = self.raw(name)?;
        let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
            self.fault(name, format!("expected a list, not {}", shown(raw)));
            return None;
        };
        let pointer = pointer_to(&self.pointer, name);
        let item = |(at, raw)| Item { raw, pointer: format!("{pointer}/{at}"), form: self.form };
        Some(values.into_iter().enumerate().map(item).collect())
    }

    /// A list of texts. Those that are none are left out, and noted.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        Some(self.items(name)?.into_iter().filter_map(|item| item.text()).collect())
    }

    /// An object of texts, as headers.
    pub(crate) fn headers(&self, name: &str) -> Option<Headers> {
        let raw = self.raw(name)?;
        let Ok(values) = serde_json::from_str::<IndexMap<String, &RawValue>>(raw.get()) else {
            self.fault(name, format!("expected an object of texts, not {}", shown(raw)));
            return None;
        };
        let pointer = pointer_to(&self.pointer, name);
        let mut headers = Vec::with_capacity(values.len());
        let mut lower = BTreeMap::new();
        for (key, raw) in values {
            let item = Item { raw, pointer: pointer_to(&pointer, &key), form: self.form };
            if lower.insert(key.to_ascii_lowercase(), ()).is_some() {
                item.fault("this header is there twice; names do not differ by upper and lower case");
            }
            headers.extend(item.text().map(|value| (key, value)));
        }
        Some(Headers(headers))
    }

    /// A field that null takes away: `Some(None)` then.
    pub(crate) fn optional<T>(&self, name: &str, read: impl FnOnce(&Self) -> Option<T>) -> Option<Option<T>> {
        if self.clears(name) { Some(None) } else { read(self).map(Some) }
    }
}

fn fields_of(shape: Shape) -> Option<&'static [Field]> {
    match shape {
        Shape::Object(fields) => Some(fields),
        Shape::Either(shapes) => shapes.iter().find_map(|shape| fields_of(*shape)),
        _ => None,
    }
}

/// Milliseconds, or what was wanted instead.
pub(super) fn read_duration(raw: &RawValue) -> Result<u64, String> {
    let wanted = || {
        format!("expected a duration such as \"90s\", \"5m\" or \"24h\", or milliseconds, not {}", shown(raw))
    };
    if let Ok(millis) = serde_json::from_str::<u64>(raw.get()) {
        return Ok(millis);
    }
    let text: String = serde_json::from_str(raw.get()).map_err(|_| wanted())?;
    duration::parse(&text).ok_or_else(wanted)
}

/// The value itself when it is short, else what it is.
fn shown(raw: &RawValue) -> &str {
    const SHORT: usize = 40;
    if raw.get().len() <= SHORT { raw.get() } else { seen(raw) }
}

/// One item of a list.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    /// Its JSON.
    pub raw: &'a RawValue,
    /// Where it is.
    pub pointer: String,
    form: &'a crate::http::form::Form,
}

impl<'a> Item<'a> {
    /// Notes a fault here.
    pub(crate) fn fault(&self, detail: impl Into<String>) {
        self.form.fault(self.pointer.clone(), detail.into());
    }

    /// As a text.
    pub(crate) fn text(&self) -> Option<String> {
        let read = serde_json::from_str(self.raw.get()).ok();
        if read.is_none() {
            self.fault(format!("expected a text, not {}", shown(self.raw)));
        }
        read
    }

    /// As a secret text.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let read = serde_json::from_str(self.raw.get()).ok();
        if read.is_none() {
            self.fault(format!("expected a text, not {}", seen(self.raw)));
        }
        read
    }

    /// As a duration, milliseconds.
    pub(crate) fn duration(&self) -> Option<u64> {
        read_duration(self.raw).map_err(|detail| self.fault(detail)).ok()
    }

    /// As an object with these fields.
    pub(crate) fn object(&self, fields: &'static [Field]) -> Option<Object<'a>> {
        Object::open(self.raw, self.pointer.clone(), fields, Mode::Whole, self.form)
    }
}

#[cfg(test)]
mod tests {
    use crate::http::form::Field;
    use crate::http::form::Form;
    use crate::http::form::Mode;
    use crate::http::form::Shape;
    use crate::http::form::field;

    const INNER: &[Field] =
        &[field("user", Shape::Text, "who").required(), field("wait", Shape::Duration, "how long")];
    const FIELDS: &[Field] = &[
        field("name", Shape::Text, "the name").required(),
        field("count", Shape::Whole, "how many"),
        field("inner", Shape::Object(INNER), "an object").nullable(),
        field("tags", Shape::List(&Shape::Text), "texts"),
        field("headers", Shape::Texts, "headers"),
        field("state", Shape::Choice(&["on", "off"]), "a choice"),
        field("raw", Shape::Any, "anything"),
    ];

    /// Reads everything and answers the pointers of the faults, or the problem's text.
    fn check(body: &str, expected: &[&str]) {
        let read = Form::read(body.as_bytes(), FIELDS, Mode::Whole, |object| {
            object.text("name");
            object.whole::<u32>("count");
            object.optional("inner", |object| {
                let inner = object.object("inner")?;
                inner.text("user");
                inner.duration("wait")
            });
            object.texts("tags");
            object.headers("headers");
            object.choice("state", &[("on", true), ("off", false)]);
        });
        let (_, faults) = read.unwrap();
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{body}: {faults:?}");
    }

    #[test]
    fn all_faults_at_once() {
        check(
            r#"{"name":"x","count":3,"inner":{"user":"a","wait":"5m"},"tags":["a"],"headers":{"x":"y"},"state":"on"}"#,
            &[],
        );
        check(r#"{"name":"x","inner":null,"raw":null}"#, &["/raw"]);
        check(r#"{}"#, &["/name"]);
        check(r#"{"nme":1,"name":2}"#, &["/nme", "/name"]);
        check(r#"{"name":"x","name":"y","count":-1}"#, &["/name", "/count"]);
        check(r#"{"name":null,"count":1.5}"#, &["/name", "/count"]);
        check(
            r#"{"name":"x","inner":{"wait":"soon","a/b":1}}"#,
            &["/inner/a~1b", "/inner/user", "/inner/wait"],
        );
        check(
            r#"{"name":"x","inner":[],"tags":[1,"a",{}],"state":"open"}"#,
            &["/inner", "/tags/0", "/tags/2", "/state"],
        );
        check(r#"{"name":"x","headers":{"A":"1","a":"2","b":3}}"#, &["/headers/a", "/headers/b"]);
    }

    #[test]
    fn slips_are_recognised() {
        let (_, faults) = Form::read(b"{\"nmae\":1}", FIELDS, Mode::Change, |_| ()).unwrap();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].detail.contains("did you mean `name`?"), "{faults:?}");
    }

    #[test]
    fn raw_text_stays_as_it_was() {
        let body = br#"{"name":"x","raw": { "b":1.000, "a":[1e400 ,"\u0041"],"b":2 } }"#;
        let (raw, faults) =
            Form::read(body, FIELDS, Mode::Whole, |object| object.raw("raw").unwrap().get().to_owned())
                .unwrap();
        assert_eq!((raw.as_str(), faults.len()), (r#"{ "b":1.000, "a":[1e400 ,"\u0041"],"b":2 }"#, 0));
    }

    #[test]
    fn what_is_no_object_is_one_problem() {
        for body in ["", "[]", "nul", "{\"a\":}", "{} {}", "\"x\"", "{\"a\":\"\\x\"}", "{\"name\":\"\t\"}"] {
            assert!(Form::read(body.as_bytes(), FIELDS, Mode::Whole, |_| ()).is_err(), "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics(body: Vec<u8>, text in r#"[\[\]{}",:a0-9 \\nultre.-]{0,40}"#) {
            for bytes in [body.as_slice(), text.as_bytes()] {
                let _read = Form::read(bytes, FIELDS, Mode::Whole, |object| (object.text("name"), object.texts("tags")));
            }
        }
    }
}
