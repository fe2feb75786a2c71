//! The description of the API, OpenAPI 3.1, made from the list of endpoints and their tables.

mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::config::Scope;
use crate::http::endpoint::Access;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::form::Mode;

/// The whole document.
pub(crate) fn document(endpoints: &[Endpoint]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut named = BTreeMap::new();
    for endpoint in endpoints {
        let operation = operation(endpoint, &mut named);
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(endpoint.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    paths.insert("/in/{source}".to_owned(), ingest());
    named.insert("Problem", problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "hookmill",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A webhook gateway: takes events in, runs them through sandboxed plugins and mappings, delivers them signed, retried and logged. Wherever an id is taken, a name works too.",
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key of the API."}},
        },
    })
}

fn operation(endpoint: &Endpoint, named: &mut BTreeMap<&'static str, Value>) -> Value {
    let mut operation = Map::new();
    operation.insert("summary".into(), endpoint.summary.into());
    operation.insert("operationId".into(), operation_id(endpoint).into());
    operation.insert("tags".into(), json!([tag(endpoint.path)]));
    match endpoint.access {
        Access::Public => operation.insert("security".into(), json!([])),
        Access::Key(scope) => {
            operation.insert("x-scope".into(), scope_name(scope).into());
            operation.insert("security".into(), json!([{"key": []}]))
        }
    };
    let parameters = parameters(endpoint);
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = request_body(endpoint) {
        operation.insert("requestBody".into(), body);
    }
    let mut good = json!({"description": "Done."});
    match endpoint.output {
        Output::Nothing => {}
        Output::Json(describe) => {
            let described = describe();
            good["content"] = json!({"application/json": {"schema": described.schema}});
            named.extend(described.named);
        }
        Output::Media(media) => good["content"] = json!({media: {}}),
    }
    let problem = json!({
        "description": "A problem.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    operation.insert("responses".into(), json!({endpoint.status.to_string(): good, "default": problem}));
    Value::Object(operation)
}

/// `post_v1_sources_source_keys`: unique because method and path are.
fn operation_id(endpoint: &Endpoint) -> String {
    let words =
        endpoint.path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    format!("{}_{}", endpoint.method.as_str().to_ascii_lowercase(), words.join("_"))
}

fn tag(path: &str) -> &str {
    path.strip_prefix("/v1/").and_then(|rest| rest.split('/').next()).unwrap_or("server")
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Ingest => "ingest",
        Scope::Admin => "admin",
    }
}

fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let path = endpoint.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let path = path.map(|name| {
        let name = name.trim_start_matches('*');
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}, "description": about_parameter(name)})
    });
    let query = endpoint.query.iter().map(|field| {
        json!({"name": field.name, "in": "query", "required": field.required, "schema": schema::of(field.shape),
            "description": field.doc})
    });
    let remembered = endpoint.remembered.then(|| {
        json!({"name": "Idempotency-Key", "in": "header", "required": false, "schema": {"type": "string"},
            "description": "The same request with the same key is done once and answered the same."})
    });
    path.chain(query).chain(remembered).collect()
}

fn about_parameter(name: &str) -> &'static str {
    match name {
        "event" | "delivery" | "key" | "comparison" => "Its id.",
        "digest" => "`sha256:` and 64 hex digits.",
        _ => "Its id or name.",
    }
}

fn request_body(endpoint: &Endpoint) -> Option<Value> {
    let (fields, required) = match endpoint.input {
        Input::None => return None,
        Input::Bytes(media, _) => {
            return Some(
                json!({"required": true, "content": {media: {"schema": {"type": "string", "format": "binary"}}}}),
            );
        }
        Input::Json(fields) => (fields, true),
        Input::OptionalJson(fields) => (fields, false),
    };
    let schema = schema::object(fields, endpoint.mode == Mode::Whole);
    Some(json!({"required": required, "content": {"application/json": {"schema": schema}}}))
}

fn ingest() -> Value {
    json!({"post": {
        "summary": "Takes an event in, as its provider sends it; any path may follow, and the methods are those of the source.",
        "operationId": "ingest",
        "tags": ["ingest"],
        "security": [],
        "parameters": [{"name": "source", "in": "path", "required": true, "schema": {"type": "string"},
            "description": "The source's id; for a source of the first workspace also its name."}],
        "requestBody": {"required": true, "content": {"*/*": {}}},
        "responses": {
            "202": {"description": "The event is on disk.", "content": {"application/json": {"schema": {
                "type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "duplicate": {"const": true}}}}}},
            "default": {"description": "A problem.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
        },
    }})
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457. `type` is stable.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What happened, and how to mend it."},
            "code": {"type": "string", "description": "A finer name of the cause."},
            "errors": {"type": "array", "description": "Every fault of the document.", "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer into the body, or `?` and the name of a parameter."},
                    "detail": {"type": "string"},
                },
            }},
        },
    })
}
