//! A destination of Hookdeck's as one of hookmill's. Not here: URLs (`shared::endpoint`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::hookdeck::HookdeckPart;
use crate::import::shared::auth::Auth;
use crate::import::shared::auth::basic;
use crate::import::shared::auth::key;
use crate::import::shared::auth::token;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::endpoint::at_a_time;
use crate::import::shared::endpoint::endpoint;
use crate::import::shared::endpoint::rate;
use crate::import::shared::headers::header_name;
use crate::import::shared::json::is_set;
use crate::import::shared::json::number;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::names::DraftKind;

/// Makes the document; its name, or `None` where there is nothing to send to.
pub(super) fn make(destination: &HookdeckPart, draft: &mut Draft) -> Option<String> {
    let (value, nothing) = (&destination.value, Value::Null);
    let config = value.get("config").filter(|config| config.is_object()).unwrap_or(value);
    let kind = text(value, "type").unwrap_or("HTTP").to_ascii_uppercase();
    let wanted = text(value, "name").unwrap_or_default();
    let url = text(config, "url").or(text(value, "url"));
    let Some(url) = url.filter(|_| kind == "HTTP") else {
        let detail = format!(
            "a destination of the type `{}` has no URL to send to: make one that has; for development there is `hookmill listen`",
            shown(&kind)
        );
        draft.note(&destination.at, ImportFate::Impossible, detail);
        return None;
    };
    let place = format!("{}/config/url", destination.at);
    let endpoint = endpoint(url, &place, wanted, draft)?;
    let name = draft.name(DraftKind::Destination, wanted, &endpoint.host);
    let auth_type = text(config, "auth_type").unwrap_or_default().to_ascii_uppercase();
    let credentials = config.get("auth").unwrap_or(&nothing);
    let at = format!("{}/config/auth", destination.at);
    let auth = match &endpoint.username {
        Some(username) => basic(username, &at, &name, draft),
        None => auth(&auth_type, credentials, &at, &name, draft),
    };
    let limit = limit(destination, config, draft);
    told(destination, config, draft);
    let method = text(config, "http_method").map(str::to_ascii_uppercase).filter(|method| method != "POST");
    let method = method.filter(|method| match matches!(method.as_str(), "PUT" | "PATCH") {
        true => true,
        false => {
            let detail =
                format!("`{}` is sent by a mapping's `method` here; deliveries are POST", shown(method));
            draft.note(&place, ImportFate::Approximated, detail);
            false
        }
    });
    let of = |field| limit.iter().find(|(name, _)| *name == field).map(|(_, value)| value.clone());
    draft.add(
        DraftKind::Destination,
        without_nulls(json!({
            "name": name,
            "state": (is_set(value, "disabled_at") || auth.unknown).then_some("paused"),
            "url": endpoint.url,
            "method": method,
            "auth": auth.auth,
            "signing": auth.signing,
            "concurrency": of("concurrency"),
            "rate": of("rate"),
        })),
    );
    draft.note(
        &destination.at,
        ImportFate::Exact,
        format!("it is the destination `{name}`, save what other notes on it say"),
    );
    Some(name)
}

fn auth(kind: &str, given: &Value, at: &str, name: &str, draft: &mut Draft) -> Auth {
    let header = || text(given, "key").and_then(header_name);
    match kind {
        "" | "HOOKDECK_SIGNATURE" => signature("x-hookdeck-signature", "signing secret", at, name, draft),
        "BASIC_AUTH" => basic(text(given, "username").unwrap_or_default(), at, name, draft),
        "BEARER_TOKEN" => token(at, name, draft),
        "API_KEY" if text(given, "to") != Some("query") => match header() {
            Some(header) => key(&header, at, name, draft),
            None => Auth::unknown(at, "its key has no name that a header can have", draft),
        },
        "API_KEY" => Auth::unknown(at, "a key in the query is part of the URL here", draft),
        "CUSTOM_SIGNATURE" | "CUSTOM_SHA256_HMAC_SIGNATURE" => match header() {
            Some(header) => signature(&header, "signing secret", at, name, draft),
            None => Auth::unknown(at, "its signature has no name that a header can have", draft),
        },
        other => Auth::unknown(at, &format!("`{}` is not known here", shown(other)), draft),
    }
}

/// Base 64 of the HMAC of the body.
fn signature(header: &str, what: &str, at: &str, name: &str, draft: &mut Draft) -> Auth {
    let secret = draft.secret(at, name, what);
    Auth {
        signing: json!({
            "profile": "hmac",
            "secret": secret,
            "hmac": {"header": header, "algorithm": "hmac-sha256", "encoding": "base64"},
        }),
        ..Auth::none()
    }
}

/// `rate_limit` with its period, or `delivery_policy` of 2026.
fn limit(destination: &HookdeckPart, config: &Value, draft: &mut Draft) -> Option<(&'static str, Value)> {
    let policy = config.get("delivery_policy").filter(|policy| policy.is_object());
    let (limit, period) = match policy {
        Some(policy) => (number(policy, "rate"), text(policy, "period")),
        None => (number(config, "rate_limit"), text(config, "rate_limit_period")),
    };
    let at = format!(
        "{}/config/{}",
        destination.at,
        if policy.is_some() { "delivery_policy" } else { "rate_limit" }
    );
    if policy.is_some_and(|policy| is_set(policy, "groups")) {
        draft.note(
            &at,
            ImportFate::Impossible,
            "there are no limits by group here: make a destination for each group",
        );
    }
    let limit = limit?;
    let period_ms = match period.unwrap_or("second") {
        "concurrent" => {
            draft.note(&at, ImportFate::Exact, "it is `concurrency`");
            return Some(("concurrency", at_a_time(limit)));
        }
        "minute" => 60_000,
        "hour" => 3_600_000,
        _ => 1000,
    };
    let (rate, fate, detail) = rate(limit, period_ms);
    draft.note(&at, fate, detail);
    Some(("rate", rate))
}

/// What is not the same for any destination.
fn told(destination: &HookdeckPart, config: &Value, draft: &mut Draft) {
    if !is_set(config, "path_forwarding_disabled") {
        let detail = "the path and query behind the source's URL are not appended here: where they matter, add a mapping with `path`";
        draft.note(&destination.at, ImportFate::Approximated, detail);
    }
    if text(config, "http_method").is_none() {
        let detail = "deliveries are POST, whatever the method of the request was";
        draft.note(&destination.at, ImportFate::Approximated, detail);
    }
}
