//! Places of a result that a new one no longer has. A changed value can be meant; a member that is gone is what breaks
//! whoever reads the payload, so it is told by itself. Not here: comparing values (`expect`).

use std::collections::BTreeSet;

use serde_json::Value;

/// Every place below the root of these payloads; elements of a list share one, `*`.
pub(crate) fn places<'v>(payloads: impl Iterator<Item = &'v Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for payload in payloads {
        walk(payload, &mut String::new(), &mut found);
    }
    found
}

/// The outermost places of `before` that are not in `after`.
pub(crate) fn lost(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<String> {
    let gone: Vec<&String> = before.difference(after).collect();
    let is_inner =
        |place: &str| place.rsplit_once('/').is_some_and(|(outer, _)| gone.iter().any(|one| *one == outer));
    gone.iter().filter(|place| !is_inner(place)).map(|place| (*place).clone()).collect()
}

fn walk(value: &Value, place: &mut String, found: &mut BTreeSet<String>) {
    let length = place.len();
    let mut below = |step: &str, value: &Value| {
        place.push('/');
        place.push_str(&step.replace('~', "~0").replace('/', "~1"));
        found.insert(place.clone());
        walk(value, place, found);
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
    fn only_what_is_gone_and_only_its_outermost_place() {
        let check = |before: Value, after: Value, expected: &[&str]| {
            let of = |value: &Value| places(std::iter::once(value));
            assert_eq!(lost(&of(&before), &of(&after)), expected, "{before} {after}");
        };
        check(json!({"a": 1}), json!({"a": null, "b": 2}), &[]);
        check(json!({"a": {"b": {"c": 1}}, "d/e": 1}), json!({"a": {}}), &["/a/b", "/d~1e"]);
        check(json!([{"a": 1}, {"b": 1}]), json!([{"b": 1}, {"a": 1}, {"a": 2}]), &[]);
        check(json!([{"a": 1}]), json!([]), &["/*"]);
        check(json!({"a": 1}), json!("text"), &["/a"]);
    }
}
