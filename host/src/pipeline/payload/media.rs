//! The media type of what a step made. Pure. Not here: that of an event, which its sender says.

use std::sync::Arc;

use crate::pipeline::payload::body_view::BodyKind;
use crate::shape::Document;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// The value of `content-type` among these headers.
pub(crate) fn named(headers: &[(String, String)]) -> Option<&str> {
    headers.iter().rev().find(|(name, _)| is_content_type(name)).map(|(_, value)| value.as_str())
}

/// Whether a header is that one.
pub(crate) fn is_content_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

/// That of other bytes made of some that had the type `before`, where nobody said which: a JSON object or array is JSON,
/// whatever it was made of; what is no JSON does not stay so by name. Anything else keeps the type.
pub(crate) fn of_made(before: &Arc<str>, made: &[u8]) -> Arc<str> {
    let was_json = BodyKind::of(before) == BodyKind::Json;
    let begins = made.iter().find(|byte| !byte.is_ascii_whitespace());
    match (was_json, begins) {
        (_, None) => before.clone(),
        // Not looked into: JSON made of JSON is what nearly every plugin makes.
        (true, Some(b'{' | b'[')) => before.clone(),
        (true, Some(_)) if Document::parse(made).is_ok() => before.clone(),
        (true, Some(_)) if std::str::from_utf8(made).is_ok() => TEXT.into(),
        (true, Some(_)) => BYTES.into(),
        (false, Some(b'{' | b'[')) if !is_lines(before, made) && Document::parse(made).is_ok() => JSON.into(),
        (false, Some(_)) => before.clone(),
    }
}

/// Lines of JSON, be it one: with the line's end, it is a line and not a document.
fn is_lines(before: &str, made: &[u8]) -> bool {
    let media = before.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    made.ends_with(b"\n")
        && (media.contains("ndjson") || media.contains("jsonl") || media.contains("json-seq"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_carries_its_own_type() {
        let form = "application/x-www-form-urlencoded";
        for (before, made, after) in [
            (form, r#"{"a":1}"#, JSON),
            ("text/plain", " [1]", JSON),
            ("application/x-ndjson", r#"{"a":1}"#, JSON),
            ("application/x-ndjson", "{\"a\":1}\n", "application/x-ndjson"),
            ("application/x-ndjson", "{\"a\":1}\n{\"a\":2}\n", "application/x-ndjson"),
            ("text/xml", "{not json}", "text/xml"),
            ("text/plain", "42", "text/plain"),
            (form, "a=2", form),
            ("application/cloudevents+json", r#"{"a":1}"#, "application/cloudevents+json"),
            (JSON, "7", JSON),
            (JSON, r#""text""#, JSON),
            (JSON, "", JSON),
            (JSON, "<a/>", TEXT),
            (JSON, "1,2,3", TEXT),
            ("application/json; charset=utf-8", "done: ü", TEXT),
        ] {
            assert_eq!(&*of_made(&before.into(), made.as_bytes()), after, "{before}: {made}");
        }
        assert_eq!(&*of_made(&JSON.into(), &[0xff, 0xfe]), BYTES);
        let headers = [("Content-Type".to_owned(), "text/csv".to_owned())];
        assert_eq!(named(&headers), Some("text/csv"));
    }
}
