//! What is shown of text that others wrote, and of URLs. A payload is data, so its text is cut short; a URL that
//! deliveries go to is as good as a key, so only its origin is shown. Not here: whole bodies (`findings`).

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::visible::visible_line;

/// Characters shown of a text of a payload.
const FOREIGN_MAX: usize = 64;
/// Characters shown of a path: its names are a payload's, and a part of one leads nowhere.
const PATH_MAX: usize = 128;
/// Characters shown of a sentence of the gateway's, which may quote something.
const SENTENCE_MAX: usize = 240;

/// Text of a payload, its beginning.
pub(crate) fn foreign(text: &str) -> String {
    cut(text, FOREIGN_MAX)
}

/// A path of a payload.
pub(crate) fn path(text: &str) -> String {
    cut(text, PATH_MAX)
}

/// A value of a payload: a number or such as it is, a text as its beginning, of the rest what it is.
pub(crate) fn foreign_value(value: &Value) -> Value {
    match value {
        Value::String(text) => foreign(text).into(),
        Value::Array(items) => format!("a list of {}", items.len()).into(),
        Value::Object(members) => format!("an object of {}", members.len()).into(),
        plain => plain.clone(),
    }
}

/// A sentence of the gateway's.
pub(crate) fn sentence(text: &str) -> String {
    cut(&origins_only(text, None), SENTENCE_MAX)
}

fn cut(text: &str, most: usize) -> String {
    let text = visible_line(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Every text in it with URLs as their origins, except those of the gateway's own sources, which begin with `own`.
pub(crate) fn without_urls(value: &mut Value, own: &str) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = origins_only(text, Some(own)) {
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| without_urls(item, own)),
        Value::Object(members) => members.values_mut().for_each(|member| without_urls(member, own)),
        _ => {}
    }
}

/// A text in which each URL is its origin and, where there was more, `/…`.
fn origins_only<'t>(text: &'t str, own: Option<&str>) -> Cow<'t, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = find_url(rest) {
        let (before, url) = rest.split_at(at);
        let end = url.find(|letter: char| letter.is_whitespace() || "\"'`<>|\\^{}".contains(letter));
        let (url, after) = url.split_at(end.unwrap_or(url.len()));
        shown.push_str(before);
        match own.is_some_and(|own| url.starts_with(own)) {
            true => shown.push_str(url),
            false => push_origin(&mut shown, url),
        }
        rest = after;
    }
    if shown.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

fn find_url(text: &str) -> Option<usize> {
    let found = |scheme: &str| {
        // Names of schemes are ASCII, and have no upper or lower case.
        text.as_bytes().windows(scheme.len()).position(|part| part.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    [found("http://"), found("https://")].into_iter().flatten().min()
}

fn push_origin(shown: &mut String, url: &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    shown.push_str(scheme);
    shown.push_str("://");
    shown.push_str(host);
    if !matches!(path, "" | "/") {
        shown.push_str("/…");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_their_origins() {
        let check = |text: &str, expected: &str| {
            assert_eq!(origins_only(text, Some("http://gw/in/")), expected);
        };
        check("no url", "no url");
        check("https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com/…");
        check(
            "from HTTPS://a.example:8443/x?y and `http://b/` then",
            "from HTTPS://a.example:8443/… and `http://b` then",
        );
        check("https://me:pw@a.example", "https://a.example");
        check("post to http://gw/in/src_1 please", "post to http://gw/in/src_1 please");
        check("https://a.example?token=x", "https://a.example/…");
    }

    #[test]
    fn foreign_text_is_short_and_of_one_line() {
        assert_eq!(foreign("a\nb\u{202e}"), "a\\u000ab\\u202e");
        assert_eq!(foreign(&"x".repeat(70)), format!("{}…", "x".repeat(64)));
        assert_eq!(foreign_value(&serde_json::json!([1, 2])), "a list of 2");
    }
}
