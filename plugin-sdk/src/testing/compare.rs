//! Compares what was expected with what was seen, by the rules of `wit/README.md`.

use serde_json::Value;

/// A reason or message is compared whole; `"*"` accepts any.
pub(super) fn is_expected(seen: &str, expected: &str) -> bool {
    expected == "*" || expected == seen
}

/// The first difference, with its place as a JSON pointer. The order of members and the spelling of
/// numbers do not count.
pub(super) fn difference(expected: &Value, seen: &Value) -> Option<String> {
    at(&mut String::new(), expected, seen)
}

fn at(place: &mut String, expected: &Value, seen: &Value) -> Option<String> {
    match (expected, seen) {
        (Value::Object(expected), Value::Object(seen)) => {
            let missing = expected.keys().find(|name| !seen.contains_key(*name));
            if let Some(name) = missing {
                return Some(format!("{place}/{name}: expected {}, seen nothing", expected[name]));
            }
            let surplus = seen.keys().find(|name| !expected.contains_key(*name));
            if let Some(name) = surplus {
                return Some(format!("{place}/{name}: expected nothing, seen {}", seen[name]));
            }
            expected.iter().find_map(|(name, value)| within(place, name, value, &seen[name]))
        }
        (Value::Array(expected), Value::Array(seen)) if expected.len() == seen.len() => expected
            .iter()
            .zip(seen)
            .enumerate()
            .find_map(|(index, (value, seen))| within(place, &index.to_string(), value, seen)),
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ if expected == seen => None,
        _ => Some(format!("{place}: expected {expected}, seen {seen}")),
    }
}

fn within(place: &mut String, name: &str, expected: &Value, seen: &Value) -> Option<String> {
    let length = place.len();
    place.push('/');
    place.push_str(name);
    let found = at(place, expected, seen);
    place.truncate(length);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named_with_its_place() {
        let check = |expected: Value, seen: Value, found: Option<&str>| {
            assert_eq!(difference(&expected, &seen).as_deref(), found);
        };
        check(json!({"a": 1, "b": [1, 2]}), json!({"b": [1.0, 2], "a": 1}), None);
        check(json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), Some("/a/b: expected 1, seen 2"));
        check(json!([{"x": "y"}]), json!([{}]), Some("/0/x: expected \"y\", seen nothing"));
        check(json!({}), json!({"x": null}), Some("/x: expected nothing, seen null"));
        check(json!([1]), json!([1, 2]), Some(": expected [1], seen [1,2]"));
        check(json!("1"), json!(1), Some(": expected \"1\", seen 1"));
    }

    #[test]
    fn a_star_accepts_any_message() {
        assert!(is_expected("x", "*") && is_expected("x", "x") && !is_expected("x", "y"));
    }
}
