//! How two JSON documents differ: where first, for people, and which places of one the other has no longer. The order of
//! members and the spelling of numbers do not count. A changed value can be meant; a member that is gone is what breaks
//! whoever reads the payload, so it is told by itself. Not here: what is compared with what (`expect`).

use std::collections::BTreeSet;

use serde_json::Number;
use serde_json::Value;

const SHOWN_BYTES: usize = 200;

/// Where `seen` first differs from `expected`, for people.
pub(crate) fn difference(expected: &Value, seen: &Value) -> Option<String> {
    differ(expected, seen, &mut String::new())
}

/// A text for people, cut when it is long.
pub(crate) fn short(text: &str) -> String {
    match text.len() {
        0..=SHOWN_BYTES => format!("`{text}`"),
        long => format!("`{}…` ({long} bytes)", &text[..text.floor_char_boundary(SHOWN_BYTES)]),
    }
}

fn differ(expected: &Value, seen: &Value, path: &mut String) -> Option<String> {
    let here = |path: &str| if path.is_empty() { "/".to_owned() } else { path.to_owned() };
    match (expected, seen) {
        (Value::Object(expected), Value::Object(seen)) => {
            let more = seen.keys().find(|name| !expected.contains_key(*name));
            if let Some(name) = more {
                return Some(format!(
                    "has {}/{} = {}, which is not expected",
                    path,
                    token(name),
                    shown(&seen[name])
                ));
            }
            expected.iter().find_map(|(name, value)| {
                let inner = |path: &mut String| match seen.get(name) {
                    Some(seen) => differ(value, seen, path),
                    None => Some(format!("lacks {path} = {}", shown(value))),
                };
                below(path, &token(name), inner)
            })
        }
        (Value::Array(expected), Value::Array(seen)) if expected.len() == seen.len() => {
            let pairs = expected.iter().zip(seen).enumerate();
            let mut first = |(at, (expected, seen)): (usize, (&Value, &Value))| {
                below(path, &at.to_string(), |path| differ(expected, seen, path))
            };
            pairs.into_iter().find_map(&mut first)
        }
        (Value::Array(expected), Value::Array(seen)) => {
            Some(format!("has {} entries instead of {} at {}", seen.len(), expected.len(), here(path)))
        }
        (Value::Number(one), Value::Number(other)) if same_number(one, other) => None,
        (expected, seen) if expected == seen => None,
        (expected, seen) => {
            Some(format!("has {} instead of {} at {}", shown(seen), shown(expected), here(path)))
        }
    }
}

/// Runs `inner` with the path one step deeper, then restores it.
fn below<T>(path: &mut String, step: &str, inner: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push('/');
    path.push_str(step);
    let answer = inner(path);
    path.truncate(length);
    answer
}

fn same_number(one: &Number, other: &Number) -> bool {
    one == other || (one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64()
}

/// A step of a JSON pointer, RFC 6901.
fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn shown(value: &Value) -> String {
    short(&value.to_string())
}

/// Every place below the root of these payloads; elements of a list share one, `*`.
pub(crate) fn places<'v>(payloads: impl Iterator<Item = &'v Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for payload in payloads {
        note_places(payload, &mut String::new(), &mut found);
    }
    found
}

/// The outermost places of `before` that are not in `after`.
pub(crate) fn missing(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<String> {
    let gone: Vec<&String> = before.difference(after).collect();
    let is_inner =
        |place: &str| place.rsplit_once('/').is_some_and(|(outer, _)| gone.iter().any(|one| *one == outer));
    gone.iter().filter(|place| !is_inner(place)).map(|place| (*place).clone()).collect()
}

fn note_places(value: &Value, place: &mut String, found: &mut BTreeSet<String>) {
    let length = place.len();
    let mut below = |step: &str, value: &Value| {
        place.push('/');
        place.push_str(&step.replace('~', "~0").replace('/', "~1"));
        found.insert(place.clone());
        note_places(value, place, found);
        place.truncate(length);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name, value)),
        Value::Array(items) => items.iter().for_each(|value| below("*", value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_the_first_difference() {
        let check = |expected: &str, seen: &str, difference: Option<&str>| {
            let parse = |text| serde_json::from_str::<Value>(text).unwrap();
            let found = super::difference(&parse(expected), &parse(seen));
            assert_eq!(found.as_deref(), difference, "{expected} and {seen}");
        };
        check(r#"{"a":1,"b":[1,{"c":null}]}"#, r#"{"b":[1.0,{"c":null}],"a":1e0}"#, None);
        check("1", "2", Some("has `2` instead of `1` at /"));
        check("1", "\"1\"", Some("has `\"1\"` instead of `1` at /"));
        check(
            "9007199254740993",
            "9007199254740992",
            Some("has `9007199254740992` instead of `9007199254740993` at /"),
        );
        check("[1,2]", "[1]", Some("has 1 entries instead of 2 at /"));
        check(r#"{"a":[0,{"b":1}]}"#, r#"{"a":[0,{"b":true}]}"#, Some("has `true` instead of `1` at /a/1/b"));
        check(r#"{"a/b":1}"#, "{}", Some("lacks /a~1b = `1`"));
        check(r#"{"a":{}}"#, r#"{"a":{"c":1}}"#, Some("has /a/c = `1`, which is not expected"));
    }

    #[test]
    fn only_what_is_gone_and_only_its_outermost_place() {
        let check = |before: Value, after: Value, expected: &[&str]| {
            let of = |value: &Value| places(std::iter::once(value));
            assert_eq!(missing(&of(&before), &of(&after)), expected, "{before} {after}");
        };
        check(json!({"a": 1}), json!({"a": null, "b": 2}), &[]);
        check(json!({"a": {"b": {"c": 1}}, "d/e": 1}), json!({"a": {}}), &["/a/b", "/d~1e"]);
        check(json!([{"a": 1}, {"b": 1}]), json!([{"b": 1}, {"a": 1}, {"a": 2}]), &[]);
        check(json!([{"a": 1}]), json!([]), &["/*"]);
        check(json!({"a": 1}), json!("text"), &["/a"]);
    }
}
