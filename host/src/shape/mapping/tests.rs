//! Mappings from the outside: a payload in, JSON out.

use crate::shape::budget::Budget;
use crate::shape::input::Input;
use crate::shape::mapping::Mapping;
use crate::shape::tape::Document;

const LEAD: &str = r#"{"signal_type":"product_qualified_lead","confidence":0.92,
 "account":{"name":"Acme \"Corp\"","domain":" ACME.com ","plan":null,"id":123456789012345678901234567890},
 "events":["visited","invited"],"people":[{"n":"Ann","age":41},{"n":"Bob","age":7.50}],
 "empty":[],"big":1e400,"tricky":{"$serde_json::private::RawValue":"[1]"}}"#;

fn compile(mapping: &str) -> Mapping {
    Mapping::compile(mapping.as_bytes()).unwrap_or_else(|faults| panic!("{mapping}: {faults:?}"))
}

/// What an `output` makes of the lead.
fn output(output: &str) -> String {
    run(&format!(r#"{{"version":1,"output":{output}}}"#), LEAD)
}

fn run(mapping: &str, payload: &str) -> String {
    let document = Document::parse(payload.as_bytes()).unwrap();
    let headers = [("x-github-event".to_owned(), "push".to_owned())];
    let input = Input {
        headers: &headers,
        id: "evt_1",
        event_type: "lead",
        source: "posthog",
        received_at: "2026-04-29T14:31:08.000Z",
        ..Input::of(&document)
    };
    let mut out = b"before".to_vec();
    match compile(mapping).apply(&input, &mut Budget::default(), &mut out) {
        Ok(_) => {
            let text = String::from_utf8(out).unwrap();
            let json = text.strip_prefix("before").unwrap();
            Document::parse(json.as_bytes()).expect("the output is JSON");
            json.to_owned()
        }
        Err(fault) => {
            assert_eq!(out, b"before", "a failed mapping leaves nothing behind");
            format!("fault {fault}")
        }
    }
}

fn check(expr: &str, expected: &str) {
    assert_eq!(output(expr), expected, "{expr}");
}

#[test]
fn values_come_through_as_they_were() {
    check(r#""$.account.name""#, r#""Acme \"Corp\"""#);
    check(r#""$.account.id""#, "123456789012345678901234567890");
    check(r#"{"a":"$.big","b":"$.people[1].age"}"#, r#"{"a":1e400,"b":7.50}"#);
    check(r#""$.tricky""#, r#"{"$serde_json::private::RawValue":"[1]"}"#);
    check(r#""$""#, LEAD);
    check(r#"{"z":1e400,"a":[1.0,{"k":"plain"}]}"#, r#"{"z":1e400,"a":[1.0,{"k":"plain"}]}"#);
    check(r#"{"$literal":"$5.00"}"#, r#""$5.00""#);
    // Beside nothing that comes from the event.
    check(r#"{"a":{"b":{"$literal":"$x"}},"c":[{"$literal":1}, 2]}"#, r#"{"a":{"b":"$x"},"c":[1,2]}"#);
    check(r#"{"a": {"b": 1}, "c": [1, 2]}"#, r#"{"a": {"b": 1}, "c": [1, 2]}"#);
    check(r#"{"$literal":{"$path":"$.x"}}"#, r#"{"$path":"$.x"}"#);
    check(r#""@here""#, r#""@here""#);
}

#[test]
fn a_path_gives_one_or_many() {
    check(r#""$.people[*].n""#, r#"["Ann","Bob"]"#);
    check(r#"{"$path":"$.people[*].n","$first":true}"#, r#""Ann""#);
    check(r#"{"$path":"$.account.domain","$all":true}"#, r#"[" ACME.com "]"#);
    check(r#"{"$path":"$.none","$all":true}"#, "[]");
    check(r#""$.none[*]""#, "[]");
    check(r#"{"$path":"$.none[*]","$default":"free"}"#, r#""free""#);
    check(r#""$.people[-1].n""#, r#""Bob""#);
    check(r#""$.people[?@.age > 10].n""#, r#"["Ann"]"#);
    check(
        r#"{"a":"$.people[0].n","b":"$.people[1].n","c":"$.people"}"#,
        r#"{"a":"Ann","b":"Bob","c":[{"n":"Ann","age":41},{"n":"Bob","age":7.50}]}"#,
    );
}

#[test]
fn missing_values_follow_the_field_and_then_the_document() {
    check(r#"{"a":"$.none","b":"$.account.plan"}"#, r#"{"a":null,"b":null}"#);
    check(r#"{"$path":"$.account.plan","$default":"free"}"#, "null");
    check(r#"{"$path":"$.none","$default":"$.account.domain"}"#, r#"" ACME.com ""#);
    check(r#"{"a":{"$path":"$.none","$omit":true},"b":1}"#, r#"{"b":1}"#);
    check(r#"[{"$path":"$.none","$omit":true},2]"#, "[2]");
    check(
        r#"{"deep":{"x":{"$path":"$.none","$required":true}}}"#,
        "fault /output/deep/x: the value is required, but there is none (at $.none)",
    );
    let with = |rule: &str| {
        let rest = r#""output":{"a":"$.none","b":{"$template":"<{{$.none}}>"},"c":1}"#;
        run(&format!(r#"{{"version":1,"on_missing":"{rule}",{rest}}}"#), LEAD)
    };
    assert_eq!(with("null"), r#"{"a":null,"b":"<>","c":1}"#);
    assert_eq!(with("omit"), r#"{"b":"<>","c":1}"#);
    assert!(with("error").starts_with("fault /output/a: the value is required"));
}

#[test]
fn duplicate_keys_the_last_wins() {
    let payload = r#"{"a":{"b":1},"\u0061":{"c":2},"d":1,"d":3}"#;
    let mapping = r#"{"output":{"b":"$.a.b","c":"$.a.c","d":"$.d","all":"$.*"}}"#;
    assert_eq!(run(mapping, payload), r#"{"b":null,"c":2,"d":3,"all":[{"c":2},3]}"#);
    assert_eq!(run(r#"{"output":"$..d"}"#, payload), "[3]");
}

#[test]
fn templates_fill_their_holes() {
    check(
        r#"{"$template":"New: {{$.account.name}} ({{ $.confidence | multiply: 100 | round }}%)\n"}"#,
        r#""New: Acme \"Corp\" (92%)\n""#,
    );
    check(r#"{"$template":"{{ $.account.domain | trim | lowercase }}"}"#, r#""acme.com""#);
    check(r#"{"$template":"{{ $.none | default: 'a | b' }}{{'{{'}}"}"#, r#""a | b{{""#);
    check(r#"{"$template":"{{ $.people[?@.age>1 || @.n=='}}'].n }}"}"#, r#""Ann, Bob""#);
    check(r#"{"$template":"{{$.events}} {{$.account.plan}}"}"#, r#""[\"visited\",\"invited\"] ""#);
    check(r#"{"$template":"{{in_headers.x-github-event}}/{{in_event.type}}"}"#, r#""push/lead""#);
    check(r#"{"$template":"{{$.confidence}}","$as":"number"}"#, "0.92");
}

#[test]
fn each_writes_every_item() {
    check(
        r#"{"$each":"$.events[*]","$value":{"name":"@","kind":"event"}}"#,
        r#"[{"name":"visited","kind":"event"},{"name":"invited","kind":"event"}]"#,
    );
    check(
        r#"{"$each":"$.people","$value":{"$template":"{{@.n}} of {{$.account.domain | trim}}"}}"#,
        r#"["Ann of ACME.com","Bob of ACME.com"]"#,
    );
    check(r#"{"$each":"$.none[*]","$value":"@"}"#, "[]");
    check(
        r#"{"$each":"$.people[*]","$value":{"$if":{"path":"@.age","gt":10},"$then":"@.n","$else":{"$path":"@.x","$omit":true}}}"#,
        r#"["Ann"]"#,
    );
    check(
        r#"{"$each":"$.people[*]","$value":{"$each":"$.events[*]","$value":"@"}}"#,
        r#"[["visited","invited"],["visited","invited"]]"#,
    );
}

#[test]
fn conditions_choose_a_branch() {
    let choice = |domain: &str| {
        format!(r#"{{"$if":{{"path":"{domain}","exists":true}},"$then":{{"site":"{domain}"}},"$else":null}}"#)
    };
    check(&choice("$.account.domain"), r#"{"site":" ACME.com "}"#);
    check(&choice("$.account.nothing"), "null");
    check(r#"{"$if":{"in_event":"type","eq":"lead"},"$then":1}"#, "1");
    check(r#"{"$if":{"in_event":"type","eq":"x"},"$then":1}"#, "null");
}

#[test]
fn merging_patches_the_payload() {
    let merge = |rest: &str| {
        run(
            &format!(r#"{{"mode":"merge",{rest}}}"#),
            r#"{"a":{"b":1,"secret":2},"c":[{"secret":3,"x":1.0},4],"d":null}"#,
        )
    };
    assert_eq!(
        merge(r#""output":{"a":{"n":"$.c[1]"},"e":null},"remove":["$..secret","$.c[1]"]"#),
        r#"{"a":{"b":1,"n":4},"c":[{"x":1.0}],"d":null,"e":null}"#,
    );
    assert_eq!(merge(r#""output":{"c":1}"#), r#"{"a":{"b":1,"secret":2},"c":1,"d":null}"#);
    assert_eq!(merge(r#""remove":["$.a","$.a.b"]"#), r#"{"c":[{"secret":3,"x":1.0},4],"d":null}"#);
    assert!(run(r#"{"mode":"merge","output":{}}"#, "[1]").contains("only an object can be patched"));
}

#[test]
fn the_delivery_can_be_mapped() {
    let mapping = compile(
        r#"{"output":"$","headers":{"X-Confidence":"$.confidence","x-none":"$.none"},"event_type":"$.signal_type",
            "method":"PUT","path":{"$template":"/leads/{{$.events[0]}}?x=1"}}"#,
    );
    let document = Document::parse(LEAD.as_bytes()).unwrap();
    let mapped = mapping.apply(&Input::of(&document), &mut Budget::default(), &mut Vec::new()).unwrap();
    assert_eq!(mapped.headers, [("x-confidence".to_owned(), "0.92".to_owned())]);
    assert_eq!(mapped.event_type.as_deref(), Some("product_qualified_lead"));
    assert_eq!(mapped.method.as_deref(), Some("PUT"));
    assert_eq!(mapped.path.as_deref(), Some("/leads/visited?x=1"));
    for (rest, expected) in [
        (
            r#""headers":{"x":{"$path":"$.none","$default":"a\r\nb"}}"#,
            "/headers/x: the control character U+000D",
        ),
        (
            r#""path":{"$path":"$.none","$default":"/a/%2E%2e/b"}"#,
            "/path: the path must not have `.` or `..`",
        ),
        (
            r#""path":{"$path":"$.none","$default":"//evil.example"}"#,
            "/path: the path must begin with one `/`",
        ),
        (r#""method":{"$path":"$.none","$default":"TRACE"}"#, "/method: the method must be one of"),
        (r#""event_type":"$.account""#, "/event_type: a string, number or boolean is needed"),
    ] {
        let found = run(&format!(r#"{{"output":1,{rest}}}"#), LEAD);
        assert!(found.starts_with(&format!("fault {expected}")), "{rest}: {found}");
    }
}

#[test]
fn types_are_converted_only_without_loss() {
    check(r#"{"$path":"$.confidence","$apply":[{"multiply":100},"round"],"$as":"integer"}"#, "92");
    check(r#"{"$path":"$.confidence","$as":"string"}"#, r#""0.92""#);
    check(r#"{"$path":"$.people[1].age","$as":"number"}"#, "7.50");
    check(
        r#"{"$path":"$.confidence","$as":"integer"}"#,
        "fault /output: the number cannot become integer without loss (at $.confidence, saw 0.92)",
    );
    check(r#"{"$path":"$.account.plan","$as":"integer"}"#, "null");
}

fn check_faults(mapping: &str, expected: &[(&str, &str)]) {
    let faults = Mapping::compile(mapping.as_bytes()).expect_err(mapping);
    let found: Vec<(&str, &str)> = faults.iter().map(|fault| (&*fault.pointer, &*fault.detail)).collect();
    assert_eq!(found.len(), expected.len(), "{mapping}: {found:?}");
    for (pointer, detail) in expected {
        let hit = found.iter().any(|(at, text)| at == pointer && text.contains(detail));
        assert!(hit, "{pointer} {detail} is not among {found:?}");
    }
}

#[test]
fn all_faults_are_named_at_once() {
    check_faults(
        r#"{"version":2,"outptu":1,"output":{"a":"$.[","b":{"$path":"$.x","$aply":["trim"]},"c":{"$path":"$.y","$apply":["lowercas",{"divide":0}]},
            "d":{"$each":"$.z"},"e":"$5.00","f":{"$if":{"path":"$.a","eqq":1},"$then":1},"g":{"$as":"string"},"h":"@.x"},"on_missing":"never","remove":["$"]}"#,
        &[
            ("/version", "the only version is 1"),
            ("/outptu", "did you mean `output`?"),
            ("/output/a", "is not a JSONPath query"),
            ("/output/b/$aply", "did you mean `$apply`?"),
            ("/output/c/$apply/0", "did you mean `lowercase`?"),
            ("/output/c/$apply/1", "by 0"),
            ("/output/d", "needs `$value`"),
            ("/output/e", "{\"$literal\": \"$5.00\"}"),
            ("/output/f/$if/eqq", "did you mean `eq`?"),
            ("/output/g", "stands alone"),
            ("/on_missing", "null, omit or error"),
            ("/remove", "needs `\"mode\": \"merge\"`"),
            ("/remove/0", "cannot be removed"),
        ],
    );
    check_faults("[1]", &[("", "must be an object")]);
    check_faults("{\"output\":1", &[("", "not valid JSON at line 1, column 12")]);
    check_faults("{}", &[("", "needs `output`")]);
    check_faults(
        r#"{"output":{"x":{"$each":"$.a","$value":"@.["}}}"#,
        &[("/output/x/$value", "not a JSONPath")],
    );
    check_faults(r#"{"output":{"$template":"{{ $.a"}}"#, &[("/output/$template", "has no `}}`")]);
    check_faults(
        r#"{"output":1,"headers":{"Host":"x","a b":"y"}}"#,
        &[("/headers/Host", "belongs to the connection"), ("/headers/a b", "not a header name")],
    );
}

/// The path that a template makes of an id, or the fault.
fn path_of(template: &str, id: &str) -> String {
    let mapping = compile(&format!(r#"{{"output":1,"path":{{"$template":"{template}"}}}}"#));
    let payload = format!(r#"{{"id":{id}}}"#);
    let document = Document::parse(payload.as_bytes()).unwrap();
    match mapping.apply(&Input::of(&document), &mut Budget::default(), &mut Vec::new()) {
        Ok(mapped) => mapped.path.unwrap(),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn what_an_event_puts_into_a_path_stays_one_segment() {
    for (id, segment) in [
        (r#""7?admin=true&x=""#, "7%3Fadmin%3Dtrue%26x%3D"),
        (r#""a%2Fb""#, "a%252Fb"),
        (r#""7/..;/admin""#, "7%2F..%3B%2Fadmin"),
        (r#""jo smith""#, "jo%20smith"),
        (r#""ü""#, "%C3%BC"),
        (r#""%2e%2e""#, "%252e%252e"),
        (r##""a\\b\n#\"""##, "a%5Cb%0A%23%22"),
        ("7", "7"),
        ("true", "true"),
        (r#"["a","b/c"]"#, "%5B%22a%22%2C%22b%2Fc%22%5D"),
    ] {
        let path = path_of("/contacts/{{ $.id }}/notes", id);
        assert_eq!(path, format!("/contacts/{segment}/notes"), "{id}");
        let path = path_of("/contacts/c-{{ $.id }}", id);
        assert_eq!(path, format!("/contacts/c-{segment}"), "{id}");
        let query = path_of("/contacts?id={{ $.id }}&n=1", id);
        assert_eq!(query, format!("/contacts?id={segment}&n=1"), "{id}");
    }
    for id in [r#""..""#, r#"".""#] {
        let fault = path_of("/contacts/{{ $.id }}/notes", id);
        assert!(fault.contains("must not have `.` or `..` segments"), "{id}: {fault}");
    }
    for id in ["null", r#""""#] {
        for template in
            ["/contacts/{{ $.id }}/notes", "/contacts/{{ $.id }}", "/contacts/{{ $.id }}?x={{ $.id }}"]
        {
            let fault = path_of(template, id);
            assert!(fault.contains("$.id has no value, or an empty one"), "{template} {id}: {fault}");
        }
        assert_eq!(path_of("/contacts-{{ $.id }}/x", id), "/contacts-/x");
        assert_eq!(path_of("/contacts?id={{ $.id }}", id), "/contacts?id=");
    }
}

#[test]
fn a_path_can_take_several_segments_when_that_is_said() {
    assert_eq!(path_of("/repos/{{ $.id | url_encode: 'path' }}", r#""a/b c?""#), "/repos/a/b%20c%3F");
    assert_eq!(path_of("/repos/{{ $.id | lowercase | url_encode }}", r#""A/b""#), "/repos/a%2Fb");
    let fault = path_of("/repos/{{ $.id | url_encode: 'path' }}", r#""a/../b""#);
    assert!(fault.contains("`.` or `..` segments"), "{fault}");
}

#[test]
fn paths_methods_and_headers_that_can_never_be_sent_are_refused_when_saved() {
    for (part, detail) in [
        (r#""path":{"$template":"{{ $.id }}"}"#, "write {\"$path\": \"$.id\"}"),
        (r#""path":{"$template":"contacts/{{ $.id }}"}"#, "must begin with one `/`"),
        (r#""path":{"$template":"/büro/{{ $.id }}"}"#, "percent-encoded"),
        (r#""path":"/a b""#, "`url_encode`"),
        (r#""path":"/a/../b""#, "`.` or `..` segments"),
        (r#""method":"post""#, "one of POST"),
        (r#""headers":{"x":"ü"}"#, "a header cannot have `ü`"),
        (r#""headers":{"x":"a\r\nb: c"}"#, "U+000D"),
    ] {
        let faults = Mapping::compile(format!(r#"{{"output":1,{part}}}"#).as_bytes()).expect_err(part);
        assert_eq!(faults.len(), 1, "{part}: {faults:?}");
        assert!(faults[0].detail.contains(detail), "{part}: {}", faults[0].detail);
    }
}

#[test]
fn header_values_of_an_event_are_sent_as_they_are_or_refused() {
    let mapping = compile(r#"{"output":1,"headers":{"x":"$.v"}}"#);
    for (value, expected) in [
        (r#""a b\t~""#, Ok("a b\t~")),
        (r#""a\r\nx-admin: 1""#, Err("U+000D")),
        (r#""a\u0000""#, Err("U+0000")),
        (r#""a\u007f""#, Err("U+007F")),
        (r#""Zoë""#, Err("a header cannot have `ë`: encode the value")),
    ] {
        let payload = format!(r#"{{"v":{value}}}"#);
        let document = Document::parse(payload.as_bytes()).unwrap();
        let mapped = mapping.apply(&Input::of(&document), &mut Budget::default(), &mut Vec::new());
        match (mapped, expected) {
            (Ok(mapped), Ok(expected)) => assert_eq!(mapped.headers, [("x".to_owned(), expected.to_owned())]),
            (Err(fault), Err(detail)) => assert!(fault.detail.contains(detail), "{value}: {fault}"),
            (mapped, _) => panic!("{value}: {mapped:?}"),
        }
    }
}

#[test]
fn budgets_end_what_costs_too_much() {
    let items: Vec<String> = (0..2000).map(|n| format!(r#"{{"price":{n},"name":"n"}}"#)).collect();
    let payload = format!(r#"{{"items":[{}]}}"#, items.join(","));
    let document = Document::parse(payload.as_bytes()).unwrap();
    for (query, nodes, bytes, fault) in [
        ("$.items[?@.price<count(@..*)]", 10_000, 1 << 20, "budget of visited nodes"),
        ("$..*..*", 20_000, 1 << 20, "budget of visited nodes"),
        ("$..*", 100_000, 1000, "the output is larger"),
    ] {
        let mapping = compile(&format!(r#"{{"output":{{"$path":"{query}"}}}}"#));
        let mut budget = Budget::new(nodes, bytes);
        let found = mapping.apply(&Input::of(&document), &mut budget, &mut Vec::new()).expect_err(query);
        assert!(found.detail.contains(fault), "{query}: {found}");
        assert_eq!(found.pointer, "/output");
    }
    // From the root it is counted once, and so within the budget.
    let mapping = compile(r#"{"output":"$.items[?@.price<count($..*)].price"}"#);
    mapping.apply(&Input::of(&document), &mut Budget::new(60_000, 1 << 20), &mut Vec::new()).unwrap();
}
