//! Payloads that are nearly what a plugin expects: one value of a sample missing, null, of another type, empty, in
//! letters from elsewhere, or very large. Not here: running a plugin on them (`properties`).

use serde_json::Value;

/// Values of one sample that are changed, the first ones.
const PLACES: usize = 64;
/// Bytes of a large text.
const LARGE: usize = 64 << 10;

/// One changed payload.
#[derive(Debug, PartialEq)]
pub(crate) struct Mutation {
    /// What was changed, such as `/account/name is null`.
    pub what: String,
    /// The whole payload.
    pub payload: Value,
}

/// Every mutation of a sample, in a fixed order.
pub(crate) fn all(sample: &Value) -> Vec<Mutation> {
    let mut places = Vec::new();
    list(sample, &mut String::new(), &mut places);
    places.truncate(PLACES);
    places.iter().flat_map(|place| at(sample, place)).collect()
}

fn list(value: &Value, path: &mut String, places: &mut Vec<String>) {
    places.push(path.clone());
    let length = path.len();
    let mut below = |step: &str, value: &Value| {
        path.push('/');
        path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        list(value, path, places);
        path.truncate(length);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name, value)),
        // The others are like the first.
        Value::Array(items) => items.iter().take(1).for_each(|value| below("0", value)),
        _ => {}
    }
}

fn at(sample: &Value, place: &str) -> Vec<Mutation> {
    let shown = if place.is_empty() { "the payload" } else { place };
    let Some(value) = sample.pointer(place) else { return Vec::new() };
    let mut made: Vec<Mutation> = replacements(value)
        .into_iter()
        .filter_map(|(what, value)| {
            let mut payload = sample.clone();
            *payload.pointer_mut(place)? = value;
            Some(Mutation { what: format!("{shown} {what}"), payload })
        })
        .collect();
    made.extend(
        without(sample, place).map(|payload| Mutation { what: format!("{shown} is missing"), payload }),
    );
    made
}

fn replacements(value: &Value) -> Vec<(&'static str, Value)> {
    let mut made = vec![("is null", Value::Null)];
    made.push(match value {
        Value::String(_) => ("is a number instead of a text", 42.into()),
        _ => ("is a text instead", "text".into()),
    });
    made.push(match value {
        Value::Object(_) => ("is a list instead of an object", Value::Array(Vec::new())),
        _ => ("is an object instead", Value::Object(serde_json::Map::new())),
    });
    match value {
        Value::String(_) => made.extend([
            ("is empty", "".into()),
            ("is in letters from elsewhere", "日本 \u{202e}é👩\u{200d}👧\u{0}".into()),
            ("is very long", "x".repeat(LARGE).into()),
        ]),
        Value::Number(_) => made.extend([
            ("is negative", (-1).into()),
            ("is very large", serde_json::json!(1e300)),
            ("is beyond 53 bits", 9_007_199_254_740_993_u64.into()),
        ]),
        Value::Array(_) => made.push(("is an empty list", Value::Array(Vec::new()))),
        Value::Object(_) => made.push(("is an empty object", Value::Object(serde_json::Map::new()))),
        Value::Null | Value::Bool(_) => {}
    }
    made
}

fn without(sample: &Value, place: &str) -> Option<Value> {
    let (parent, last) = place.rsplit_once('/')?;
    let mut payload = sample.clone();
    let parent = payload.pointer_mut(parent)?;
    let name = last.replace("~1", "/").replace("~0", "~");
    match parent {
        Value::Object(fields) => fields.remove(&name).map(drop)?,
        Value::Array(items) => drop(items.remove(name.parse().ok()?)),
        _ => return None,
    }
    Some(payload)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_value_is_changed_at_a_time() {
        let sample = json!({"a/b": [1, 2], "c": "d"});
        let made = all(&sample);
        let of = |what: &str| made.iter().find(|mutation| mutation.what == what).map(|found| &found.payload);
        assert_eq!(of("/c is missing"), Some(&json!({"a/b": [1, 2]})));
        assert_eq!(of("/c is null"), Some(&json!({"a/b": [1, 2], "c": null})));
        assert_eq!(of("/c is empty"), Some(&json!({"a/b": [1, 2], "c": ""})));
        assert_eq!(of("/a~1b/0 is missing"), Some(&json!({"a/b": [2], "c": "d"})));
        assert_eq!(of("/a~1b/0 is negative"), Some(&json!({"a/b": [-1, 2], "c": "d"})));
        assert_eq!(of("/a~1b is an empty list"), Some(&json!({"a/b": [], "c": "d"})));
        assert_eq!(of("the payload is an empty object"), Some(&json!({})));
        assert_eq!(of("the payload is missing"), None);
        assert!(made.iter().all(|mutation| mutation.payload != sample));
        assert_eq!(made, all(&sample));
        let wide: Value =
            (0..1000).map(|at| (format!("f{at}"), json!(at))).collect::<serde_json::Map<_, _>>().into();
        assert!(all(&wide).len() < 8 * PLACES);
    }
}
