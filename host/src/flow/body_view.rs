//! The body as JSON, whatever it came as, parsed at most once per event. JSON is itself; a form
//! becomes an object of strings (arrays for repeated names). Nothing else has such a view.

use std::borrow::Cow;
use std::sync::OnceLock;

use indexmap::IndexMap;

use crate::shape::Document;
use crate::shape::JsonLimits;

/// What the media type makes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// `application/json`, `…+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Everything else, and nothing at all: JSON if it happens to be.
    Other,
}

impl BodyKind {
    /// By the media type; parameters and case do not matter.
    pub(crate) fn of(content_type: &str) -> Self {
        let media = content_type.split(';').next().unwrap_or("").trim();
        let ends_json =
            media.len() >= 5 && media.as_bytes()[media.len() - 5..].eq_ignore_ascii_case(b"+json");
        if media.eq_ignore_ascii_case("application/json") || ends_json {
            Self::Json
        } else if media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::Form
        } else {
            Self::Other
        }
    }
}

/// The JSON text of a body.
pub(crate) fn json_text<'a>(content_type: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
    match BodyKind::of(content_type) {
        BodyKind::Form => Cow::Owned(form_to_json(body)),
        BodyKind::Json | BodyKind::Other => Cow::Borrowed(body),
    }
}

fn form_to_json(body: &[u8]) -> Vec<u8> {
    let mut fields: IndexMap<Cow<'_, str>, Vec<Cow<'_, str>>> = IndexMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        fields.entry(name).or_default().push(value);
    }
    let object: serde_json::Map<String, serde_json::Value> = fields
        .into_iter()
        .map(|(name, mut values)| {
            let value = match (values.pop(), values.is_empty()) {
                (Some(only), true) => only.into_owned().into(),
                (last, _) => values.into_iter().chain(last).map(Cow::into_owned).collect(),
            };
            (name.into_owned(), value)
        })
        .collect();
    serde_json::to_vec(&object).expect("an object of strings is JSON")
}

/// The parsed view, made when first asked for and shared by all connections.
#[derive(Debug)]
pub(crate) struct BodyView<'a> {
    json: &'a [u8],
    limits: JsonLimits,
    document: OnceLock<Result<Document<'a>, String>>,
}

impl<'a> BodyView<'a> {
    /// A view of this JSON text, see [`json_text`].
    pub(crate) fn new(json: &'a [u8], limits: JsonLimits) -> Self {
        Self { json, limits, document: OnceLock::new() }
    }

    /// Within which this is parsed, and what steps make of it.
    pub(crate) fn limits(&self) -> JsonLimits {
        self.limits
    }

    /// The parsed document, or why there is none.
    pub(crate) fn document(&self) -> Result<&Document<'a>, &str> {
        let parse = || {
            Document::parse_with(self.json, self.limits)
                .map_err(|fault| format!("the body is not JSON: {fault}"))
        };
        self.document.get_or_init(parse).as_ref().map_err(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (text, kind) in [
            ("application/json; charset=utf-8", BodyKind::Json),
            ("application/vnd.api+JSON", BodyKind::Json),
            ("application/x-www-form-urlencoded", BodyKind::Form),
            ("text/xml", BodyKind::Other),
            ("", BodyKind::Other),
        ] {
            assert_eq!(BodyKind::of(text), kind, "{text}");
        }
    }

    #[test]
    fn a_form_is_an_object() {
        let json = json_text("application/x-www-form-urlencoded", b"a=1&b=x+y&a=%22");
        assert_eq!(json.as_ref(), br#"{"a":["1","\""],"b":"x y"}"#);
    }
}
