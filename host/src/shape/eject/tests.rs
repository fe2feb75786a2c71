//! What is written for each construct, and what is refused. Whether it does the same shows when it is
//! built and run: the black-box tests do that.

use crate::shape::Mapping;
use crate::shape::eject::Ejected;
use crate::shape::eject::eject;

fn ejected(mapping: &str) -> Ejected {
    let compiled =
        Mapping::compile(mapping.as_bytes()).unwrap_or_else(|faults| panic!("{mapping}: {faults:?}"));
    eject(&compiled).unwrap_or_else(|faults| panic!("{mapping}: {faults:?}"))
}

fn code(mapping: &str) -> String {
    let ejected = ejected(mapping);
    ejected.files.into_iter().find(|(path, _)| path == "src/lib.rs").unwrap().1
}

/// The output as an expression is written so.
fn check(output: &str, expected: &str) {
    // Beside one that is not constant: without it, all of it is one literal.
    let code = code(&format!(r#"{{"output": {{"x": {output}, "y": "$.y"}}}}"#));
    assert!(code.contains(&format!(".set(\"x\", {expected})")), "{output}:\n{code}");
}

#[test]
fn constants() {
    check(r#""beton""#, r#""beton""#);
    check("5", "json!(5)");
    check("-1.50", r#"number("-1.50")"#);
    check("12345678901234567890", r#"number("12345678901234567890")"#);
    check("null", "Value::Null");
    check(r#"{"$literal": {"a": ["$5.00", 1]}}"#, r#"json!({"a": ["$5.00", 1]})"#);
    check(r#"[1e2, "a\"b"]"#, r##"literal(r#"[1e2, "a\"b"]"#)"##);
}

#[test]
fn paths() {
    check(r#""$.a.b[0]""#, r#"&payload["a"]["b"][0]"#);
    check(r#""$""#, "Value::clone(payload)");
    check(r#""$.a[-1]""#, r#"at!(payload["a"][-1]).cloned().unwrap_or_default()"#);
    check(r#""$.a[*].b""#, r#"select(payload).key("a").all().key("b").list()"#);
    check(
        r#""$..['a','b']""#,
        r#"select(payload).deep().pick(|it| [select(it).key("a"), select(it).key("b")]).list()"#,
    );
    check(r#""$.a[1:-1]""#, r#"select(payload).key("a").slice(Some(1), Some(-1), 1).list()"#);
    check(
        r#"{"$path": "$.a[*]", "$first": true}"#,
        r#"select(payload).key("a").all().first().cloned().unwrap_or_default()"#,
    );
    check(
        r#""$.a[?@.b > 3 && match(@.c, 'x.*')].c""#,
        r#"select(payload).key("a").filter(|it| less(Some(&json!(3)), at!(it["b"])) && matches(at!(it["c"]), "\\A(?:x[^\\n\\r]*)\\z")).key("c").list()"#,
    );
}

#[test]
fn missing_values() {
    check(
        r#"{"$path": "$.a", "$default": "free"}"#,
        r#"at!(payload["a"]).cloned().unwrap_or_else(|| Value::from("free"))"#,
    );
    check(r#"{"$path": "$.a", "$omit": true}"#, r#"at!(payload["a"])"#);
    check(r#"{"$path": "$.a", "$required": true}"#, r#"required("/output/x", at!(payload["a"]))?.clone()"#);
    check(r#"{"$path": "$.a[*]", "$omit": true}"#, r#"select(payload).key("a").all().list_or_none()"#);
    let omit = code(r#"{"output": {"x": "$.a"}, "on_missing": "omit"}"#);
    assert!(omit.contains(r#".set("x", at!(payload["a"]))"#), "{omit}");
}

#[test]
fn functions_and_types() {
    check(
        r#"{"$path": "$.a", "$apply": [{"multiply": 100}, "round"], "$as": "integer"}"#,
        r#"field("/output/x", at!(payload["a"])).multiply("100").round(0).as_integer().or_null()?"#,
    );
    check(
        r#"{"$path": "$.a", "$apply": "to_json"}"#,
        r#"field("/output/x", payload.json(at!(payload["a"]))).or_null()?"#,
    );
    check(
        r#"{"$path": "$.a", "$apply": {"date": "%Y"}}"#,
        r#"field("/output/x", at!(payload["a"])).date(None, Form::Format("%Y")).or_null()?"#,
    );
    check(
        r#"{"$path": "$.a", "$apply": {"date": {"timezone": "+02:00"}}}"#,
        r#"field("/output/x", at!(payload["a"])).date_in("+02:00", None, Form::Iso).or_null()?"#,
    );
    check(
        r#"{"$in_headers": "X-Kind", "$apply": "sha256"}"#,
        r#"field("/output/x", header(event, "x-kind")).sha256().or_null()?"#,
    );
    check(r#"{"$in_event": "type"}"#, "Value::from(event.event_type.as_str())");
}

#[test]
fn templates() {
    check(
        r#"{"$template": "{ {{$.a}} {{$.b | uppercase}} {{in_event.type}}"}"#,
        "format!(\n            \"{{ {} {} {}\",\n            payload.text(&payload[\"a\"]),\n            \
         field(\"/output/x\", at!(payload[\"b\"])).uppercase().text()?,\n            event.event_type,\n        )",
    );
    check(r#"{"$template": "plain"}"#, r#""plain""#);
}

#[test]
fn each_and_if() {
    let code = code(
        r#"{"output": {"x": {"$each": "$.a", "$value": {"n": "@.b", "c": "$.c"}},
        "y": {"$if": {"any": [{"path": "$.a", "exists": true}, {"path": "$.b[*]", "ne": 1}]}, "$then": "$.a"}}}"#,
    );
    for expected in [
        r#"for item in items(at!(payload["a"])) {"#,
        r#".set("n", &item["b"])"#,
        r#"if at!(payload["a"]).is_some() || (!select(payload).key("b").all().exists() || "#,
        r#"payload["a"].clone()"#,
        "Value::Null",
    ] {
        assert!(code.contains(expected), "{expected}:\n{code}");
    }
}

#[test]
fn what_goes_out_besides_the_payload() {
    let ejected = ejected(
        r#"{"mode": "merge", "output": {"via": {"$in_headers": "X-Via"}}, "remove": ["$..secret"],
        "headers": {"X-Kind": "$.kind"}, "event_type": "lead"}"#,
    );
    let code = &ejected.files.iter().find(|(path, _)| path == "src/lib.rs").unwrap().1;
    for expected in [
        r#"#[plugin(headers = ["x-via"])]"#,
        r#"removed.extend(select(payload).deep().key("secret").nodes());"#,
        "merge(payload, &patch, &removed)",
        r#"delivery_text("/headers/x-kind", &payload["kind"])?"#,
        r#"made = made.header("x-kind", value);"#,
        r#"delivery_text("/event_type", "lead")?"#,
    ] {
        assert!(code.contains(expected), "{expected}:\n{code}");
    }
    assert_eq!(ejected.headers, ["x-via"]);
}

#[test]
fn only_what_is_needed_is_carried() {
    let needs = |mapping: &str| {
        let ejected = ejected(mapping);
        let has = |name: &str| ejected.dependencies.iter().any(|line| line.starts_with(name));
        let files = ejected.files.iter().filter(|(path, _)| path.starts_with("src/helpers/")).count();
        (has("jiff"), has("sha2"), has("regex"), files)
    };
    assert_eq!(needs(r#"{"output": "$.a"}"#), (false, false, false, 9));
    assert_eq!(needs(r#"{"output": {"$path": "$.a", "$apply": "date"}}"#), (true, false, false, 11));
    assert_eq!(needs(r#"{"output": {"$path": "$.a", "$apply": "base64"}}"#), (false, true, false, 10));
    assert_eq!(needs(r#"{"output": "$[?search(@, 'a')]"}"#), (false, false, true, 10));
}

#[test]
fn all_that_cannot_be_the_same_is_refused_at_once() {
    let mapping = r#"{"output": {"a": "$.x[?match(@.a, @.b)]", "b": {"$path": "$.l[*]", "$apply": ["first", "to_json"]},
        "c": {"$template": "{{ $.x | last | to_json }}"}, "d": "$.fine"}, "method": "PUT", "path": "$.path"}"#;
    let faults = eject(&Mapping::compile(mapping.as_bytes()).unwrap()).unwrap_err();
    let mut places: Vec<&str> = faults.iter().map(|fault| &*fault.pointer).collect();
    places.sort_unstable();
    assert_eq!(places, ["/method", "/output/a", "/output/b", "/output/c", "/path"], "{faults:#?}");
}
