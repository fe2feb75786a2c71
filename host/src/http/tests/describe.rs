//! Holds an answer against the description of its operation. Not a whole JSON Schema validator:
//! what the descriptions use, and nothing more.

use serde_json::Value;

/// What is wrong with an answer, place by place.
pub(super) fn faults(document: &Value, schema: &Value, answer: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, answer, "", &mut faults);
    faults
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("references lead somewhere");
        return check(document, target, value, at, faults);
    }
    for one in ["anyOf", "oneOf"] {
        if let Some(several) = schema[one].as_array() {
            let fits = several.iter().any(|schema| self::faults(document, schema, value).is_empty());
            if !fits {
                faults.push(format!("{at}: {value} fits none of {schema}"));
            }
            return;
        }
    }
    if let Some(several) = schema["allOf"].as_array() {
        return check(document, &merged(document, several), value, at, faults);
    }
    if let Some(choices) = schema["enum"].as_array() {
        if !choices.contains(value) {
            faults.push(format!("{at}: {value} is none of {choices:?}"));
        }
        return;
    }
    let wanted: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let fits = wanted.contains(&kind(value)) || (wanted.contains(&"number") && value.is_number());
    if !fits {
        faults.push(format!("{at}: {value} is no {wanted:?}"));
        return;
    }
    match value {
        Value::Object(_) => check_object(document, schema, value, at, faults),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(document, &schema["items"], item, &format!("{at}/{index}"), faults);
            }
        }
        _ => {}
    }
}

fn check_object(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let object = value.as_object().expect("it is an object");
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            faults.push(format!("{at}/{name}: is missing"));
        }
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, inner) in object {
        match properties.get(name) {
            Some(schema) => check(document, schema, inner, &format!("{at}/{name}"), faults),
            None => faults.push(format!("{at}/{name}: is not described")),
        }
    }
}

/// Several objects as one.
fn merged(document: &Value, several: &[Value]) -> Value {
    let mut merged = serde_json::json!({"type": "object", "properties": {}, "required": []});
    for schema in several {
        let reference = schema["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
        let schema = reference.map_or(schema, |reference| document.pointer(reference).expect("it is there"));
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            merged["properties"][name] = property.clone();
        }
        let required = schema["required"].as_array().into_iter().flatten().cloned();
        merged["required"].as_array_mut().expect("it is a list").extend(required);
    }
    merged
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let document = serde_json::json!({"components": {"schemas": {"A": {
        "type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"type": ["string", "null"]}}}}}});
    let schema = serde_json::json!({"type": "array", "items": {"$ref": "#/components/schemas/A"}});
    let count = |answer: Value| faults(&document, &schema, &answer).len();
    assert_eq!(count(serde_json::json!([{"a": 1}, {"a": 2, "b": null}])), 0);
    assert_eq!(count(serde_json::json!([{"b": 1}, {"a": "x", "c": 1}])), 4);
    assert_eq!(count(serde_json::json!({})), 1);
}
