//! The JSON Schema Test Suite (testdata/json-schema), every case that needs nothing from the network, and what
//! strangers may do with a schema.

use crate::shape::budget::Budget;
use crate::shape::schema::MAX_SCHEMA_BYTES;
use crate::shape::schema::Schema;
use crate::shape::schema::Undecided;
use crate::shape::tape::Document;
use crate::shape::tape::Node;

const TWENTY: &[u8] = include_bytes!("../testdata/json-schema/draft2020-12.json");
const SEVEN: &[u8] = include_bytes!("../testdata/json-schema/draft7.json");
/// Why a schema of the suite may be refused: it has several names, needs the network, or another draft.
const REFUSED_FOR: [&str; 3] = ["leads out of this schema", "no name of its own", "no draft that is checked"];

fn text(case: Node<'_>, name: &str) -> String {
    case.get(name).and_then(Node::as_str).unwrap_or_default().into_owned()
}

/// A schema of the suite that names its draft.
fn of_draft(schema: Node<'_>, draft: &str) -> String {
    match schema.raw().strip_prefix('{') {
        Some(rest) if schema.get("$schema").is_none() => {
            let comma = if schema.is_empty() { "" } else { "," };
            format!("{{\"$schema\":\"{draft}\"{comma}{rest}")
        }
        _ => schema.raw().to_owned(),
    }
}

/// How many cases agree; the others fail.
fn agreeing(suite: &[u8], draft: &str) -> usize {
    let document = Document::parse(suite).unwrap();
    let mut agreed = 0;
    for group in document.root().elements() {
        let name = format!("{}: {}", text(group, "file"), text(group, "description"));
        let schema = match Schema::compile(&of_draft(group.get("schema").unwrap(), draft)) {
            Ok(schema) => schema,
            Err(faults) => {
                let is_told = |fault: &str| REFUSED_FOR.iter().any(|words| fault.contains(words));
                assert!(faults.iter().any(|fault| is_told(&fault.detail)), "{name}: {faults:?}");
                continue;
            }
        };
        for test in group.get("tests").unwrap().elements() {
            let found = schema.misfits(test.get("data").unwrap(), &mut Budget::default()).unwrap();
            let expected = test.get("valid").and_then(Node::as_bool).unwrap();
            assert_eq!(found.is_empty(), expected, "{name}: {}: {found:?}", text(test, "description"));
            agreed += 1;
        }
    }
    agreed
}

#[test]
fn the_suite() {
    assert_eq!(agreeing(TWENTY, "https://json-schema.org/draft/2020-12/schema"), 1137);
    assert_eq!(agreeing(SEVEN, "http://json-schema.org/draft-07/schema#"), 857);
}

fn check(schema: &str, payload: &str) -> Result<Vec<String>, Undecided> {
    let schema = Schema::compile(schema).unwrap();
    let document = Document::parse(payload.as_bytes()).unwrap();
    let misfits = schema.misfits(document.root(), &mut Budget::new(200_000, 0))?;
    Ok(misfits.into_iter().map(|misfit| format!("{}: {}", misfit.pointer, misfit.detail)).collect())
}

#[test]
fn misfits_say_where_and_what() {
    let schema = r#"{"type": "object", "required": ["id", "name"], "additionalProperties": false, "properties": {
        "id": {"type": "integer", "minimum": 1}, "name": {"type": "string", "maxLength": 3},
        "to": {"type": "array", "items": {"enum": ["a", "b"]}}, "a/b": {"anyOf": [{"type": "null"}, {"const": 1}]}}}"#;
    for (payload, expected) in [
        (r#"{"id": 1.0, "name": "été", "to": ["a"], "a/b": null}"#, vec![]),
        (
            r#"{"id": 0.5}"#,
            vec![
                "/id: expected integer; saw a number with a fraction",
                "/id: expected at least 1",
                ": `name` is missing",
            ],
        ),
        (
            r#"{"id": 1, "name": "long", "to": ["a", "c"], "a/b": 2, "more": 1}"#,
            vec![
                "/name: expected at most 3 characters; saw 4",
                r#"/to/1: expected "a" or "b""#,
                "/a~1b: it fits none of the 2 alternatives (`anyOf`)",
                "/more: there is no such field in the schema",
            ],
        ),
        ("[]", vec![": expected object; saw array"]),
    ] {
        let mut found = check(schema, payload).unwrap();
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{payload}");
    }
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    for (schema, pointer, words) in [
        ("[]", "", "which is an object"),
        ("{", "", "not valid JSON"),
        (r#"{"properties": {"a": {"type": "strng"}}}"#, "/properties/a/type", "one of null, boolean"),
        (r#"{"$schema": "http://json-schema.org/draft-04/schema#"}"#, "/$schema", "draft 7"),
        (r#"{"pattern": "("}"#, "/pattern", "regular expression"),
        (r#"{"$ref": "https://example.com/schema.json"}"#, "/$ref", "nothing is fetched"),
        (r##"{"$ref": "#/$defs/a"}"##, "/$ref", "nothing at"),
        (r#"{"$defs": {"a": {"minimum": "3"}}}"#, "/$defs/a/minimum", "a number"),
        (r#"{"items": [{}]}"#, "/items", "prefixItems"),
        (r#"{"anyOf": []}"#, "/anyOf", "at least one"),
        (r#"{"required": "id"}"#, "/required", "list of names"),
        (r#"{"minLength": -1}"#, "/minLength", "0 or more"),
        (r#"{"properties": 3}"#, "/properties", "object of schemas"),
        (r#"{"not": 3}"#, "/not", "expected a schema"),
    ] {
        let faults = Schema::compile(schema).unwrap_err();
        assert_eq!(faults.len(), 1, "{schema}: {faults:?}");
        assert_eq!(faults[0].pointer, pointer, "{schema}");
        assert!(faults[0].detail.contains(words), "{schema}: {}", faults[0]);
    }
    let long = format!(r#"{{"title": "{}"}}"#, "x".repeat(MAX_SCHEMA_BYTES));
    assert!(Schema::compile(&long).unwrap_err()[0].detail.contains("at most 65536"));
}

#[test]
fn a_schema_costs_what_its_text_costs() {
    for (pattern, words) in [("x", "too large together"), (r"\\pL{9}", "is too large")] {
        let many: Vec<String> =
            (0..1000).map(|at| format!(r#""{at}": {{"pattern": "{pattern}{at}"}}"#)).collect();
        let faults = Schema::compile(&format!(r#"{{"properties": {{{}}}}}"#, many.join(","))).unwrap_err();
        assert!(faults[0].detail.contains(words) && faults.len() < 10, "{faults:?}");
    }
    let deep = format!("{}{{}}{}", r#"{"not":"#.repeat(100), "}".repeat(100));
    assert!(Schema::compile(&deep).is_err());
    let wide = format!(r#"{{"anyOf": [{}]}}"#, vec!["true"; 5000].join(","));
    assert!(Schema::compile(&wide).unwrap_err()[0].detail.contains("more than 4096"));
}

#[test]
fn a_check_ends_however_a_schema_nests() {
    let twice = |at: usize| {
        format!(
            r##""d{at}": {{"anyOf": [{{"$ref": "#/$defs/d{n}"}}, {{"$ref": "#/$defs/d{n}"}}]}}"##,
            n = at + 1
        )
    };
    let doubling: Vec<String> = (0..60).map(twice).collect();
    let doubling =
        format!(r##"{{"$ref": "#/$defs/d0", "$defs": {{{}, "d60": false}}}}"##, doubling.join(","));
    assert_eq!(check(&doubling, "1"), Err(Undecided::Work));
    assert_eq!(check(r##"{"$ref": "#"}"##, "1"), Err(Undecided::Depth));
    assert_eq!(
        check(r##"{"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}"##, "1"),
        Err(Undecided::Depth)
    );
    // As deep as a payload may be, through the same schema again and again.
    let tree = r##"{"type": "array", "items": {"$ref": "#"}}"##;
    assert_eq!(check(tree, &format!("{}{}", "[".repeat(128), "]".repeat(128))), Ok(vec![]));
    let numbers: Vec<String> = (0..20_000).map(|at| at.to_string()).collect();
    let numbers = format!("[{}]", numbers.join(","));
    assert_eq!(check(r#"{"uniqueItems": true}"#, &numbers), Ok(vec![]));
    assert_eq!(
        check(r#"{"items": {"enum": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}}"#, &numbers),
        Err(Undecided::Work)
    );
    assert_eq!(
        check(r#"{"uniqueItems": true}"#, "[1, {\"a\": 1, \"b\": 2}, {\"b\": 2.0, \"a\": 1}]"),
        Ok(vec![": element 2 is there twice".to_owned()])
    );
}
