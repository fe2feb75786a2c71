//! The kinds of schema there are in such documents, and what one level of them is in JSON Schema 2020-12. Not
//! here: walking through a schema (`schema`).

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::import::event_types::pointer::joined;
use crate::import::event_types::pointer::shown;
use crate::import::event_types::reference::SpecPlace;
use crate::import::event_types::reference::SpecStop;

const FORMAT_BYTES: usize = 200;

/// A kind of schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpecDialect {
    /// OpenAPI 3.0: of its own.
    OpenApi30,
    /// JSON Schema draft-07 and before, with what AsyncAPI adds.
    Draft07,
    /// JSON Schema 2019-09 and later, with what OpenAPI 3.1 adds.
    Draft2020,
}

impl SpecDialect {
    /// That of a `schemaFormat` of AsyncAPI, if it is a JSON Schema.
    pub(super) fn of_format(format: &str) -> Option<Self> {
        if format.len() > FORMAT_BYTES {
            return None;
        }
        let format = format.to_ascii_lowercase();
        let (kind, version) = format.split_once(';').unwrap_or((&format, ""));
        let kind = kind.trim();
        match kind.strip_suffix("+json").or_else(|| kind.strip_suffix("+yaml")).unwrap_or(kind) {
            "application/vnd.oai.openapi" if version.contains("=3.0") => Some(Self::OpenApi30),
            "application/vnd.oai.openapi" => Some(Self::Draft2020),
            "application/schema" if version.contains("20") => Some(Self::Draft2020),
            "application/schema" | "application/vnd.aai.asyncapi" => Some(Self::Draft07),
            _ => None,
        }
    }

    /// Whether what stands beside a `$ref` counts.
    pub(super) fn beside_reference(self) -> bool {
        self == Self::Draft2020
    }

    /// Rewrites one level, of which the inner schemas are rewritten already.
    pub(super) fn convert(self, fields: &mut Map<String, Value>) {
        limit(fields, "exclusiveMinimum", "minimum");
        limit(fields, "exclusiveMaximum", "maximum");
        examples(fields);
        tuple(fields);
        if self != Self::Draft2020 {
            dependencies(fields);
        }
        if self == Self::OpenApi30 {
            nullable(fields);
        }
    }
}

/// A schema and its dialect, out of the object of AsyncAPI 3 that has both, if it is one.
pub(super) fn unwrapped(
    place: SpecPlace<'_>,
    dialect: SpecDialect,
) -> Result<(SpecPlace<'_>, SpecDialect), SpecStop> {
    let (Some(inner), Some(format)) = (place.value.get("schema"), place.value.get("schemaFormat")) else {
        return Ok((place, dialect));
    };
    let format = format.as_str().unwrap_or_default();
    match SpecDialect::of_format(format) {
        Some(dialect) => Ok((SpecPlace { at: joined(&place.at, "schema"), value: inner }, dialect)),
        None => Err(foreign(joined(&place.at, "schemaFormat"), format)),
    }
}

/// What is said of a format that is no JSON Schema.
pub(super) fn foreign(at: String, format: &str) -> SpecStop {
    let format = shown(format);
    SpecStop::Lost {
        at,
        detail: format!("{format} is no JSON Schema: write the schema as one, or do without"),
    }
}

/// Keywords that mean nothing here, or a place that a schema no longer has once it was copied.
pub(super) fn is_dropped(keyword: &str) -> bool {
    let dropped = [
        "discriminator",
        "xml",
        "externalDocs",
        "$schema",
        "$id",
        "$anchor",
        "$dynamicAnchor",
        "$recursiveAnchor",
        "$vocabulary",
        // What is reached in these is copied for itself.
        "$defs",
        "definitions",
    ];
    keyword.starts_with("x-") || dropped.contains(&keyword)
}

/// Before draft-06 it was a flag of the other limit.
fn limit(fields: &mut Map<String, Value>, exclusive: &str, inclusive: &str) {
    let Some(flag) = fields.get(exclusive).and_then(Value::as_bool) else { return };
    fields.shift_remove(exclusive);
    if flag && let Some(number) = fields.shift_remove(inclusive) {
        fields.insert(exclusive.to_owned(), number);
    }
}

fn examples(fields: &mut Map<String, Value>) {
    if fields.get("examples").is_some_and(|examples| !examples.is_array()) {
        fields.shift_remove("examples");
    }
    if let Some(example) = fields.shift_remove("example") {
        fields.entry("examples").or_insert_with(|| json!([example]));
    }
}

fn tuple(fields: &mut Map<String, Value>) {
    let others = fields.shift_remove("additionalItems");
    if !fields.get("items").is_some_and(Value::is_array) {
        return;
    }
    let items = fields.shift_remove("items");
    // A tuple has at least one item.
    if let Some(items) = items.filter(|items| *items != json!([])) {
        fields.insert("prefixItems".to_owned(), items);
    }
    if let Some(others) = others {
        fields.insert("items".to_owned(), others);
    }
}

fn dependencies(fields: &mut Map<String, Value>) {
    let Some(Value::Object(all)) = fields.shift_remove("dependencies") else { return };
    let (required, schemas): (Map<_, _>, Map<_, _>) = all.into_iter().partition(|(_, one)| one.is_array());
    for (keyword, some) in [("dependentRequired", required), ("dependentSchemas", schemas)] {
        if !some.is_empty() {
            fields.insert(keyword.to_owned(), Value::Object(some));
        }
    }
}

fn nullable(fields: &mut Map<String, Value>) {
    if fields.shift_remove("nullable") != Some(Value::Bool(true)) {
        return;
    }
    if ["allOf", "anyOf", "oneOf", "not"].into_iter().any(|keyword| fields.contains_key(keyword)) {
        // Each of those would have to admit null too, so it stands beside them all.
        let whole = Value::Object(std::mem::take(fields));
        fields.insert("anyOf".to_owned(), json!([whole, {"type": "null"}]));
        return;
    }
    if let Some(kind) = fields.get_mut("type")
        && kind.is_string()
    {
        *kind = json!([*kind, "null"]);
    }
    if let Some(Value::Array(values)) = fields.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}
