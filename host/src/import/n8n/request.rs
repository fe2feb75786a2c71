//! An HTTP Request node as a destination and the mapping before it. Not here: which events come there (`walk`).

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::n8n::Node;
use crate::import::n8n::body;
use crate::import::n8n::expression::ExpressionScope;
use crate::import::n8n::expression::value;
use crate::import::n8n::shape::Known;
use crate::import::shared::auth;
use crate::import::shared::auth::Auth;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::endpoint::endpoint;
use crate::import::shared::headers::header_name;
use crate::import::shared::headers::headers;
use crate::import::shared::json::is_set;
use crate::import::shared::json::number;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::names::DraftKind;
use crate::import::shared::retry;

/// Milliseconds that a request may take there, if it does not say.
const TIMEOUT_MS: u64 = 300_000;
const TIMEOUT_MS_MAX: u64 = 600_000;

/// Makes the destination; its name, or `None` where there is nothing to send to.
pub(super) fn destination(node: Node<'_>, at: &str, draft: &mut Draft) -> Option<String> {
    let parameters = node.parameters;
    let place = format!("{at}/parameters");
    let method = text(parameters, "method")
        .or(text(parameters, "requestMethod"))
        .unwrap_or("GET")
        .to_ascii_uppercase();
    if !matches!(method.as_str(), "POST" | "PUT" | "PATCH") {
        let detail =
            format!("deliveries are POST, PUT or PATCH, and not `{}`: it is left out", shown(&method));
        draft.note(&format!("{place}/method"), ImportFate::Impossible, detail);
        return None;
    }
    let url = text(parameters, "url").unwrap_or_default();
    if url.starts_with('=') && url.contains("{{") {
        let detail = "its URL is computed: make a destination for each host, and a mapping with `path` for what differs; it is left out";
        draft.note(&format!("{place}/url"), ImportFate::Impossible, detail);
        return None;
    }
    let url = with_query(url.strip_prefix('=').unwrap_or(url), parameters, &place, draft)?;
    let endpoint = endpoint(&url, &format!("{place}/url"), node.name, draft)?;
    let name = draft.name(DraftKind::Destination, node.name, &endpoint.host);
    let auth = match &endpoint.username {
        Some(username) => auth::basic(username, &format!("{place}/url"), &name, draft),
        None => credentials(parameters, &place, &name, draft),
    };
    let fixed: Vec<(String, Value)> =
        header_parameters(parameters).into_iter().filter(|(_, value)| !is_computed(value)).collect();
    let fixed = headers(
        fixed.iter().map(|(name, value)| (name.as_str(), value)),
        &format!("{place}/headerParameters"),
        &name,
        draft,
    );
    let retry = retries(node);
    let timeout = parameters
        .get("options")
        .and_then(|options| number(options, "timeout"))
        .filter(|timeout| *timeout > 0);
    draft.add(
        DraftKind::Destination,
        without_nulls(json!({
            "name": name,
            "state": auth.unknown.then_some("paused"),
            "url": endpoint.url,
            "method": (method != "POST").then_some(method),
            "headers": fixed,
            "auth": auth.auth,
            "signing": auth.signing,
            "timeout_ms": timeout.unwrap_or(TIMEOUT_MS).min(TIMEOUT_MS_MAX),
            "retry": retry,
        })),
    );
    draft.note(
        at,
        ImportFate::Exact,
        format!("it is the destination `{name}`, save what other notes on it say"),
    );
    Some(name)
}

/// Parameters of the query that are always the same belong to the URL.
fn with_query(url: &str, parameters: &Value, place: &str, draft: &mut Draft) -> Option<String> {
    if !is_set(parameters, "sendQuery") {
        return Some(url.to_owned());
    }
    let at = format!("{place}/queryParameters");
    let pairs = pairs(parameters.pointer("/queryParameters/parameters"));
    if pairs.is_empty() || pairs.iter().any(|(_, value)| is_computed(value)) {
        let detail = "parameters of its query are computed: write a mapping with `path`; it is left out";
        draft.note(&at, ImportFate::Impossible, detail);
        return None;
    }
    let Ok(mut parsed) = url::Url::parse(url) else { return Some(url.to_owned()) };
    for (name, value) in pairs {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        parsed.query_pairs_mut().append_pair(&name, text.strip_prefix('=').unwrap_or(&text));
    }
    Some(parsed.to_string())
}

fn credentials(parameters: &Value, place: &str, name: &str, draft: &mut Draft) -> Auth {
    let at = format!("{place}/authentication");
    let kind = text(parameters, "genericAuthType").or(text(parameters, "nodeCredentialType"));
    match (text(parameters, "authentication").unwrap_or("none"), kind.unwrap_or_default()) {
        ("none", _) => Auth::none(),
        ("genericCredentialType", "httpBasicAuth") | ("basicAuth", _) => auth::basic("", &at, name, draft),
        ("genericCredentialType", "httpBearerAuth") => auth::token(&at, name, draft),
        ("genericCredentialType", "httpHeaderAuth") | ("headerAuth", _) => {
            // The header's name is in the credential, too, which no export has.
            let header = draft.secret(&at, name, "auth header name");
            let value = draft.secret(&at, name, "auth header value");
            Auth { auth: json!({"header": {"name": header, "value": value}}), ..Auth::none() }
        }
        (_, kind) => {
            Auth::unknown(&at, &format!("the credential `{}` is not known here", shown(kind)), draft)
        }
    }
}

fn retries(node: Node<'_>) -> Value {
    if !is_set(node.value, "retryOnFail") {
        return json!({"preset": "none"});
    }
    let tries = number(node.value, "maxTries").unwrap_or(3).clamp(1, 5);
    let wait = number(node.value, "waitBetweenTries").unwrap_or(1000).min(5000);
    retry::constant(wait, tries - 1).retry
}

/// The mapping that makes the request's body and headers; null where it is the payload as it came.
pub(super) fn mapping(node: Node<'_>, scope: ExpressionScope<'_>) -> Result<Value, String> {
    let known = output(node, scope)?;
    let mut headers = Map::new();
    for (name, given) in
        header_parameters(node.parameters).into_iter().filter(|(_, given)| is_computed(given))
    {
        let Some(name) = header_name(&name) else {
            return Err(format!("`{}` is no header", shown(&name)));
        };
        headers.insert(name, value(&given, scope)?.output()?);
    }
    if known == Known::Body(Vec::new()) && headers.is_empty() {
        return Ok(Value::Null);
    }
    let headers = (!headers.is_empty()).then_some(headers);
    Ok(without_nulls(json!({
        "version": 1,
        "on_missing": "omit",
        "output": wrapped(known.output()?),
        "headers": headers,
    }))
    .into())
}

/// Null is no member that was left out.
fn wrapped(output: Value) -> Value {
    if output.is_null() { json!({ "$literal": null }) } else { output }
}

fn output(node: Node<'_>, scope: ExpressionScope<'_>) -> Result<Known, String> {
    let parameters = node.parameters;
    // Versions 1 and 2 have `jsonParameters` and names of their own.
    if parameters.get("requestMethod").is_some() {
        return Err("it is of an old version: open and save it in the newest n8n".to_owned());
    }
    if !is_set(parameters, "sendBody") {
        return Ok(Known::Literal(json!({})));
    }
    if text(parameters, "contentType").unwrap_or("json") != "json" {
        return Err("its body is no JSON".to_owned());
    }
    if text(parameters, "specifyBody") == Some("json") {
        return body::json(parameters.get("jsonBody").unwrap_or(&Value::Null), scope);
    }
    let pairs = pairs(parameters.pointer("/bodyParameters/parameters"));
    let member = |(name, given): (String, Value)| Ok((name, value(&given, scope)?));
    pairs.into_iter().map(member).collect::<Result<_, String>>().map(Known::Object)
}

fn header_parameters(parameters: &Value) -> Vec<(String, Value)> {
    if !is_set(parameters, "sendHeaders") {
        return Vec::new();
    }
    match text(parameters, "jsonHeaders").filter(|_| text(parameters, "specifyHeaders") == Some("json")) {
        Some(written) => match serde_json::from_str(written) {
            Ok(Value::Object(members)) => members.into_iter().collect(),
            // It is computed as a whole; that it cannot be is told where it is looked at.
            _ => vec![(String::new(), "={{ }}".into())],
        },
        None => pairs(parameters.pointer("/headerParameters/parameters")),
    }
}

fn is_computed(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('=') && text.contains("{{"))
}

fn pairs(list: Option<&Value>) -> Vec<(String, Value)> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let pair = |one: &Value| {
        let name = one.get("name").and_then(Value::as_str)?.to_owned();
        Some((name, one.get("value").cloned().unwrap_or_default()))
    };
    list.iter().take(500).filter_map(pair).collect()
}
