//! A source of Hookdeck's as one of hookmill's. Not here: schemes that several products write alike
//! (`shared::verification`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::hookdeck::HookdeckPart;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::json::is_set;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::json::texts;
use crate::import::shared::names::DraftKind;
use crate::import::shared::verification;
use crate::import::shared::verification::Proof;

/// Methods a source takes there if it does not say.
const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];
const KNOWN_METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// Types that say nothing of a provider.
const PLAIN: [&str; 4] = ["WEBHOOK", "HTTP", "", "PUBLISH_API"];

/// Makes the document; its name.
pub(super) fn make(source: &HookdeckPart, idempotency: Option<&Value>, draft: &mut Draft) -> Option<String> {
    let value = &source.value;
    let name = draft.name(DraftKind::Source, text(value, "name").unwrap_or_default(), "source");
    let nothing = Value::Null;
    let config = value.get("config").unwrap_or(&nothing);
    let proof = proof(source, &name, draft);
    let given = texts(config, "allowed_http_methods");
    let methods: Vec<String> = match given.is_empty() {
        true => METHODS.map(str::to_owned).to_vec(),
        false => given
            .iter()
            .map(|method| method.to_ascii_uppercase())
            .filter(|method| KNOWN_METHODS.contains(&method.as_str()))
            .collect(),
    };
    let methods = if methods.is_empty() { vec!["POST".to_owned()] } else { methods };
    let open = proof == Proof::None;
    let paused = is_set(value, "disabled_at") || proof == Proof::Unknown;
    let (basic, verification) = match proof {
        Proof::Basic(basic) => (basic, Value::Null),
        Proof::Verification(verification) => (Value::Null, verification),
        Proof::None | Proof::Unknown => (Value::Null, Value::Null),
    };
    let response = response(source, config, draft);
    draft.add(
        DraftKind::Source,
        without_nulls(json!({
            "name": name,
            "state": paused.then_some("paused"),
            // There, a URL that nobody knows is all that is asked for.
            "require_key": open.then_some(false),
            "basic": basic,
            "verification": verification,
            "idempotency": idempotency,
            "methods": methods,
            "response": response,
        })),
    );
    let detail = format!("it is the source `{name}`; give its new URL, /in/{name}, to whoever sends");
    draft.note(&source.at, ImportFate::Exact, detail);
    Some(name)
}

/// How requests prove whom they are from: `config.auth_type` and `config.auth`, `verification` before 2025, or the
/// provider's name alone.
fn proof(source: &HookdeckPart, name: &str, draft: &mut Draft) -> Proof {
    let value = &source.value;
    let config = value.get("config").unwrap_or(&Value::Null);
    let kind = text(value, "type").unwrap_or_default().to_ascii_uppercase();
    let old = value.get("verification").filter(|old| old.is_object());
    let (auth_type, auth, place) = match old {
        Some(old) => (text(old, "type").unwrap_or_default(), old.get("configs"), "verification"),
        None => (text(config, "auth_type").unwrap_or_default(), config.get("auth"), "config/auth"),
    };
    let at = format!("{}/{place}", source.at);
    let auth = auth.filter(|auth| auth.as_object().is_some_and(|members| !members.is_empty()));
    match auth_type.to_ascii_uppercase().as_str() {
        "HMAC" => verification::hmac(auth.unwrap_or(&Value::Null), &at, name, draft),
        "BASIC_AUTH" => verification::basic(auth.unwrap_or(&Value::Null), &at, name, draft),
        "API_KEY" => verification::api_key(auth.unwrap_or(&Value::Null), &at, name, draft),
        "" if auth.is_none() && PLAIN.contains(&kind.as_str()) => {
            let detail = "nothing but its URL is asked for, as far as the file says: list connections with `include=config.auth` to be sure";
            draft.note(&source.at, ImportFate::Approximated, detail);
            Proof::None
        }
        // The API leaves out how a source is verified unless it is asked: rather check once too often.
        "" => verification::provider(&kind, &at, name, draft),
        provider => verification::provider(provider, &at, name, draft),
    }
}

fn response(source: &HookdeckPart, config: &Value, draft: &mut Draft) -> Option<Value> {
    let custom = config.get("custom_response").filter(|custom| custom.is_object())?;
    let body = text(custom, "body").unwrap_or_default();
    let at = format!("{}/config/custom_response", source.at);
    if body.chars().count() > 1000 {
        draft.note(&at, ImportFate::Impossible, "an answer has at most 1,000 characters: it is left out");
        return None;
    }
    let content_type = match text(custom, "content_type").unwrap_or("json") {
        "json" | "application/json" => "application/json",
        "text" | "text/plain" => "text/plain",
        "xml" | "application/xml" => "application/xml",
        other => {
            draft.note(
                &at,
                ImportFate::Impossible,
                format!("`{}` is no type of an answer here: it is left out", shown(other)),
            );
            return None;
        }
    };
    Some(json!({"status": 200, "headers": {"content-type": content_type}, "body": body}))
}
