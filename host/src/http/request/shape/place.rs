//! A place in a schema, and what is to be found there: references are followed, and of alternatives the one that a
//! value could be is taken. Not here: whether the value fits (`shape`).

use serde_json::Map;
use serde_json::Value;

/// How many references and alternatives are followed from one place.
const STEPS_MAX: usize = 16;

/// What a time is, wherever it stands and whatever it is for.
const TIME: &str = "an RFC 3339 time such as 2026-04-29T14:31:08Z, from 1970 on";

/// A place in a schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct SchemaPlace<'s> {
    root: &'s Value,
    schema: &'s Value,
    /// What the place is called where it is referred to, if that says something.
    about: Option<&'s str>,
}

impl<'s> SchemaPlace<'s> {
    /// The whole schema.
    pub(super) fn whole(root: &'s Value) -> Self {
        Self { root, schema: root, about: None }
    }

    fn to(self, schema: &'s Value) -> Self {
        Self { schema, about: schema["description"].as_str(), ..self }
    }

    /// Where the reference here leads.
    fn followed(self) -> Self {
        let mut place = self;
        for _ in 0..STEPS_MAX {
            let Some(target) = place.schema["$ref"].as_str().and_then(|to| to.strip_prefix('#')) else {
                break;
            };
            let Some(schema) = self.root.pointer(target) else { break };
            let about = place.about;
            place = place.to(schema);
            place.about = place.about.or(about);
        }
        place
    }

    /// The alternatives here.
    fn alternatives(self) -> impl Iterator<Item = Self> {
        let several = ["oneOf", "anyOf"].into_iter().filter_map(move |key| self.schema[key].as_array());
        several.flatten().map(move |schema| Self { about: self.about, ..self.to(schema) }.followed())
    }

    /// The place for a value written so: of alternatives, the first of the value's type that knows one of its names.
    pub(super) fn for_json(self, text: &str) -> Self {
        self.choose(kind_of(text), |name| text.contains(&format!("\"{name}\"")))
    }

    /// The place for a value, found in the same way.
    pub(super) fn for_value(self, value: &Value) -> Self {
        let kind = match value {
            Value::Object(_) => "object",
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Null => "null",
            Value::Number(_) => "number",
        };
        self.choose(kind, |name| value.get(name).is_some())
    }

    fn choose(self, kind: &str, has: impl Fn(&str) -> bool) -> Self {
        let mut place = self.followed();
        for _ in 0..STEPS_MAX {
            let fitting: Vec<Self> =
                place.alternatives().filter(|one| one.may_be(kind) || one.is_choice()).collect();
            match fitting.iter().find(|one| one.names().any(&has)).or(fitting.first()) {
                Some(one) => place = *one,
                None => break,
            }
        }
        place
    }

    fn is_choice(self) -> bool {
        self.alternatives().next().is_some()
    }

    /// Whether a value of that type is possible here.
    fn may_be(self, kind: &str) -> bool {
        let fits = |name: &str| name == kind || (name == "integer" && kind == "number");
        match &self.schema["type"] {
            Value::String(name) => fits(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).any(fits),
            _ => true,
        }
    }

    fn properties(self) -> Option<&'s Map<String, Value>> {
        self.schema["properties"].as_object()
    }

    /// The names of an object's fields, in their order.
    pub(super) fn names(self) -> impl Iterator<Item = &'s str> {
        self.properties().into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Whether it says anything about what is inside an object.
    pub(super) fn looks_into_objects(self) -> bool {
        self.properties().is_some() || self.schema["additionalProperties"].is_object()
    }

    /// The place of a field.
    pub(super) fn property(self, name: &str) -> Option<Self> {
        let named = self.properties().and_then(|properties| properties.get(name));
        let any = Some(&self.schema["additionalProperties"]).filter(|any| any.is_object());
        named.or(any).map(|schema| self.to(schema))
    }

    /// The place of a list's items.
    pub(super) fn items(self) -> Option<Self> {
        Some(&self.schema["items"]).filter(|items| items.is_object()).map(|items| self.to(items))
    }

    /// The place of what is at a pointer in a value.
    pub(super) fn at(self, pointer: &str, value: &Value) -> Option<Self> {
        let place = self.for_value(value);
        let Some(rest) = pointer.strip_prefix('/') else { return Some(place) };
        let (first, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let name = first.replace("~1", "/").replace("~0", "~");
        match value {
            Value::Array(items) => place.items()?.at(rest, items.get(first.parse::<usize>().ok()?)?),
            Value::Object(members) => {
                let inner = members.get(&name).unwrap_or(&Value::Null);
                match rest {
                    "" => place.property(&name),
                    rest => place.property(&name)?.at(rest, inner),
                }
            }
            _ => None,
        }
    }

    /// What is to be here, in words that go on after "expected".
    pub(super) fn wanted(self) -> String {
        let place = self.followed();
        let schema = place.schema;
        if let Some(choices) = schema["enum"].as_array() {
            let names: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
            return format!("any of {}", names.join(", "));
        }
        if schema["format"] == "date-time" {
            return TIME.to_owned();
        }
        // A schema with a name describes what it is; one without, what it is for.
        let has_form = !schema["pattern"].is_null() || place.is_choice();
        if let Some(about) = schema["description"].as_str().filter(|_| has_form) {
            return sentence_end(about);
        }
        let alternatives: Vec<String> =
            place.alternatives().filter(|one| one.schema["type"] != "null").map(Self::wanted).collect();
        if !alternatives.is_empty() {
            return alternatives.join(", or ");
        }
        let kinds: Vec<&str> = kinds(schema).map(|kind| in_words(kind, schema)).collect();
        if kinds.is_empty() { "any JSON but null".to_owned() } else { kinds.join(", or ") }
    }

    /// Whether a whole number is to be here.
    pub(super) fn is_whole(self) -> bool {
        match &self.followed().schema["type"] {
            Value::String(name) => name == "integer",
            Value::Array(names) => names.iter().any(|name| name == "integer"),
            _ => false,
        }
    }

    /// A bound, if there is one.
    pub(super) fn limit(self, name: &str) -> Option<&'s Value> {
        Some(&self.followed().schema[name]).filter(|limit| !limit.is_null())
    }

    /// Whether what is here may be repeated.
    pub(super) fn is_secret(self) -> bool {
        let place = self.followed();
        place.schema["format"] == "password"
            || place.alternatives().any(|one| one.schema["format"] == "password")
    }

    /// What is said about the place.
    pub(super) fn about(self) -> &'s str {
        self.about.unwrap_or("see the description of the API")
    }
}

/// The types that a schema names, but for null, which takes away what may be taken away.
fn kinds(schema: &Value) -> impl Iterator<Item = &str> {
    let several = schema["type"].as_array().map(Vec::as_slice).unwrap_or_default();
    let all = schema["type"].as_str().into_iter().chain(several.iter().filter_map(Value::as_str));
    all.filter(|kind| *kind != "null")
}

fn in_words(kind: &str, schema: &Value) -> &'static str {
    match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" if schema["additionalProperties"].is_object() => "an object of texts",
        _ => "an object",
    }
}

/// The type of what is written so.
fn kind_of(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

/// A description as the end of a sentence.
fn sentence_end(about: &str) -> String {
    let about = about.trim_end_matches('.');
    let mut letters = about.chars();
    match letters.next() {
        Some(first) if !about.starts_with("RFC") => first.to_lowercase().chain(letters).collect(),
        _ => about.to_owned(),
    }
}
