//! An endpoint: a destination, and a connection from what is published. Not here: event types (`event_types`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::shared::auth::basic;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::endpoint::endpoint;
use crate::import::shared::endpoint::rate;
use crate::import::shared::headers::header_name;
use crate::import::shared::headers::headers;
use crate::import::shared::json::is_set;
use crate::import::shared::json::members;
use crate::import::shared::json::number;
use crate::import::shared::json::text;
use crate::import::shared::json::texts;
use crate::import::shared::names::DraftKind;
use crate::import::shared::types;

/// When Svix tries again.
const DELAYS: [&str; 7] = ["5s", "5m", "30m", "2h", "5h", "10h", "10h"];

/// Makes the documents. `app`: the application's name, and whether there are others.
pub(super) fn make(given: &Value, at: &str, app: Option<(&str, bool)>, draft: &mut Draft) {
    let mut wanted = text(given, "description").or(text(given, "uid")).unwrap_or_default().to_owned();
    let url = text(given, "url").unwrap_or_default();
    let whose = if wanted.is_empty() { text(given, "id").unwrap_or("endpoint") } else { &wanted }.to_owned();
    let Some(endpoint) = endpoint(url, &format!("{at}/url"), &whose, draft) else { return };
    if wanted.is_empty() {
        wanted.clone_from(&endpoint.host);
    }
    if let Some((app, true)) = app {
        wanted = format!("{app}: {wanted}");
    }
    let name = draft.name(DraftKind::Destination, &wanted, &endpoint.host);
    let auth = endpoint.username.map(|username| basic(&username, &format!("{at}/url"), &name, draft).auth);
    let headers = sent_headers(given, at, &name, draft);
    let limit =
        ["rateLimit", "throttleRate"].into_iter().find_map(|field| Some((field, number(given, field)?)));
    let limit = limit.map(|(field, limit)| {
        let (rate, fate, detail) = rate(limit, 1000);
        draft.note(&format!("{at}/{field}"), fate, detail);
        rate
    });
    let secret = draft.secret(at, &name, "signing secret");
    let disabled = is_set(given, "disabled");
    draft.add(
        DraftKind::Destination,
        without_nulls(json!({
            "name": name,
            "url": endpoint.url,
            "headers": headers,
            "auth": auth,
            "signing": {"profile": "svix", "secret": secret},
            "retry": {"delays": DELAYS},
            "rate": limit,
        })),
    );
    let incomplete = incomplete(given, at, draft);
    let taken = types::taken(&texts(given, "filterTypes"));
    let connection = draft.name(DraftKind::Connection, &name, "connection");
    let paused = disabled || incomplete || app.is_some_and(|(_, several)| several);
    draft.add(
        DraftKind::Connection,
        without_nulls(json!({
            "name": connection,
            "state": paused.then_some("paused"),
            "source": "published",
            "event_types": taken.patterns,
            "steps": taken.step.map(|step| vec![step]),
            "destination": name,
        })),
    );
    if disabled {
        let detail = "it was disabled: its connection is paused, which holds what comes in; delete it if nobody needs it";
        draft.note(&format!("{at}/disabled"), ImportFate::Approximated, detail);
    }
    let detail =
        format!("it is the destination `{name}`, with the connection `{connection}` from what is published");
    draft.note(at, ImportFate::Exact, detail);
}

/// What narrows it down there and cannot here.
fn incomplete(given: &Value, at: &str, draft: &mut Draft) -> bool {
    let mut incomplete = false;
    if is_set(given, "channels") {
        incomplete = true;
        let detail = "events have no channels here: its connection is paused; add a filter on what tells them apart, such as {\"filter\": {\"path\": \"$.channel\", \"in\": […]}}, then resume it";
        draft.note(&format!("{at}/channels"), ImportFate::Impossible, detail);
    }
    let code = given.get("transformation").or(given.get("transformationParams"));
    if code.is_some_and(|code| code.get("enabled") != Some(&Value::Bool(false)) && !code.is_null()) {
        incomplete = true;
        let detail = "a transformation is JavaScript: write it as a plugin with `hookmill plugin new --lang js`, add it as a step, and resume the connection";
        draft.note(&format!("{at}/transformation"), ImportFate::Impossible, detail);
    }
    incomplete
}

/// `headers` of the endpoint itself, or the answer of its `/headers`, which names those whose values are not shown.
fn sent_headers(given: &Value, at: &str, name: &str, draft: &mut Draft) -> Value {
    let nothing = Value::Null;
    let given = given.get("headers").unwrap_or(&nothing);
    let (shown, place) = match given.get("headers").filter(|inner| inner.is_object()) {
        Some(inner) => (inner, format!("{at}/headers/headers")),
        None => (given, format!("{at}/headers")),
    };
    let sensitive = texts(given, "sensitive");
    let is_listed = |header: &str| sensitive.iter().any(|one| one.eq_ignore_ascii_case(header));
    let plain = members(shown)
        .filter(|(header, value)| !(is_listed(header) || header.as_str() == "sensitive" && value.is_array()));
    let mut made = headers(plain.map(|(name, value)| (name.as_str(), value)), &place, name, draft);
    for header in sensitive.iter().take(100) {
        let Some(header) = header_name(header) else { continue };
        let secret = draft.secret(&place, name, &format!("header {header}"));
        if made.is_null() {
            made = json!({});
        }
        if let Some(members) = made.as_object_mut() {
            members.insert(header, secret);
        }
    }
    made
}
