//! A body as far as its schema looks into it: what is any JSON there stays one piece, byte for byte, however it is
//! written, and names that are there twice are found. Not here: whether it fits the schema (`shape`).

use std::borrow::Cow;
use std::fmt;
use std::io;

use indexmap::IndexMap;
use indexmap::map::Entry;
use serde::Deserialize;
use serde::Serialize;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::request::faults::RequestFaults;
use crate::http::request::shape::place::SchemaPlace;
use crate::http::request::shape::pointer::Pointer;

/// A value of a body.
#[derive(Debug)]
pub(super) enum BodyOutline<'a> {
    /// What the schema does not look into, and what has nothing inside.
    Piece(&'a RawValue),
    /// An object.
    Object(IndexMap<Cow<'a, str>, BodyOutline<'a>>),
    /// A list.
    List(Vec<BodyOutline<'a>>),
    /// A whole number that is written as one with a fraction, such as `3.0`.
    Whole(i64),
    /// What was taken away.
    Gone,
}

impl<'a> BodyOutline<'a> {
    /// The outline of a whole body, which must be an object.
    pub(super) fn of_body(
        text: &'a str,
        place: SchemaPlace<'_>,
        faults: &mut RequestFaults,
    ) -> serde_json::Result<Self> {
        let BodyMembers(members) = serde_json::from_str(text)?;
        Ok(Self::object(members, place.for_json(text.trim_ascii_start()), Pointer::Root, faults))
    }

    /// The outline of a value at a place of a schema.
    fn of(
        raw: &'a RawValue,
        place: SchemaPlace<'_>,
        pointer: Pointer<'_>,
        faults: &mut RequestFaults,
    ) -> Self {
        let place = place.for_json(raw.get());
        match raw.get().as_bytes().first() {
            Some(b'{') if place.looks_into_objects() => match serde_json::from_str(raw.get()) {
                Ok(BodyMembers(members)) => Self::object(members, place, pointer, faults),
                Err(_) => Self::Piece(raw),
            },
            Some(b'[') => match (place.items(), serde_json::from_str::<Vec<&RawValue>>(raw.get())) {
                (Some(items), Ok(list)) => {
                    let item = |(at, raw)| Self::of(raw, items, Pointer::Item(&pointer, at), faults);
                    Self::List(list.into_iter().enumerate().map(item).collect())
                }
                _ => Self::Piece(raw),
            },
            _ => match place.is_whole().then(|| whole(raw.get())).flatten() {
                Some(number) => Self::Whole(number),
                None => Self::Piece(raw),
            },
        }
    }

    /// Whether it is to be read otherwise than it is written.
    pub(super) fn differs(&self) -> bool {
        match self {
            Self::Piece(_) => false,
            Self::Whole(_) | Self::Gone => true,
            Self::Object(members) => members.values().any(Self::differs),
            Self::List(items) => items.iter().any(Self::differs),
        }
    }

    fn object(
        members: Vec<(Cow<'a, str>, &'a RawValue)>,
        place: SchemaPlace<'_>,
        pointer: Pointer<'_>,
        faults: &mut RequestFaults,
    ) -> Self {
        let mut read = IndexMap::with_capacity(members.len());
        for (name, raw) in members {
            match read.entry(name) {
                Entry::Occupied(first) => {
                    let pointer = Pointer::Member(&pointer, first.key()).to_string();
                    faults.add(pointer, format!("this {} is there twice", faults.noun()));
                }
                Entry::Vacant(free) => {
                    let name = free.key();
                    let outline = match place.property(name) {
                        Some(property) => Self::of(raw, property, Pointer::Member(&pointer, name), faults),
                        None => Self::Piece(raw),
                    };
                    free.insert(outline);
                }
            }
        }
        Self::Object(read)
    }

    /// What the schema sees of it.
    pub(super) fn value(&self) -> Value {
        match self {
            // What is in there is nobody's concern.
            Self::Piece(raw) if raw.get().starts_with('{') => Value::Object(Map::new()),
            Self::Piece(raw) if raw.get().starts_with('[') => Value::Array(Vec::new()),
            // A number that is none of Rust's, or a text that is no Unicode, is nothing.
            Self::Piece(raw) => serde_json::from_str(raw.get()).unwrap_or(Value::Null),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(name, inner)| (name.to_string(), inner.value())).collect())
            }
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Whole(number) => (*number).into(),
            Self::Gone => Value::Null,
        }
    }

    /// The value at a pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Self> {
        let Some(rest) = pointer.strip_prefix('/') else { return Some(self) };
        let (first, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        match self {
            Self::Piece(_) | Self::Whole(_) | Self::Gone => None,
            Self::Object(members) => members.get(unescape(first).as_str())?.at(rest),
            Self::List(items) => items.get(first.parse::<usize>().ok()?)?.at(rest),
        }
    }

    /// Takes what is at a pointer away. An item of a list leaves null, so that the others keep their places.
    pub(super) fn take_away(&mut self, pointer: &str) {
        let Some(rest) = pointer.strip_prefix('/') else { return };
        let (first, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        match self {
            Self::Piece(_) | Self::Whole(_) | Self::Gone => {}
            Self::Object(members) => {
                let name = unescape(first);
                match rest {
                    "" => drop(members.shift_remove(name.as_str())),
                    rest => {
                        if let Some(inner) = members.get_mut(name.as_str()) {
                            inner.take_away(rest);
                        }
                    }
                }
            }
            Self::List(items) => {
                let Some(item) = first.parse::<usize>().ok().and_then(|at| items.get_mut(at)) else { return };
                match rest {
                    "" => *item = Self::Gone,
                    rest => item.take_away(rest),
                }
            }
        }
    }
}

/// The value itself when it is short, else what it is.
impl fmt::Display for BodyOutline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Short::default();
        match serde_json::to_writer(&mut text, self).map(|()| String::from_utf8(text.0)) {
            Ok(Ok(text)) => f.write_str(&text),
            _ => f.write_str(self.kind()),
        }
    }
}

/// The bytes of a short text; a longer one is refused when it grows too long.
#[derive(Default)]
struct Short(Vec<u8>);

impl io::Write for Short {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        const SHORT: usize = 40;
        if self.0.len() + bytes.len() > SHORT {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BodyOutline<'_> {
    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Object(_) => "an object",
            Self::List(_) => "a list",
            Self::Piece(raw) => kind(raw),
            Self::Whole(_) => "a number",
            Self::Gone => "nothing",
        }
    }
}

/// The whole number that a text with a fraction or an exponent means, where it is one that can be told exactly.
fn whole(text: &str) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let number: f64 = text.contains(['.', 'e', 'E']).then(|| text.parse().ok()).flatten()?;
    (number.fract() == 0.0 && number.abs() <= EXACT_MAX).then_some(number as i64)
}

/// What a value is, for people.
pub(super) fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

impl Serialize for BodyOutline<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Piece(raw) => raw.serialize(serializer),
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Gone => serializer.serialize_unit(),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members),
        }
    }
}

/// The members of an object with their text.
pub(crate) struct BodyMembers<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for BodyMembers<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = BodyMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(BodyMembers(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// A name, borrowed when it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
