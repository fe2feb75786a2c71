//! A form (`application/x-www-form-urlencoded`) as JSON. Not here: who asks for it (`event`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::de::IgnoredAny;
use serde_json::Value;

/// Whether a media type is that of a form; parameters and case do not matter.
pub(crate) fn is_form(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The JSON that a form carries. One field alone that is a JSON object or array (`payload=%7B…`, as GitHub and Slack send
/// it) is that JSON; any other form is an object of strings, with an array of them where a name is repeated.
pub(crate) fn to_json(body: &[u8]) -> Vec<u8> {
    let fields = fields(body);
    if let [(_, values)] = fields.as_slice() {
        if let [only] = values.as_slice() {
            let begins = only.trim_start().starts_with(['{', '[']);
            if begins && serde_json::from_str::<IgnoredAny>(only).is_ok() {
                return only.clone().into_bytes();
            }
        }
    }
    let mut json = String::from("{");
    for (name, values) in fields {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&Value::from(name).to_string());
        json.push(':');
        match <[String; 1]>::try_from(values) {
            Ok([only]) => json.push_str(&Value::from(only).to_string()),
            Err(many) => json.push_str(&Value::from(many).to_string()),
        }
    }
    json.push('}');
    json.into_bytes()
}

/// The fields in the order of their first values.
fn fields(body: &[u8]) -> Vec<(String, Vec<String>)> {
    let mut places = BTreeMap::new();
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = equals.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
        let name = decoded(name);
        let place = *places.entry(name.clone()).or_insert(fields.len());
        if place == fields.len() {
            fields.push((name, Vec::new()));
        }
        fields[place].1.push(decoded(value));
    }
    fields
}

/// `+` is a blank, `%` and two digits a byte; what is no UTF-8 then becomes U+FFFD.
fn decoded(text: &[u8]) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) => bytes.push(b' '),
            (other, ..) => bytes.push(*other),
        }
        at += 1;
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// The JSON of one event's form, made when it is first asked for. It is no part of the event: all are equal.
#[derive(Clone, Debug, Default)]
pub(crate) struct View(OnceLock<Vec<u8>>);

impl View {
    /// The JSON of this body, which has to be the same each time.
    pub(crate) fn of(&self, body: &[u8]) -> &[u8] {
        self.0.get_or_init(|| to_json(body))
    }
}

impl PartialEq for View {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for View {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_become_json() {
        for (form, json) in [
            ("payload=%7B%22a%22%3A1.10%7D", r#"{"a":1.10}"#),
            ("anything=%5B1%2C2%5D", "[1,2]"),
            ("payload=%7B%22a%22", r#"{"payload":"{\"a\""}"#),
            ("payload=7", r#"{"payload":"7"}"#),
            ("payload=%7B%7D&x=1", r#"{"payload":"{}","x":"1"}"#),
            ("b=1&a=x+y&b=%22&c", r#"{"b":["1","\""],"a":"x y","c":""}"#),
            ("a=%C3%BC%2&b=%FF", "{\"a\":\"ü%2\",\"b\":\"\u{fffd}\"}"),
            ("", "{}"),
        ] {
            assert_eq!(String::from_utf8_lossy(&to_json(form.as_bytes())), json, "{form}");
        }
        assert!(is_form("Application/X-WWW-Form-Urlencoded; charset=utf-8"));
        assert!(!is_form("multipart/form-data"));
    }
}
