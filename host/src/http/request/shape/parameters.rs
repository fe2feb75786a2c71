//! The parameters of a query as an object with a schema. Not here: reading it by that.

use serde_json::Value;
use serde_json::json;
use utoipa::IntoParams;

/// The schema of an object with these parameters.
pub(super) fn schema<T: IntoParams>() -> Value {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for parameter in T::into_params(|| None) {
        let mut schema =
            parameter.schema.and_then(|schema| serde_json::to_value(schema).ok()).unwrap_or(json!({}));
        if let Some(about) = parameter.description {
            schema["description"] = about.into();
        }
        if parameter.required == utoipa::openapi::Required::True {
            required.push(parameter.name.clone());
        }
        properties.insert(parameter.name, schema);
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// A query as a JSON object. A parameter that is to be a number, and is one, is written as one.
pub(super) fn as_json(query: &str, schema: &Value) -> String {
    let member = |(name, text): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let kind = &schema["properties"][name.as_ref()]["type"];
        let value = match kind.as_str() {
            Some("integer" | "number") => text.parse::<serde_json::Number>().ok().map(Value::Number),
            Some("boolean") => text.parse::<bool>().ok().map(Value::Bool),
            _ => None,
        };
        format!("{}:{}", Value::String(name.into_owned()), value.unwrap_or_else(|| text.into_owned().into()))
    };
    let members: Vec<String> = url::form_urlencoded::parse(query.as_bytes()).map(member).collect();
    format!("{{{}}}", members.join(","))
}
