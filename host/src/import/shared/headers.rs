//! Headers that are sent with every delivery, as a stranger wrote them. Not here: credentials that have a place of
//! their own (`auth`).

use serde_json::Map;
use serde_json::Value;

use crate::import::ImportFate;
use crate::import::shared::draft::Draft;
use crate::import::shared::json::below;
use crate::import::shared::json::shown;

/// Headers of the connection itself, which nobody sets by hand.
const CONNECTION: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Parts of names of what authenticates.
const SECRET_PARTS: [&str; 9] =
    ["auth", "cookie", "credential", "key", "passw", "secret", "session", "signature", "token"];
/// Headers that are kept; no receiver takes more.
const HEADERS_MAX: usize = 100;

/// Whether what has that name is to be taken for a secret: rather once too often.
pub(in crate::import) fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| lower.contains(part))
}

/// The name in lower case, if it can be that of a header.
pub(in crate::import) fn header_name(name: &str) -> Option<String> {
    let may = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let good = !name.is_empty() && name.len() <= 200 && name.bytes().all(may);
    good.then(|| name.to_ascii_lowercase())
}

/// The document's `headers`; null where there are none. What cannot be one is told.
pub(in crate::import) fn headers<'h>(
    given: impl Iterator<Item = (&'h str, &'h Value)>,
    at: &str,
    whose: &str,
    draft: &mut Draft,
) -> Value {
    let mut kept: Map<String, Value> = Map::new();
    for (name, value) in given {
        let place = below(at, name);
        let Some(lower) = header_name(name).filter(|lower| !CONNECTION.contains(&lower.as_str())) else {
            let detail = format!("`{}` is no header that can be set: it is left out", shown(name));
            draft.note(&place, ImportFate::Impossible, detail);
            continue;
        };
        if kept.len() >= HEADERS_MAX || kept.contains_key(&lower) {
            draft.note(
                &place,
                ImportFate::Impossible,
                "it is there twice, or there are too many: it is left out",
            );
            continue;
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if is_secret(&lower) {
            let secret = draft.secret(&place, whose, &format!("header {lower}"));
            kept.insert(lower, secret);
        } else if text.chars().all(|letter| letter == '\t' || !letter.is_control()) {
            kept.insert(lower, text.into());
        } else {
            draft.note(
                &place,
                ImportFate::Impossible,
                "its value has characters that no header can carry: it is left out",
            );
        }
    }
    if kept.is_empty() { Value::Null } else { kept.into() }
}
