//! What an event is known by: its type, and the key that tells copies. Not here: whether it may in (`accept`).

use sha2::Digest as _;
use sha2::Sha256;

use crate::control::snapshot::Extract;
use crate::control::snapshot::SourceRuntime;
use crate::domain::event::Headers;
use crate::domain::event::IdempotencyKey;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::Node;
use crate::shape::NodeKind;
use crate::shape::Query;

/// The sender's own key.
const KEY_HEADER: &str = "idempotency-key";

/// Two names of one header: senders of Standard Webhooks use either, and either is what they signed.
const SAME_HEADERS: [(&str, &str); 2] = [("webhook-id", "svix-id"), ("svix-id", "webhook-id")];

/// Bytes of a key that is joined of several values; of longer ones there is no key.
const JOINED_BYTES_MAX: usize = 64 << 10;
/// Nodes that may be looked at for it.
const JOINED_NODES_MAX: u64 = 200_000;

/// Whether a rule of the source looks into the body.
pub(crate) fn wants_body(source: &SourceRuntime) -> bool {
    [&source.event_type, &source.idempotency].into_iter().any(|rule| matches!(rule, Some(Extract::Path(_))))
}

/// The event's type by the source's rule; empty if there is none.
pub(crate) fn event_type(
    source: &SourceRuntime,
    headers: &Headers,
    document: Option<&Document<'_>>,
) -> String {
    let found = source.event_type.as_ref().and_then(|rule| match rule {
        Extract::Fixed(value) => Some(value.as_ref().to_owned()),
        Extract::Header(name) => header(headers, name).map(str::to_owned),
        Extract::Path(query) => query.first_text(document?),
    });
    found.unwrap_or_default()
}

/// The key that tells copies: what the source's own rule finds, else the header `Idempotency-Key`. An empty key is
/// no key.
///
/// The rule goes first because its value is what the provider signed, or at least wrote; the header can be added by
/// whoever sends a request again. Where there is a rule, a key from the header is a kind of its own: it can neither
/// stand for a provider's id nor be taken for one.
pub(crate) fn idempotency(
    source: &SourceRuntime,
    headers: &Headers,
    document: Option<&Document<'_>>,
) -> Option<IdempotencyKey> {
    let scope = source.source.id.bits();
    if let Some(own) = source.idempotency.as_ref().and_then(|rule| by_rule(rule, headers, document)) {
        return Some(idempotency_key(scope, &own));
    }
    let given = header_key(headers, KEY_HEADER)?;
    // No text contains this byte.
    let kind: &[u8] = if source.idempotency.is_some() { &[0xff] } else { &[] };
    Some(key_of(scope, kind, &given))
}

fn by_rule(rule: &Extract, headers: &Headers, document: Option<&Document<'_>>) -> Option<String> {
    match rule {
        // The same for every event: it tells nothing apart.
        Extract::Fixed(_) => None,
        Extract::Header(name) => header_key(headers, name),
        Extract::Path(query) if query.is_singular() => {
            query.first_text(document?).filter(|key| !key.trim().is_empty())
        }
        Extract::Path(query) => joined(query, document?),
    }
}

/// All values of a path that can give several, each with its place, so that no two selections read the same. No key
/// if there is nothing but nulls and empty strings.
fn joined(query: &Query, document: &Document<'_>) -> Option<String> {
    let nodes = query.nodes(document, &mut Budget::new(JOINED_NODES_MAX, 0)).ok()?;
    let empty = |node: &Node<'_>| node.is_null() || node.as_str().is_some_and(|text| text.trim().is_empty());
    if nodes.iter().all(empty) {
        return None;
    }
    let mut key = String::new();
    for node in nodes {
        key.push_str(&node.normalized_path());
        key.push('=');
        match node.kind() {
            // However its characters were written.
            NodeKind::String => key.push_str(&serde_json::Value::from(node.as_str()?).to_string()),
            _ => key.push_str(node.raw()),
        }
        key.push('\n');
        if key.len() > JOINED_BYTES_MAX {
            return None;
        }
    }
    Some(key)
}

fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.get(name).or_else(|| {
        let (_, other) = SAME_HEADERS.iter().find(|(one, _)| *one == name)?;
        headers.get(other)
    })
}

/// A key in a header; that of `Idempotency-Key` may be in quotes, as its draft has it.
fn header_key(headers: &Headers, name: &str) -> Option<String> {
    let text = header(headers, name)?.trim();
    let text = if name == KEY_HEADER { text.trim_matches('"').trim() } else { text };
    (!text.is_empty()).then(|| text.to_owned())
}

/// The key of an event: `scope` is its source's id, or its workspace's for published events.
pub(crate) fn idempotency_key(scope: u128, key: &str) -> IdempotencyKey {
    key_of(scope, &[], key)
}

fn key_of(scope: u128, kind: &[u8], key: &str) -> IdempotencyKey {
    let digest =
        Sha256::new().chain_update(scope.to_be_bytes()).chain_update(kind).chain_update(key).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    IdempotencyKey(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_key(path: &str, json: &str) -> Option<String> {
        let document = Document::parse(json.as_bytes()).unwrap();
        let rule = Extract::Path(std::sync::Arc::new(Query::compile(path).unwrap()));
        by_rule(&rule, &Headers::default(), Some(&document))
    }

    #[test]
    fn an_empty_value_is_no_key() {
        for json in
            [r#"{"id":""}"#, r#"{"id":" "}"#, r#"{"id":null}"#, r#"{"id":[]}"#, r#"{"id":{}}"#, "{}", "1"]
        {
            assert_eq!(path_key("$.id", json), None, "{json}");
        }
        for json in [r#"{"a":"","b":null}"#, r#"{"a":" "}"#, "{}"] {
            assert_eq!(path_key("$['a','b']", json), None, "{json}");
        }
        for value in ["", "\"\"", " ", "\" \""] {
            let headers = Headers(vec![(KEY_HEADER.into(), value.into()), ("x-id".into(), " ".into())]);
            assert_eq!(header_key(&headers, KEY_HEADER), None, "{value}");
            assert_eq!(header_key(&headers, "x-id"), None);
        }
        assert_eq!(path_key("$.id", r#"{"id":0}"#).as_deref(), Some("0"));
        assert_eq!(path_key("$.id", r#"{"id":false}"#).as_deref(), Some("false"));
    }

    /// Each of these bodies is another event, save where two are named the same.
    #[test]
    fn several_values_are_joined_unambiguously() {
        let of = |json: &str| path_key("$['ref','code']", json).unwrap();
        let keys = [
            r#"{"ref":1,"code":"AUTH"}"#,
            r#"{"ref":1,"code":"CAPTURE"}"#,
            r#"{"ref":"1","code":"AUTH"}"#,
            r#"{"ref":1}"#,
            r#"{"code":1}"#,
            r#"{"ref":"1\n$['code']=\"AUTH\""}"#,
            r#"{"ref":1,"code":null}"#,
            r#"{"ref":1,"code":[1,2]}"#,
        ]
        .map(of);
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{key}");
        }
        assert_eq!(of(r#"{"ref":1,"code":"A\u0055TH"}"#), of(r#"{"code":"AUTH","ref":1,"more":2}"#));
    }

    #[test]
    fn the_same_header_under_its_other_name() {
        let headers = Headers(vec![("svix-id".into(), "msg_1".into())]);
        assert_eq!(header_key(&headers, "webhook-id").as_deref(), Some("msg_1"));
        assert_eq!(header_key(&headers, "x-id"), None);
    }
}
