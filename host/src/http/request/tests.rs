//! Bodies read by their types: every fault at once, and bytes that stay as they were.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::control::FieldFault;
use crate::http::problem::Problem;
use crate::http::request::Name;
use crate::http::request::Patch;
use crate::http::request::Shapes;
use crate::http::request::Wait;

/// An object inside.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Inner {
    /// Who.
    #[schema(required = true, nullable = false)]
    user: Option<String>,
    /// How long.
    #[schema(nullable = false)]
    wait: Option<Wait>,
}

/// A choice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Choice {
    On,
    Off,
}

/// A body.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Thing {
    /// The name.
    #[schema(required = true, nullable = false, max_length = 5)]
    name: Option<String>,
    /// How many.
    #[schema(minimum = 1, maximum = 9, nullable = false)]
    count: Option<u32>,
    /// An object.
    inner: Option<Inner>,
    /// Texts.
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    tags: Option<Vec<Option<String>>>,
    /// Texts by name.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>, nullable = false)]
    headers: Option<IndexMap<String, String>>,
    /// On or off.
    #[schema(nullable = false)]
    state: Option<Choice>,
    /// A text, or nothing.
    note: Option<String>,
    /// Anything.
    #[schema(schema_with = raw)]
    raw: Option<Box<RawValue>>,
}

/// Something with a name.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct Named {
    /// Its name.
    #[schema(required = true, nullable = false)]
    #[expect(dead_code, reason = "only its faults are looked at")]
    name: Option<Name>,
}

fn raw() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    crate::http::schema::anything_but_null("Anything.")
}

fn read(body: &str) -> Result<(Thing, Vec<FieldFault>), Problem> {
    Shapes::default().read(body).map(|(read, faults)| (read, faults.into_inner()))
}

/// Reads everything and compares the pointers of the faults.
fn check(body: &str, expected: &[&str]) {
    let (_, faults) = read(body).unwrap();
    let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    let (mut seen, mut wanted) = (pointers, expected.to_vec());
    seen.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(seen, wanted, "{body}: {faults:?}");
}

#[test]
fn all_faults_at_once() {
    check(
        r#"{"name":"x","count":3,"inner":{"user":"a","wait":"5m"},"tags":["a"],"headers":{"x":"y"},"state":"on"}"#,
        &[],
    );
    check(r#"{"name":"x","inner":null,"raw":null}"#, &["/raw"]);
    check(r#"{}"#, &["/name"]);
    check(r#"{"nme":1,"name":2}"#, &["/nme", "/name"]);
    check(r#"{"name":"x","name":"y","count":-1}"#, &["/name", "/count"]);
    check(r#"{"name":null,"count":1.5}"#, &["/name", "/count"]);
    check(r#"{"name":"x","inner":{"wait":"soon","a/b":1}}"#, &["/inner/a~1b", "/inner/user", "/inner/wait"]);
    check(
        r#"{"name":"x","inner":[],"tags":[1,"a",{}],"state":"open"}"#,
        &["/inner", "/tags/0", "/tags/2", "/state"],
    );
    check(r#"{"name":"x","headers":{"a":"2","b":3}}"#, &["/headers/b"]);
}

#[test]
fn what_was_wanted_what_was_seen_and_what_was_meant() {
    for (body, expected) in [
        (r#"{"nmae":1,"name":"x"}"#, "there is no such field; did you mean `name`?"),
        (r#"{}"#, "this field is needed: The name."),
        (r#"{"name":7}"#, "expected a text, not 7"),
        (r#"{"name":"x","note":7}"#, "expected a text, not 7"),
        (r#"{"name":null}"#, "null is not possible here; leave the field out"),
        (r#"{"name":"too long"}"#, "expected at most 5 characters, not \"too long\""),
        (r#"{"name":"x","count":10}"#, "expected a number from 1 to 9, not 10"),
        (r#"{"name":"x","count":1e400}"#, "expected a whole number, not 1e400"),
        (r#"{"name":"x","state":"open"}"#, "expected any of on, off, not \"open\""),
        (
            r#"{"name":"x","inner":{"user":"u","wait":"soon"}}"#,
            "expected a duration such as \"90s\", \"5m\" or \"24h\", or milliseconds, not \"soon\"",
        ),
    ] {
        let (_, faults) = read(body).unwrap();
        assert_eq!(faults[0].detail, expected, "{body}: {faults:?}");
    }
}

#[test]
fn what_is_right_is_read_beside_what_is_wrong() {
    let (thing, faults) =
        read(r#"{"name":"x","count":0,"tags":["a",1,"b"],"inner":{"user":"u","waitt":1}}"#).unwrap();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!((thing.name.as_deref(), thing.count), (Some("x"), None));
    assert_eq!(thing.tags.unwrap(), [Some("a".to_owned()), None, Some("b".to_owned())]);
    assert!(thing.headers.is_none() && thing.state.is_none() && thing.note.is_none());
    let inner = thing.inner.unwrap();
    assert_eq!((inner.user.as_deref(), inner.wait), (Some("u"), None));
}

#[test]
fn whole_numbers_may_be_written_with_a_fraction_and_have_an_end() {
    let (thing, faults) = read(r#"{"name":"x","count":3.0}"#).unwrap();
    assert!(faults.is_empty() && thing.count == Some(3), "{faults:?}");
    check(r#"{"name":"x","count":3.5}"#, &["/count"]);
    check(r#"{"name":"x","inner":{"user":"u","wait":99999999999999999999}}"#, &["/inner/wait"]);
}

#[test]
fn a_value_that_is_wrong_in_two_ways_is_told_once() {
    let (_, faults) = Shapes::default().read::<Named>(r#"{"name": ""}"#).unwrap();
    let pointers: Vec<&str> = faults.as_slice().iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/name"]);
}

#[test]
fn a_change_needs_nothing() {
    let (_, faults) = Shapes::default().read::<Patch<Thing>>("{}").unwrap();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn raw_text_stays_as_it_was() {
    let body = r#"{"name":"x","raw": { "b":1.000, "a":[1e400 ,"\u0041"],"b":2 } }"#;
    let (thing, faults) = read(body).unwrap();
    assert_eq!(thing.raw.unwrap().get(), r#"{ "b":1.000, "a":[1e400 ,"\u0041"],"b":2 }"#);
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn what_is_no_object_is_one_problem() {
    for body in ["", "[]", "nul", "{\"a\":}", "{} {}", "\"x\"", "{\"a\":\"\\x\"}", "{\"name\":\"\t\"}"] {
        assert!(read(body).is_err(), "{body}");
    }
}

proptest::proptest! {
    #[test]
    fn no_input_panics(text in r#"[\[\]{}",:a0-9 \\nultre.-]{0,40}"#) {
        let _read = read(&text);
    }
}
