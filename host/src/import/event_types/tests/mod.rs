//! What documents come to, well meant and hostile. Not here: files of other products.

mod asyncapi;
mod hostile;
mod openapi;
mod schema;

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::Imported;

fn names(imported: &Imported) -> Vec<&str> {
    imported.documents.iter().filter_map(|document| document["name"].as_str()).collect()
}

/// The notes of what is not here exactly.
fn amiss(imported: &Imported) -> Vec<(&str, ImportFate, &str)> {
    let notes = imported.notes.iter().filter(|note| note.fate != ImportFate::Exact);
    let notes = notes.filter(|note| !note.detail.starts_with("is the event type"));
    notes.map(|note| (note.at.as_str(), note.fate, note.detail.as_str())).collect()
}

/// An OpenAPI document of one webhook, with its payload's schema.
fn hook(version: &str, schema: Value, schemas: Value) -> Value {
    json!({
        "openapi": version,
        "webhooks": {"hook": {"post": body(json!({ "schema": schema }))}},
        "components": {"schemas": schemas},
    })
}

fn body(media: Value) -> Value {
    json!({"requestBody": {"content": {"application/json": media}}})
}

/// A schema of payloads of that type.
fn typed(name: &str) -> Value {
    json!({"type": "object", "properties": {"type": {"const": name}}})
}
