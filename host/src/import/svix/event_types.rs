//! An event type. Not here: who takes it (`endpoints`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::json::below;
use crate::import::shared::json::is_set;
use crate::import::shared::json::members;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::names::DraftKind;

const NAME_CHARS_MAX: usize = 200;

/// One that the API lists.
pub(super) fn make(given: &Value, at: &str, draft: &mut Draft) {
    let Some(name) = text(given, "name") else {
        draft.note(at, ImportFate::Impossible, "an event type without a name is left out");
        return;
    };
    if is_set(given, "archived") {
        draft.note(at, ImportFate::Impossible, format!("`{}` is archived: it is left out", shown(name)));
        return;
    }
    for flag in ["featureFlag", "featureFlags"] {
        if is_set(given, flag) {
            let detail = "there are no feature flags here: it is there for everybody";
            draft.note(&below(at, flag), ImportFate::Approximated, detail);
        }
    }
    let versions = members(given.get("schemas").unwrap_or(&Value::Null));
    let newest = versions.max_by_key(|(version, _)| version.parse::<u64>().unwrap_or(0));
    if let Some((version, _)) = newest.filter(|_| members(&given["schemas"]).count() > 1) {
        let detail = format!("it has the newest schema, {}; others are left out", shown(version));
        draft.note(&below(at, "schemas"), ImportFate::Approximated, detail);
    }
    let schema = newest.map(|(_, schema)| schema.clone());
    add(name, text(given, "groupName"), text(given, "description"), schema, at, draft);
}

/// One of `webhooks` in an OpenAPI description.
pub(super) fn from_openapi(name: &str, webhook: &Value, at: &str, draft: &mut Draft) {
    let at = below(at, name);
    let operation = members(webhook).map(|(_, operation)| operation).find(|operation| operation.is_object());
    let nothing = Value::Null;
    let operation = operation.unwrap_or(&nothing);
    let schema = operation.pointer("/requestBody/content/application~1json/schema").cloned();
    let name = text(operation, "operationId").filter(|_| name.is_empty()).unwrap_or(name);
    let about = text(operation, "description").or(text(operation, "summary"));
    add(name, text(operation, "x-svix-group-name"), about, schema, &at, draft);
}

fn add(
    name: &str,
    group: Option<&str>,
    about: Option<&str>,
    schema: Option<Value>,
    at: &str,
    draft: &mut Draft,
) {
    let too_long =
        name.chars().count() > NAME_CHARS_MAX || name.is_empty() || name.chars().any(char::is_control);
    // A type is what senders say, so it cannot have another name.
    if too_long || draft.name(DraftKind::EventType, name, "event type") != name {
        let detail =
            format!("`{}` is there twice, or no name that a type can have: it is left out", shown(name));
        draft.note(at, ImportFate::Impossible, detail);
        return;
    }
    let mut schema = schema.filter(Value::is_object);
    if schema.as_ref().is_some_and(|schema| schema.to_string().contains("\"#/components/")) {
        draft.note(
            at,
            ImportFate::Impossible,
            "its schema refers to others in the file: it is left out; write it in full",
        );
        schema = None;
    }
    let example = schema.as_ref().and_then(|schema| schema.get("examples")?.get(0).cloned());
    draft.add(
        DraftKind::EventType,
        without_nulls(json!({
            "name": name,
            "group": group,
            "description": about,
            "schema": schema,
            "example": example,
        })),
    );
    draft.note(at, ImportFate::Exact, format!("it is the event type `{}`", shown(name)));
}
