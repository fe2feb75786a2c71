//! Secrets that stand in a tool's arguments. What an assistant is told goes on to whoever runs its model, and stays in
//! its history: a secret has no business there, so documents that have one are refused, without repeating it. And those
//! that stand in what is there already, such as the configuration of a plugin, are hidden. Not here: what documents come
//! to.

use serde_json::Map;
use serde_json::Value;

use crate::http::request::pointer_to;
use crate::rules::hide::is_credential;

/// Names of fields whose text is a secret.
const SECRETS: [&str; 8] =
    ["api_key", "bearer", "password", "secret", "secrets", "token", "value", "verify_token"];
/// Parts of documents that have none, and may have fields of these names.
const WITHOUT: [&str; 6] = ["event_type", "idempotency", "payload_schema", "retry", "scheme", "steps"];

/// Stands for what is not shown.
pub(crate) const HIDDEN: &str = "[hidden]";

/// A value without what its name says is a secret, and without the values of headers, which can be one under any name.
pub(crate) fn hidden(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let shown = |(name, value): (&String, &Value)| {
                let lower = name.to_ascii_lowercase();
                let secret = SECRETS.contains(&lower.as_str()) || is_credential(&lower);
                let shown = match value {
                    Value::Object(headers) if lower == "headers" => {
                        headers.keys().map(|name| (name.clone(), Value::from(HIDDEN))).collect()
                    }
                    literal if secret && is_literal(literal) => HIDDEN.into(),
                    other => hidden(other),
                };
                (name.clone(), shown)
            };
            Value::Object(members.iter().map(shown).collect())
        }
        Value::Array(items) => items.iter().map(hidden).collect(),
        plain => plain.clone(),
    }
}

/// Where the secrets in documents stand, as JSON pointers.
pub(crate) fn of_documents(documents: &[Map<String, Value>]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        look(document, &format!("/documents/{at}"), &mut found);
    }
    found
}

/// Where those in the parameters of a preset stand.
pub(crate) fn of_parameters(parameters: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    look(parameters, "/parameters", &mut found);
    found
}

fn look(members: &Map<String, Value>, pointer: &str, found: &mut Vec<String>) {
    for (name, value) in members {
        let lower = name.to_ascii_lowercase();
        if WITHOUT.contains(&lower.as_str()) {
            continue;
        }
        let place = pointer_to(pointer, name);
        let secret = SECRETS.contains(&lower.as_str()) || is_credential(&lower);
        if secret && is_literal(value) || has_user_info(value) {
            found.push(place);
            continue;
        }
        match value {
            Value::Object(inner) => look(inner, &place, found),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    if let Value::Object(inner) = item {
                        look(inner, &format!("{place}/{at}"), found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether it is a text or has one, and not `{"$keep": true}`.
fn is_literal(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(is_literal),
        // A form of reference that only the command line reads, such as `{"$env": "NAME"}`, is told by the API.
        _ => false,
    }
}

/// Whether it is a URL with a password.
fn has_user_info(value: &Value) -> bool {
    let url = value.as_str().and_then(|text| url::Url::parse(text).ok());
    url.is_some_and(|url| url.password().is_some() || !url.username().is_empty() && url.has_host())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(document: Value, expected: &[&str]) {
        let Value::Object(document) = document else { unreachable!("documents are objects") };
        assert_eq!(of_documents(&[document]), expected);
    }

    #[test]
    fn secrets_are_found_where_they_stand() {
        check(json!({"auth": {"bearer": "x"}}), &["/documents/0/auth/bearer"]);
        check(
            json!({"auth": {"header": {"name": "x-key", "value": "x"}}}),
            &["/documents/0/auth/header/value"],
        );
        check(
            json!({"headers": {"Authorization": "x", "x-a": "b"}}),
            &["/documents/0/headers/Authorization"],
        );
        check(json!({"verification": {"secrets": ["a", "b"]}}), &["/documents/0/verification/secrets"]);
        check(json!({"url": "https://u:p@example.com"}), &["/documents/0/url"]);
        check(json!({"secret": 12345678}), &["/documents/0/secret"]);
    }

    #[test]
    fn what_is_shown_has_none() {
        let step = json!([{"plugin": {"name": "p", "config": {"api_key": "x", "min": 3}}}]);
        assert_eq!(
            hidden(&step),
            json!([{"plugin": {"name": "p", "config": {"api_key": HIDDEN, "min": 3}}}])
        );
        assert_eq!(
            hidden(&json!({"status": 200, "headers": {"x-a": "b"}})),
            json!({"status": 200, "headers": {"x-a": HIDDEN}})
        );
    }

    #[test]
    fn what_is_kept_or_only_called_so_is_fine() {
        check(json!({"auth": {"bearer": {"$keep": true}}, "signing": {"profile": "standard_webhooks"}}), &[]);
        check(json!({"steps": [{"mapping": {"version": 1, "output": {"token": "$.token"}}}]}), &[]);
        check(json!({"verification": {"preset": "github", "secret": {"$keep": true}}}), &[]);
    }
}
