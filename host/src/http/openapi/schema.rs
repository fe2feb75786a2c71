//! JSON Schema of a request's fields. Not here: that of answers (`view`).

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::http::form::Field;
use crate::http::form::Shape;

/// The schema of one value.
pub(super) fn of(shape: Shape) -> Value {
    match shape {
        Shape::Any => json!({}),
        Shape::Text => json!({"type": "string"}),
        Shape::Secret => json!({"type": "string", "format": "password", "writeOnly": true}),
        Shape::Whole => json!({"type": "integer", "minimum": 0}),
        Shape::Number => json!({"type": "number"}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Time => json!({"type": "string", "format": "date-time"}),
        Shape::Duration => json!({"oneOf": [
            {"type": "string", "pattern": "^[0-9]+ ?(ms|s|m|h|d)$"},
            {"type": "integer", "minimum": 0, "description": "Milliseconds."},
        ]}),
        Shape::Choice(choices) => json!({"enum": choices}),
        Shape::Object(fields) => object(fields, true),
        Shape::List(item) => json!({"type": "array", "items": of(*item)}),
        Shape::Texts => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Shape::Either(shapes) => {
            json!({"anyOf": shapes.iter().map(|shape| of(*shape)).collect::<Vec<_>>()})
        }
    }
}

/// The schema of an object with exactly these fields.
pub(super) fn object(fields: &[Field], whole: bool) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = of(field.shape);
        if field.nullable {
            schema = json!({"anyOf": [schema, {"type": "null"}]});
        }
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), field.doc.into());
        }
        properties.insert(field.name.to_owned(), schema);
    }
    let required: Vec<&str> =
        fields.iter().filter(|field| whole && field.required).map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}
