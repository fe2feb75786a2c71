//! Functions of strings. Scalars that are no strings count as their text.
//! Not here: encodings (`codec`).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::general_purpose::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::shape::apply::codec::mask;
use crate::shape::apply::codec::sha256_hex;
use crate::shape::apply::codec::url_encode;
use crate::shape::apply::codec::uuid5;
use crate::shape::apply::fault::ApplyFault;
use crate::shape::apply::fault::needs;
use crate::shape::apply::step::TextStep;
use crate::shape::budget::Budget;
use crate::shape::value::Value;

pub(super) fn run<'v>(
    step: &TextStep,
    value: Value<'v>,
    budget: &mut Budget,
) -> Result<Value<'v>, ApplyFault> {
    let text = value.into_plain_text().map_err(|value| needs(name(step), "a string", &value))?;
    budget.visit(text.len() as u64 / 8)?;
    let made = match step {
        TextStep::Trim => return Ok(Value::Text(trim(text))),
        TextStep::Lowercase => return Ok(Value::Text(lowercase(text))),
        TextStep::Uppercase => text.to_uppercase(),
        TextStep::Title => title(&text),
        TextStep::Split(separator) => return split(&text, separator, budget),
        TextStep::Replace { from, to } => {
            let found = text.matches(&**from).count();
            budget.produce(found.saturating_mul(to.len()).saturating_add(text.len()))?;
            text.replace(&**from, to)
        }
        TextStep::ReplaceMatches { pattern, to } => {
            // Twice: to know the size before it is made.
            let pattern = pattern.paid(&text, budget).and_then(|_| pattern.paid(&text, budget))?;
            let found = pattern.find_iter(&text).count();
            budget.produce(found.saturating_mul(to.len()).saturating_add(text.len()))?;
            pattern.replace_all(&text, regex::NoExpand(to)).into_owned()
        }
        TextStep::Substring(from, to) => substring(&text, *from, *to),
        TextStep::Base64 => STANDARD.encode(text.as_bytes()),
        TextStep::Unbase64 => decode(&text)?,
        TextStep::Sha256 => sha256_hex(text.as_bytes()),
        TextStep::Mask(keep) => mask(&text, *keep),
        TextStep::Uuid5(namespace) => uuid5(namespace, text.as_bytes()),
        TextStep::UrlEncode { slashes } => {
            budget.produce(text.len().saturating_mul(3))?;
            url_encode(&text, *slashes)
        }
    };
    Ok(Value::owned_text(made))
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn lowercase(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(text.to_lowercase());
    }
    if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return text;
    }
    let mut text = text.into_owned();
    text.make_ascii_lowercase();
    Cow::Owned(text)
}

fn name(step: &TextStep) -> &'static str {
    match step {
        TextStep::Trim => "trim",
        TextStep::Lowercase => "lowercase",
        TextStep::Uppercase => "uppercase",
        TextStep::Title => "title",
        TextStep::Split(_) => "split",
        TextStep::Replace { .. } | TextStep::ReplaceMatches { .. } => "replace",
        TextStep::Substring(..) => "substring",
        TextStep::Base64 => "base64",
        TextStep::Unbase64 => "unbase64",
        TextStep::Sha256 => "sha256",
        TextStep::Mask(_) => "mask",
        TextStep::Uuid5(_) => "uuid5",
        TextStep::UrlEncode { .. } => "url_encode",
    }
}

/// The first letter of each word large, the others small.
fn title(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut inside = false;
    for char in text.chars() {
        if inside {
            made.extend(char.to_lowercase());
        } else {
            made.extend(char.to_uppercase());
        }
        inside = char.is_alphanumeric() || (inside && char == '\'');
    }
    made
}

fn split<'v>(text: &str, separator: &str, budget: &mut Budget) -> Result<Value<'v>, ApplyFault> {
    let mut parts = Vec::new();
    for part in text.split(separator) {
        budget.visit(1)?;
        parts.push(Value::owned_text(part.to_owned()));
    }
    Ok(Value::List(parts))
}

fn substring(text: &str, from: i64, to: Option<i64>) -> String {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let place = |index: i64| {
        let from_front = if index < 0 { length.saturating_add(index) } else { index };
        usize::try_from(from_front.clamp(0, length)).unwrap_or(0)
    };
    let (start, end) = (place(from), place(to.unwrap_or(length)));
    text.chars().take(end).skip(start).collect()
}

/// Any of the usual alphabets, padded or not, in one line or several (RFC 2045, 6.8); the bytes must be UTF-8.
fn decode(text: &str) -> Result<String, String> {
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    let joined: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = engines.iter().find_map(|engine| engine.decode(&joined).ok());
    let bytes = bytes.ok_or("unbase64: the text is not base64")?;
    String::from_utf8(bytes).map_err(|_| "unbase64: the decoded bytes are not UTF-8 text".to_owned())
}
