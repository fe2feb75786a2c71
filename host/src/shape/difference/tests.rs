//! Differences by table, and what holds for any two payloads.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::event::Headers;

fn made(payload: &str) -> DeliveryBytes {
    DeliveryBytes {
        event_type: "a".to_owned(),
        content_type: "application/json".to_owned(),
        headers: Headers::default(),
        method: None,
        path: None,
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

fn one(payload: &str) -> Outcome {
    Outcome::Forwarded(vec![made(payload)])
}

fn dropped(why: &str) -> Outcome {
    Outcome::Dropped(why.to_owned())
}

fn failed(code: &str) -> Outcome {
    Outcome::Failed(code.to_owned())
}

/// `+$.a`, `-$.a`, `~$.a`, in the order of places.
fn signs(difference: &Difference) -> Vec<String> {
    let sign = |change: &PlaceChange| match change.kind {
        ChangeKind::Added => format!("+{}", change.place),
        ChangeKind::Removed => format!("-{}", change.place),
        ChangeKind::Changed => format!("~{}", change.place),
    };
    difference.changes.places.iter().map(sign).collect()
}

#[test]
fn places_of_json() {
    let check = |before: &str, after: &str, expected: &[&str]| {
        let difference = compare(&one(before), &one(after));
        assert_eq!(signs(&difference), expected, "{before} and {after}");
        assert_eq!(difference.class == Class::Same, expected.is_empty());
    };
    check("1", "2", &["~$"]);
    check("1", "[1]", &["~$"]);
    check("null", "false", &["~$"]);
    check(r#"{"a":1}"#, r#"{"a":2}"#, &["~$.a"]);
    check(r#"{"a":1}"#, r#"{"b":1}"#, &["-$.a", "+$.b"]);
    check(r#"{"a":{"b":1}}"#, r#"{"a":{"b":1,"c d":2}}"#, &["+$.a['c d']"]);
    check(r#"{"a":{"b":1}}"#, r#"{"a":[1]}"#, &["~$.a"]);
    check(r#"{"a":null}"#, "{}", &["-$.a"]);
    // Every element is the same place.
    check(r#"[{"n":1},{"n":2}]"#, r#"[{"n":3},{"n":4}]"#, &["~$[*].n"]);
    check("[1,2,3]", "[1,2,4]", &["~$[*]"]);
    // One more or less does not change those around it.
    check("[1,2,3]", "[1,9,2,3]", &["+$[*]"]);
    check("[1,2,3]", "[2,3]", &["-$[*]"]);
    check(r#"[{"n":1},{"n":2}]"#, r#"[{"n":5},{"n":2},{"n":3}]"#, &["+$[*]", "~$[*].n"]);
    check(r#"{"a":[[1,2],[3]]}"#, r#"{"a":[[1,2],[3,4]]}"#, &["+$.a[*][*]"]);
    // The last of several members of a name counts.
    check(r#"{"a":1,"a":2}"#, r#"{"a":2}"#, &[]);
}

#[test]
fn spelling_is_no_difference_but_whole_numbers_stay_whole() {
    let check = |before: &str, after: &str, respelled: bool, places: &[&str]| {
        let difference = compare(&one(before), &one(after));
        assert_eq!((difference.respelled, signs(&difference)), (respelled, strings(places)), "{before}");
    };
    fn strings(places: &[&str]) -> Vec<String> {
        places.iter().map(|place| (*place).to_owned()).collect()
    }
    check(r#"{"a":1}"#, r#"{"a":1}"#, false, &[]);
    check(r#"{"a":1,"b":2}"#, r#"{ "b":2, "a":1 }"#, true, &[]);
    check(r#"["\u0041\/"]"#, r#"["A/"]"#, true, &[]);
    check("[1.50]", "[15e-1]", true, &[]);
    check("[-0]", "[0]", true, &[]);
    check("[1]", "[1.0]", false, &["~$[*]"]);
    check("[100]", "[1e2]", false, &["~$[*]"]);
    check("[9007199254740993]", "[9007199254740992]", false, &["~$[*]"]);
    check(r#"{"a":1, "b":1}"#, r#"{"b":2,"a":1}"#, false, &["~$.b"]);
}

#[test]
fn classes() {
    use Class::*;
    let check = |before: &Outcome, after: &Outcome, class: Class, why: Option<&str>| {
        let difference = compare(before, after);
        assert_eq!((difference.class, difference.why.as_deref()), (class, why), "{before:?} {after:?}");
    };
    let (out, nothing) = (one("1"), Outcome::Forwarded(Vec::new()));
    check(&out, &out, Same, None);
    check(&out, &one("2"), Changed, None);
    check(&out, &dropped("low"), NewlyDropped, Some("low"));
    check(&out, &nothing, NewlyDropped, Some("the last step forwarded nothing"));
    check(&out, &failed("trapped"), NewlyFailing, Some("trapped"));
    check(&dropped("low"), &out, NewlyForwarded, Some("low"));
    check(&dropped("low"), &dropped("lower"), Same, None);
    check(&dropped("low"), &nothing, Same, None);
    check(&dropped("low"), &failed("refused"), NewlyFailing, Some("refused"));
    check(&failed("refused"), &out, Mended, Some("refused"));
    check(&failed("refused"), &dropped("low"), Mended, Some("refused"));
    check(&failed("refused"), &failed("refused"), Same, None);
    check(&failed("refused"), &failed("trapped"), Changed, Some("trapped"));
    assert_eq!(signs(&compare(&failed("refused"), &failed("trapped"))), ["~failure"]);
}

#[test]
fn what_else_a_delivery_has() {
    let check = |change: &dyn Fn(&mut DeliveryBytes), expected: &[&str]| {
        let mut after = made("1");
        change(&mut after);
        let mut before = made("1");
        before.headers = Headers(vec![("X-Kept".into(), "1".into()), ("x-gone".into(), "1".into())]);
        let difference = compare(&Outcome::Forwarded(vec![before]), &Outcome::Forwarded(vec![after]));
        assert_eq!(signs(&difference), expected);
    };
    let kept = |made: &mut DeliveryBytes, more: (&str, &str)| {
        made.headers = Headers(vec![("x-kept".into(), "1".into()), (more.0.into(), more.1.into())]);
    };
    check(&|made| kept(made, ("X-Gone", "1")), &[]);
    check(&|made| kept(made, ("x-gone", "2")), &["~header x-gone"]);
    check(&|made| kept(made, ("x-new", "1")), &["-header x-gone", "+header x-new"]);
    check(
        &|made| {
            kept(made, ("x-gone", "1"));
            made.event_type = String::new();
            made.content_type = "text/plain".into();
            made.method = Some("PUT".into());
            made.path = Some("/x".into());
            made.payload = Bytes::from_static(b"no json");
        },
        &["~content type", "-event type", "+method", "+path", "~payload"],
    );
}

#[test]
fn several_outputs() {
    let check = |before: &[&str], after: &[&str], expected: &[&str]| {
        let all = |payloads: &[&str]| Outcome::Forwarded(payloads.iter().map(|one| made(one)).collect());
        assert_eq!(signs(&compare(&all(before), &all(after))), expected, "{before:?} {after:?}");
    };
    check(&["1", "2"], &["1", "2"], &[]);
    check(&["1", "2", "3"], &["1", "3"], &["-outputs"]);
    check(&["1", "3"], &["1", "2", "3"], &["+outputs"]);
    check(&[r#"{"a":1}"#, r#"{"a":2}"#], &[r#"{"a":3}"#, r#"{"b":2}"#], &["-$.a", "~$.a", "+$.b"]);
}

#[test]
fn no_end_of_places_is_told() {
    let all = |value: u32| {
        let members: Vec<String> = (0..500).map(|name| format!("\"n{name}\":{value}")).collect();
        one(&format!("{{{}}}", members.join(",")))
    };
    let difference = compare(&all(1), &all(2));
    assert_eq!((difference.changes.places.len(), difference.changes.more), (64, true));
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        "[ab\"]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

/// Members in the opposite order, white space everywhere, letters escaped.
fn respelt(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[ {} ]", items.iter().map(respelt).collect::<Vec<_>>().join(" , "))
        }
        Value::Object(members) => {
            let each = members.iter().rev().map(|(name, value)| format!("\"{name}\" : {}", respelt(value)));
            format!("{{ {} }}", each.collect::<Vec<_>>().join(" , "))
        }
        Value::String(text) => {
            let escaped = text.chars().map(|char| format!("\\u{:04x}", u32::from(char)));
            format!("\"{}\"", escaped.collect::<String>())
        }
        other => other.to_string(),
    }
}

proptest! {
    #[test]
    fn a_difference_is_found_exactly_when_there_is_one(before in json(), after in json()) {
        let difference = compare(&one(&before.to_string()), &one(&after.to_string()));
        prop_assert_eq!(difference.class == Class::Same, before == after);
        let back = compare(&one(&after.to_string()), &one(&before.to_string()));
        prop_assert_eq!(difference.changes.places.len(), back.changes.places.len());
    }

    #[test]
    fn spelling_is_never_a_difference(value in json()) {
        let difference = compare(&one(&value.to_string()), &one(&respelt(&value)));
        prop_assert_eq!(difference.class, Class::Same);
    }

    #[test]
    fn nothing_panics(before: Vec<u8>, after: Vec<u8>) {
        let of = |payload: Vec<u8>| Outcome::Forwarded(vec![DeliveryBytes { payload: payload.into(), ..made("") }]);
        compare(&of(before), &of(after));
    }
}
