//! The body as JSON, whatever it came as, parsed at most once per event. JSON is itself, in UTF-8 and without a byte
//! order mark; a form becomes an object of strings (arrays for repeated names). Nothing else has such a view. The
//! body itself is never changed. Not here: the bytes of other character sets (`charset`).

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::OnceLock;

use encoding_rs::Encoding;
use encoding_rs::UTF_8;
use indexmap::IndexMap;
use percent_encoding::percent_decode;

use crate::pipeline::payload::charset;
use crate::pipeline::payload::charset::Charset;
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

/// The JSON text of a body, if it has any.
#[derive(Debug)]
pub(crate) struct JsonText<'a> {
    text: Cow<'a, [u8]>,
    /// The character set the content type names, if it is not known here.
    unknown_charset: Option<&'a str>,
}

impl Deref for JsonText<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.text
    }
}

/// The JSON text of a body.
pub(crate) fn json_text<'a>(content_type: &'a str, body: &'a [u8]) -> JsonText<'a> {
    let charset = charset::of(content_type);
    let encoding = match charset {
        Charset::Known(encoding) => encoding,
        Charset::Unsaid | Charset::Unknown(_) => UTF_8,
    };
    let (encoding, body) = charset::real(encoding, body);
    let text = match BodyKind::of(content_type) {
        BodyKind::Form if encoding.is_ascii_compatible() => Cow::Owned(form_to_json(body, encoding)),
        BodyKind::Form => Cow::Owned(form_to_json(&charset::to_utf8(encoding, body), UTF_8)),
        BodyKind::Json | BodyKind::Other => charset::to_utf8(encoding, body),
    };
    let unknown_charset = if let Charset::Unknown(name) = charset { Some(name) } else { None };
    JsonText { text, unknown_charset }
}

fn form_to_json(body: &[u8], encoding: &'static Encoding) -> Vec<u8> {
    let mut fields: IndexMap<String, Vec<String>> = IndexMap::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let mut half = || decoded(halves.next().unwrap_or_default(), encoding);
        let (name, value) = (half(), half());
        fields.entry(name).or_default().push(value);
    }
    let object: serde_json::Map<String, serde_json::Value> = fields
        .into_iter()
        .map(|(name, mut values)| {
            let value = match (values.pop(), values.is_empty()) {
                (Some(only), true) => only.into(),
                (last, _) => values.into_iter().chain(last).collect(),
            };
            (name, value)
        })
        .collect();
    serde_json::to_vec(&object).expect("an object of strings is JSON")
}

/// A name or value of a form. Its escapes stand for bytes of the form's character set.
fn decoded(text: &[u8], encoding: &'static Encoding) -> String {
    let text: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes: Cow<'_, [u8]> = percent_decode(&text).into();
    encoding.decode_without_bom_handling(&bytes).0.into_owned()
}

/// The parsed view, made when first asked for and shared by all connections.
#[derive(Debug)]
pub(crate) struct BodyView<'a> {
    json: &'a JsonText<'a>,
    limits: JsonLimits,
    document: OnceLock<Result<Document<'a>, String>>,
}

impl<'a> BodyView<'a> {
    /// A view of this JSON text, see [`json_text`].
    pub(crate) fn new(json: &'a JsonText<'a>, limits: JsonLimits) -> Self {
        Self { json, limits, document: OnceLock::new() }
    }

    /// Within which this is parsed, and what steps make of it.
    pub(crate) fn limits(&self) -> JsonLimits {
        self.limits
    }

    /// The parsed document, or why there is none.
    pub(crate) fn document(&self) -> Result<&Document<'a>, &str> {
        let parse = || {
            let parsed = Document::parse_with(self.json, self.limits);
            parsed.map_err(|fault| {
                let why = charset::why_not_json(self.json, self.json.unknown_charset);
                format!("the body is not JSON: {}", why.unwrap_or_else(|| fault.to_string()))
            })
        };
        self.document.get_or_init(parse).as_ref().map_err(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn kinds() {
        for (text, kind) in [
            ("application/json; charset=utf-8", BodyKind::Json),
            ("application/x-www-form-urlencoded", BodyKind::Form),
            ("Application/X-WWW-Form-URLencoded; charset=utf-8", BodyKind::Form),
            ("text/xml", BodyKind::Other),
            ("", BodyKind::Other),
        ] {
            assert_eq!(BodyKind::of(text), kind, "{text}");
        }
    }

    #[track_caller]
    fn form(content_type: &str, body: &[u8], expected: &str) {
        let json = json_text(content_type, body);
        assert_eq!(String::from_utf8_lossy(&json), expected, "{content_type}");
    }

    #[test]
    fn a_form_is_an_object() {
        form(FORM, b"a=1&b=x+y&a=%22&&c", r#"{"a":["1","\""],"b":"x y","c":""}"#);
        form(FORM, b"a=%C3%BC&b=\xc3\xbc", r#"{"a":"ü","b":"ü"}"#);
        form(FORM, b"", "{}");
        form(FORM, b"a=%2", r#"{"a":"%2"}"#);
    }

    #[test]
    fn a_form_in_another_character_set() {
        form(FORM, b"\xef\xbb\xbfa=1", r#"{"a":"1"}"#);
        let latin = "application/x-www-form-urlencoded; charset=ISO-8859-1";
        form(latin, b"a=%FC&b=\xfc", r#"{"a":"ü","b":"ü"}"#);
        let wide: Vec<u8> = "a=ü&b=%C3%BC".encode_utf16().flat_map(u16::to_le_bytes).collect();
        form("application/x-www-form-urlencoded; charset=utf-16le", &wide, r#"{"a":"ü","b":"ü"}"#);
    }

    #[track_caller]
    fn says(content_type: &str, body: &[u8], expected: &str) {
        let json = json_text(content_type, body);
        let view = BodyView::new(&json, JsonLimits::default());
        let detail = view.document().map(|_| ()).unwrap_err();
        assert!(detail.contains(expected), "{detail}");
    }

    #[test]
    fn a_mark_or_a_character_set_is_no_fault() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        for (content_type, body) in [
            ("application/json", b"\xef\xbb\xbf{\"a\":\"\xc3\xbc\"}".to_vec()),
            ("application/json; charset=\"ISO-8859-1\"", b"{\"a\":\"\xfc\"}".to_vec()),
            ("application/json;charset=utf-16be", wide("{\"a\":\"ü\"}")),
            ("application/json; charset=utf-16", wide("\u{feff}{\"a\":\"ü\"}")),
            ("application/json; charset=UTF-16", wide("{\"a\":\"ü\"}")),
            ("application/json", wide("\u{feff}{\"a\":\"ü\"}")),
            ("application/json; charset=nonsense", "{\"a\":\"ü\"}".as_bytes().to_vec()),
        ] {
            let json = json_text(content_type, &body);
            assert_eq!(String::from_utf8_lossy(&json), "{\"a\":\"ü\"}", "{content_type}");
        }
    }

    #[test]
    fn what_is_not_json_says_why() {
        says("application/json", b"", "empty");
        says("application/json", b"\xef\xbb\xbf", "nothing but a byte order mark (BOM)");
        says("application/json", b"  \r\n", "blank");
        says("application/json", b"{\"a\":\"\xfc\"}", "not UTF-8 at byte 6");
        says("application/json", b"{\"a\":\"\xfc\"}", "charset");
        says("application/json; charset=klingon", b"{\"a\":\"\xfc\"}", "`klingon`");
        says("application/json", &[b'{', 0, b'}', 0], "UTF-16");
        says("application/json", b"\x1f\x8b\x08\0\0", "gzip");
        says("application/json", b"{\"a\":NaN}", "byte 5");
    }
}
