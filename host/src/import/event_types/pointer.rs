//! JSON Pointers and references as texts, and how values are shown to people. Not here: following references
//! (`reference`).

use serde_json::Value;

/// What a value refers to, if it does.
pub(super) fn reference(value: &Value, alone: bool) -> Option<&str> {
    let fields = value.as_object()?;
    if alone && fields.len() > 1 {
        return None;
    }
    fields.get("$ref")?.as_str()
}

/// The steps of a reference within the document, or why it is not one.
pub(super) fn tokens(reference: &str) -> Result<Vec<String>, String> {
    let Some(pointer) = reference.strip_prefix('#') else {
        return Err(format!(
            "{} is outside of the document, and only references within it (`#/…`) are followed: bundle the \
             document into one file first",
            shown(reference)
        ));
    };
    let unescaped = percent_decoded(pointer)
        .ok_or_else(|| format!("{} has a `%` that stands for no UTF-8: correct it", shown(reference)))?;
    match unescaped.strip_prefix('/') {
        Some(steps) => Ok(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()),
        None if unescaped.is_empty() => Ok(Vec::new()),
        None => Err(format!(
            "{} names an anchor, and only JSON Pointers (`#/…`) are followed: refer to its place",
            shown(reference)
        )),
    }
}

/// One step into a value.
pub(super) fn child<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(token),
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

/// A pointer with one more step.
pub(super) fn joined(pointer: &str, token: &str) -> String {
    let mut joined = pointer.to_owned();
    push(&mut joined, token);
    joined
}

/// Makes a pointer one step longer.
pub(super) fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    if token.contains(['~', '/']) {
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(token);
    }
}

/// The beginning of a text, in quotes.
pub(super) fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(100).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("`{start}`")
}

/// A value as it was seen: the beginning of it, or what it is.
pub(super) fn seen(value: &Value) -> String {
    match value {
        Value::String(text) => shown(text),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(fields) => format!("an object of {}", fields.len()),
        other => shown(&other.to_string()),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}
