//! Reading JSON that a stranger wrote: bounds, pointers, members that may be missing. Not here: what it means.

use serde_json::Map;
use serde_json::Value;

/// Levels of lists and objects that are looked into.
const DEPTH_MAX: usize = 64;
/// Things of one list that are read: more could not be applied at once either.
pub(in crate::import) const ITEMS_MAX: usize = 1000;
/// Characters of a stranger's text that a message shows.
const SHOWN_CHARS: usize = 80;

/// Refuses what is nested so deep that looking into it would need more stack than there may be.
pub(in crate::import) fn check_depth(value: &Value) -> Result<(), String> {
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > DEPTH_MAX {
            return Err(format!(
                "the file has lists and objects nested more than {DEPTH_MAX} deep, which no export has: give the export as it was written"
            ));
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|member| (member, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

/// The items of a list at `at`; none where there is no list.
pub(in crate::import) fn items<'v>(value: &'v Value, at: &str) -> Result<&'v [Value], String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.len() > ITEMS_MAX {
        return Err(format!(
            "{} has {} items, and at most {ITEMS_MAX} are taken at once: split the file",
            if at.is_empty() { "the file" } else { at },
            items.len()
        ));
    }
    Ok(items)
}

/// The members of an object; none where it is none.
pub(in crate::import) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// A text that says something.
pub(in crate::import) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A whole number, also one that is written as text.
pub(in crate::import) fn number(value: &Value, name: &str) -> Option<u64> {
    let found = value.get(name)?;
    found.as_u64().or_else(|| found.as_str()?.trim().parse().ok()).or_else(|| {
        // Terraform and Go write whole numbers as floats now and then.
        found.as_f64().filter(|float| float.fract() == 0.0 && (0.0..1e15).contains(float)).map(|f| f as u64)
    })
}

/// Texts of a list; what is no text is left out.
pub(in crate::import) fn texts(value: &Value, name: &str) -> Vec<String> {
    let items = value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether it is set: not null, false, empty.
pub(in crate::import) fn is_set(value: &Value, name: &str) -> bool {
    match value.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(_) => true,
    }
}

/// The pointer of a member.
pub(in crate::import) fn below(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The beginning of a stranger's text, on one line.
pub(in crate::import) fn shown(text: &str) -> String {
    let line = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let cut: String = line.take(SHOWN_CHARS).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() { format!("{cut}…") } else { cut }
}

/// What a file begins with, for a message that it is none of those that are known.
pub(in crate::import) fn seen(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Value::Object(members) => {
            let names: Vec<String> = members.keys().take(8).map(|name| shown(name)).collect();
            format!("an object with {}", names.join(", "))
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::String(_) => "a text".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Null => "null".to_owned(),
    }
}
