//! One member of a JSON body's top level. The body is not trusted yet, so nothing is built of it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;

/// The first member of that name if it is a number, or a string without escapes; as text.
pub(super) fn scalar<'a>(body: &'a [u8], key: &str) -> Option<&'a str> {
    // A byte order mark is no fault of JSON.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let raw = reader.deserialize_map(Member { key }).ok()??;
    reader.end().ok()?;
    let text = raw.get();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => (!inner.contains('\\')).then_some(inner),
        None => text.starts_with(|first: char| first.is_ascii_digit()).then_some(text),
    }
}

struct Member<'k> {
    key: &'k str,
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Name(key)) = map.next_key()? {
            if found.is_none() && key == self.key {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A key, borrowed unless it has escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members() {
        for (body, expected) in [
            (r#"{"at":1700000000000,"b":{"at":1}}"#, Some("1700000000000")),
            (r#"{"b":{"at":1},"a\u0020b":[], "at" : "2026-01-01T00:00:00Z" }"#, Some("2026-01-01T00:00:00Z")),
            (r#"{"\u0061t":5}"#, Some("5")),
            ("\u{feff}{\"at\":5}", Some("5")),
            (r#"{"at":1,"at":2}"#, Some("1")),
            (r#"{"at":"a\n"}"#, None),
            (r#"{"at":null}"#, None),
            (r#"{"at":{"x":1}}"#, None),
            (r#"{"at":-1}"#, None),
            (r#"{"at":1} trailing"#, None),
            (r#"{"at":1"#, None),
            (r#"["at",1]"#, None),
            ("", None),
        ] {
            assert_eq!(scalar(body.as_bytes(), "at"), expected, "{body}");
        }
    }
}
