//! A connection's rules: its steps, its retries, its copies. Not here: the language of filters (`shared::operators`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::hookdeck::HookdeckPart;
use crate::import::hookdeck::Link;
use crate::import::shared::draft::Draft;
use crate::import::shared::headers::header_name;
use crate::import::shared::json::below;
use crate::import::shared::json::number;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::json::texts;
use crate::import::shared::leaf::all;
use crate::import::shared::operators::FilterPart;
use crate::import::shared::operators::OperatorDialect;
use crate::import::shared::operators::translate;
use crate::import::shared::path::PathStep;
use crate::import::shared::path::jsonpath;
use crate::import::shared::retry;

const PARTS: [(&str, FilterPart); 4] = [
    ("headers", FilterPart::Headers),
    ("body", FilterPart::Body),
    ("query", FilterPart::Query),
    ("path", FilterPart::Path),
];
/// Steps a connection has at most.
const STEPS_MAX: usize = 32;
/// Hookdeck's own where a rule does not say.
const INTERVAL_MS: u64 = 3_600_000;
const RETRIES: u64 = 5;

/// What the rules come to.
#[derive(Debug, Default)]
pub(super) struct CarriedRules {
    /// The document's steps.
    pub(super) steps: Vec<Value>,
    /// The document's retries, null where there are none; one attempt is all where no rule says more.
    pub(super) retry: Value,
    /// Where the source finds the key that tells copies.
    pub(super) idempotency: Option<Value>,
    /// Whether something is missing without which more, or something else, would be delivered.
    pub(super) incomplete: bool,
}

/// Reads them in their order. `own_source`: the source has no other connection.
pub(super) fn read(link: &Link, own_source: bool, draft: &mut Draft) -> CarriedRules {
    let mut made = CarriedRules { retry: json!({"preset": "none"}), ..CarriedRules::default() };
    let mut was_changed = false;
    for rule in &link.rules {
        match text(&rule.value, "type").unwrap_or_default() {
            "filter" if was_changed => {
                made.incomplete = true;
                let detail = "it filters what a transformation made: add it as a step behind the plugin that does the same";
                draft.note(&rule.at, ImportFate::Impossible, detail);
            }
            "filter" => filter(rule, &mut made, draft),
            "retry" => retries(rule, &mut made, draft),
            "transform" | "transformation" => {
                (made.incomplete, was_changed) = (true, true);
                let name =
                    text(&rule.value, "name").or(text(&rule.value, "transformation_id")).unwrap_or("it");
                let detail = format!(
                    "the transformation `{}` is JavaScript: write it as a plugin with `hookmill plugin new --lang js`, and add it as a step",
                    shown(name)
                );
                draft.note(&rule.at, ImportFate::Impossible, detail);
            }
            "delay" => {
                let detail = format!(
                    "deliveries go out at once here, not after {} ms: let the receiver wait, or answer with Retry-After",
                    number(&rule.value, "delay").unwrap_or(0)
                );
                draft.note(&rule.at, ImportFate::Impossible, detail);
            }
            "deduplicate" => deduplicate(rule, own_source, &mut made, draft),
            "alert" => {
                draft.note(&rule.at, ImportFate::Impossible, "set up an alert of the workspace instead")
            }
            other => {
                made.incomplete = true;
                let detail = format!(
                    "a rule of the type `{}` is not known here: write what it does as a step",
                    shown(other)
                );
                draft.note(&rule.at, ImportFate::Impossible, detail);
            }
        }
    }
    if made.steps.len() > STEPS_MAX {
        made.steps.truncate(STEPS_MAX);
        made.incomplete = true;
        draft.note(
            &link.at,
            ImportFate::Impossible,
            format!("it has more than {STEPS_MAX} filters: join them to fewer"),
        );
    }
    made
}

fn filter(rule: &HookdeckPart, made: &mut CarriedRules, draft: &mut Draft) {
    let mut clauses = Vec::new();
    let mut less = Vec::new();
    for (name, part) in PARTS {
        let Some(given) = rule.value.get(name).filter(|given| !given.is_null()) else { continue };
        match translate(OperatorDialect::Hookdeck, part, given, &below(&rule.at, name)) {
            Ok(filter) => {
                clauses.extend(filter.clause);
                less.extend(filter.less);
            }
            Err(refused) => {
                made.incomplete = true;
                let detail = format!("{}: the filter is left out; write it as a step", refused.why);
                draft.note(&refused.at, ImportFate::Impossible, detail);
                return;
            }
        }
    }
    for (at, what) in less {
        draft.note(&at, ImportFate::Approximated, format!("{what}: fewer events pass than there"));
    }
    if !clauses.is_empty() {
        made.steps.push(json!({ "filter": all(clauses) }));
    }
    draft.note(
        &rule.at,
        ImportFate::Exact,
        "it is a step of the connection, save what other notes on it say",
    );
}

fn retries(rule: &HookdeckPart, made: &mut CarriedRules, draft: &mut Draft) {
    let count = number(&rule.value, "count").unwrap_or(RETRIES);
    let interval = number(&rule.value, "interval").unwrap_or(INTERVAL_MS);
    let schedule = match text(&rule.value, "strategy") {
        Some("exponential") => retry::doubling(interval, None, count),
        _ => retry::constant(interval, count),
    };
    made.retry = schedule.retry;
    let (mut fate, mut detail) = (ImportFate::Exact, "it is the connection's `retry`".to_owned());
    if let Some(cut) = schedule.cut {
        (fate, detail) = (ImportFate::Approximated, format!("it is the connection's `retry`, with {cut}"));
    }
    if let Some(codes) =
        rule.value.get("response_status_codes").and_then(Value::as_array).filter(|codes| !codes.is_empty())
    {
        match statuses(codes) {
            Some(statuses) => made.retry["statuses"] = statuses,
            None => (fate, detail) = (
                ImportFate::Approximated,
                "it is the connection's `retry`, for every status that is not 2xx, save 410: its status codes could not be read".to_owned(),
            ),
        }
    }
    draft.note(&rule.at, fate, detail);
}

/// `500-599`, `>400`, `404`, `!401`: what is excluded is so in any case.
fn statuses(codes: &[Value]) -> Option<Value> {
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for code in codes.iter().take(200) {
        let written = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
        let text = written.trim();
        match text.strip_prefix('!') {
            Some(rest) => unwanted.push(range(rest)?),
            None => wanted.push(range(text)?),
        }
    }
    let within =
        |ranges: &[(u16, u16)], status: u16| ranges.iter().any(|(from, to)| (*from..=*to).contains(&status));
    let is_retried = |status| (wanted.is_empty() || within(&wanted, status)) && !within(&unwanted, status);
    Some(retry::statuses(is_retried))
}

fn range(text: &str) -> Option<(u16, u16)> {
    let code = |text: &str| text.trim().parse::<u16>().ok();
    let text = text.trim();
    if let Some(rest) = text.strip_prefix(">=") {
        return Some((code(rest)?, 999));
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return Some((0, code(rest)?));
    }
    if let Some(rest) = text.strip_prefix('>') {
        return Some((code(rest)?.checked_add(1)?, 999));
    }
    if let Some(rest) = text.strip_prefix('<') {
        return Some((0, code(rest)?.checked_sub(1)?));
    }
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Some((code(from)?, code(to)?))
}

/// A source can tell copies by one place, for all of its connections.
fn deduplicate(rule: &HookdeckPart, own_source: bool, made: &mut CarriedRules, draft: &mut Draft) {
    let fields = texts(&rule.value, "include_fields");
    let place = match fields.as_slice() {
        [one] if own_source && made.idempotency.is_none() => place(one),
        _ => None,
    };
    let Some(place) = place else {
        made.incomplete = true;
        let detail = "a source tells copies by one header or path, for all of its connections: set its `idempotency`, or write a plugin that keeps what it saw";
        draft.note(&rule.at, ImportFate::Impossible, detail);
        return;
    };
    let detail = format!(
        "the source tells copies by the same field, and for as long as the server is set to, instead of {} ms",
        number(&rule.value, "window").unwrap_or(0)
    );
    draft.note(&rule.at, ImportFate::Approximated, detail);
    made.idempotency = Some(place);
}

/// `body.order.id` or `headers.x-id`.
fn place(field: &str) -> Option<Value> {
    if let Some(header) = field.strip_prefix("headers.") {
        return header_name(header).map(|name| json!({ "header": name }));
    }
    let steps: Vec<PathStep> =
        field.strip_prefix("body.")?.split('.').map(|name| PathStep::Name(name.to_owned())).collect();
    let is_plain = steps
        .iter()
        .all(|step| matches!(step, PathStep::Name(name) if !name.is_empty() && !name.contains(['[', '$'])));
    is_plain.then(|| json!({"path": jsonpath("$", &steps)}))
}
