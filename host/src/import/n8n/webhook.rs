//! A Webhook node as a source. Not here: where it leads (`walk`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::n8n::Node;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::json::is_set;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::json::texts;
use crate::import::shared::names::DraftKind;

const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Makes the document; its name.
pub(super) fn make(node: Node<'_>, at: &str, active: bool, draft: &mut Draft) -> String {
    let parameters = node.parameters;
    let wanted = text(parameters, "path").unwrap_or(node.name);
    let name = draft.name(DraftKind::Source, wanted, "webhook");
    let at_parameters = format!("{at}/parameters");
    let mut paused = !active;
    let (mut basic, mut verification, mut open) = (Value::Null, Value::Null, false);
    let place = format!("{at_parameters}/authentication");
    match text(parameters, "authentication").unwrap_or("none") {
        "none" => open = true,
        "basicAuth" => {
            let username = draft.secret(&place, &name, "basic username");
            let password = draft.secret(&place, &name, "basic password");
            basic = json!({"username": username, "password": password});
        }
        "headerAuth" => {
            // The header's name is in the credential, too, which no export has.
            let header = draft.secret(&place, &name, "auth header name");
            let secret = draft.secret(&place, &name, "auth header value");
            verification = json!({
                "scheme": {"algorithm": "token", "signature": {"headers": [header]}},
                "secret": secret,
            });
        }
        other => {
            paused = true;
            let detail = format!(
                "`{}` is not known here: the source is paused; set its `verification`, then resume it",
                shown(other)
            );
            draft.note(&place, ImportFate::Impossible, detail);
        }
    }
    paused |= options(parameters, &at_parameters, draft);
    if !active {
        let detail =
            "the workflow is not active, so the source is paused: resume it when senders are to use it";
        draft.note(at, ImportFate::Approximated, detail);
    }
    draft.add(
        DraftKind::Source,
        without_nulls(json!({
            "name": name,
            "state": paused.then_some("paused"),
            "require_key": open.then_some(false),
            "basic": basic,
            "verification": verification,
            "methods": methods(parameters),
        })),
    );
    draft.note(
        at,
        ImportFate::Exact,
        format!("it is the source `{name}`; give its new URL, /in/{name}, to whoever sends"),
    );
    name
}

/// GET, if it does not say.
fn methods(parameters: &Value) -> Vec<String> {
    let several = texts(parameters, "httpMethod");
    let given = match text(parameters, "httpMethod") {
        Some(one) => vec![one.to_owned()],
        None if several.is_empty() => vec!["GET".to_owned()],
        None => several,
    };
    let upper = given.iter().map(|method| method.to_ascii_uppercase());
    let known: Vec<String> = upper.filter(|method| METHODS.contains(&method.as_str())).collect();
    if known.is_empty() { vec!["POST".to_owned()] } else { known }
}

/// Tells what differs; whether the source has to be paused for it.
fn options(parameters: &Value, at: &str, draft: &mut Draft) -> bool {
    let mode = text(parameters, "responseMode").unwrap_or("onReceived");
    if mode != "onReceived" {
        let detail = "who sends is answered at once, with 202 and the event's id, and not when the workflow is done: set the source's `response` if it wants something else";
        draft.note(&format!("{at}/responseMode"), ImportFate::Approximated, detail);
    }
    let options = parameters.get("options").unwrap_or(&Value::Null);
    let whitelist = is_set(options, "ipWhitelist");
    if whitelist {
        let detail = "addresses are not checked here: the source is paused; check them before it, or set its `verification`, then resume it";
        draft.note(&format!("{at}/options/ipWhitelist"), ImportFate::Impossible, detail);
    }
    if text(parameters, "path").is_some_and(|path| path.contains(':')) {
        let detail = "parts of its path are parameters: here they are in the path behind the source's URL, for a filter with `in_event`";
        draft.note(&format!("{at}/path"), ImportFate::Approximated, detail);
    }
    whitelist
}
