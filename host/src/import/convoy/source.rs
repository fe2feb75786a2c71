//! A source of Convoy's. Not here: what is published, which has none.

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::convoy::Importer;
use crate::import::convoy::key;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::headers::header_name;
use crate::import::shared::json::is_set;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::json::texts;
use crate::import::shared::names::DraftKind;
use crate::import::shared::path::PathStep;
use crate::import::shared::path::jsonpath;
use crate::import::shared::verification;
use crate::import::shared::verification::Proof;

impl Importer<'_> {
    /// Makes it, unless it has been; its name.
    pub(super) fn source(&mut self, at: &str, source: &Value) -> Option<String> {
        let key = key(source).unwrap_or(at).to_owned();
        if let Some(known) = self.sources.get(&key) {
            return known.clone();
        }
        let made = make(at, source, &mut self.draft);
        self.sources.insert(key, made.clone());
        made
    }
}

fn make(at: &str, source: &Value, draft: &mut Draft) -> Option<String> {
    let kind = text(source, "type").unwrap_or("http");
    if kind == "pub_sub" || is_set(source, "pub_sub") && kind != "http" {
        let detail = "events of a message broker are not fetched here: let what is behind it post them, or publish them with POST /v1/events";
        draft.note(at, ImportFate::Impossible, detail);
        return None;
    }
    let name = draft.name(DraftKind::Source, text(source, "name").unwrap_or_default(), "source");
    let proof = proof(at, source, &name, draft);
    let (open, unknown) = (proof == Proof::None, proof == Proof::Unknown);
    let (basic, verification) = match proof {
        Proof::Basic(basic) => (basic, Value::Null),
        Proof::Verification(verification) => (Value::Null, verification),
        Proof::None | Proof::Unknown => (Value::Null, Value::Null),
    };
    let idempotency = idempotency(at, source, draft);
    let response = response(at, source, draft);
    draft.add(
        DraftKind::Source,
        without_nulls(json!({
            "name": name,
            "state": (is_set(source, "is_disabled") || unknown).then_some("paused"),
            "require_key": open.then_some(false),
            "basic": basic,
            "verification": verification,
            "idempotency": idempotency,
            "response": response,
        })),
    );
    draft.note(
        at,
        ImportFate::Exact,
        format!("it is the source `{name}`; give its new URL, /in/{name}, to whoever sends"),
    );
    Some(name)
}

fn proof(at: &str, source: &Value, name: &str, draft: &mut Draft) -> Proof {
    if let Some(provider) = text(source, "provider") {
        return verification::provider(provider, &format!("{at}/provider"), name, draft);
    }
    let nothing = Value::Null;
    let verifier = source.get("verifier").unwrap_or(&nothing);
    let place = |part: &str| format!("{at}/verifier/{part}");
    let part = |part: &str| verifier.get(part).unwrap_or(&nothing);
    match text(verifier, "type").unwrap_or("noop") {
        "hmac" => verification::hmac(part("hmac"), &place("hmac"), name, draft),
        "basic_auth" => verification::basic(part("basic_auth"), &place("basic_auth"), name, draft),
        "api_key" => verification::api_key(part("api_key"), &place("api_key"), name, draft),
        "noop" => Proof::None,
        other => {
            let detail = format!(
                "a verifier of the type `{}` is not known here: the source is paused; write its `verification`, then resume it",
                shown(other)
            );
            draft.note(&place("type"), ImportFate::Impossible, detail);
            Proof::Unknown
        }
    }
}

/// `request.body.id` or `request.header.x-id`.
fn idempotency(at: &str, source: &Value, draft: &mut Draft) -> Option<Value> {
    let keys = texts(source, "idempotency_keys");
    let at = format!("{at}/idempotency_keys");
    let place = match keys.as_slice() {
        [] => return None,
        [one] => place(one),
        _ => None,
    };
    let (fate, detail) = match place {
        Some(_) => (
            ImportFate::Approximated,
            "copies are told for as long as the server is set to, and not for `idempotency_ttl`",
        ),
        None => (
            ImportFate::Impossible,
            "a source tells copies by one header or path: set its `idempotency`; until then, copies are delivered too",
        ),
    };
    draft.note(&at, fate, detail);
    place
}

fn place(key: &str) -> Option<Value> {
    let rest = key.strip_prefix("request.").or(key.strip_prefix("req."))?;
    let (part, name) = rest.split_once('.')?;
    match part.to_ascii_lowercase().as_str() {
        "header" => header_name(name).map(|name| json!({ "header": name })),
        "body" => {
            let steps: Vec<PathStep> = name.split('.').map(|name| PathStep::Name(name.to_owned())).collect();
            let whole = steps.iter().all(|step| *step != PathStep::Name(String::new()));
            whole.then(|| json!({"path": jsonpath("$", &steps)}))
        }
        _ => None,
    }
}

fn response(at: &str, source: &Value, draft: &mut Draft) -> Option<Value> {
    let custom = source.get("custom_response").filter(|custom| is_set(custom, "body"))?;
    let body = text(custom, "body")?;
    let known = ["text/plain", "application/json", "application/xml", "text/xml"];
    let content_type = text(custom, "content_type").unwrap_or("text/plain");
    if body.chars().count() > 1000 || !known.contains(&content_type) {
        let detail = "an answer is text, JSON or XML of at most 1,000 characters: it is left out";
        draft.note(&format!("{at}/custom_response"), ImportFate::Impossible, detail);
        return None;
    }
    Some(json!({"status": 200, "headers": {"content-type": content_type}, "body": body}))
}
