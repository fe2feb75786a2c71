//! Bodies of events, deliveries and answers in JSON: JSON as it is, text as a text, everything else
//! as base 64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

/// A body: JSON as it came, byte for byte; else a text; else nothing, and the base 64 of it.
pub(super) struct Shown {
    /// JSON, or the text as JSON.
    pub payload: Option<Box<RawValue>>,
    /// Bytes that are no text.
    pub base64: Option<String>,
}

/// Shows a body.
pub(super) fn show(body: &[u8]) -> Shown {
    let Ok(text) = std::str::from_utf8(body) else {
        return Shown { payload: None, base64: Some(STANDARD.encode(body)) };
    };
    Shown { payload: Some(json_or_text(text)), base64: None }
}

/// JSON as it is, everything else as a JSON text.
fn json_or_text(text: &str) -> Box<RawValue> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(json) => json.to_owned(),
        Err(_) => serde_json::value::to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        fn check(body: &[u8], payload: Option<&str>, base64: Option<&str>) {
            let shown = show(body);
            assert_eq!(shown.payload.as_ref().map(|raw| raw.get()), payload);
            assert_eq!(shown.base64.as_deref(), base64);
        }
        check(b"{\"a\": 1.0}", Some("{\"a\": 1.0}"), None);
        check(b"a=b", Some("\"a=b\""), None);
        check(b"", Some("\"\""), None);
        check(b"\xff\x00", None, Some("/wA="));
    }
}
