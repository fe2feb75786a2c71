//! Filters from the outside: does an event pass, and who said so.

use crate::shape::budget::Budget;
use crate::shape::filter::Filter;
use crate::shape::input::Input;
use crate::shape::tape::Document;

const LEAD: &str = r#"{"signal_type":"expansion","confidence":0.80,"account":{"domain":"acme.com","plan":null},
 "events":["visited","invited"],"ages":[3,40],"n":12345678901234567890123,"esc":"a\u00e9b"}"#;

/// "pass" or "fail", the clause, the path and the value that decided.
fn decide(filter: &str) -> String {
    let document = Document::parse(LEAD.as_bytes()).unwrap();
    let headers = [("x-kind".to_owned(), "a".to_owned()), ("x-kind".to_owned(), "b".to_owned())];
    let input = Input { headers: &headers, event_type: "lead.new", ..Input::of(&document) };
    let filter = Filter::compile(filter.as_bytes()).unwrap_or_else(|faults| panic!("{filter}: {faults:?}"));
    let decision = filter.test(&input, &mut Budget::default()).unwrap();
    let verdict = if decision.pass { "pass" } else { "fail" };
    let reports = filter.explain(&input, &mut Budget::default()).unwrap();
    assert_eq!(reports[0].pass, decision.pass, "explaining says the same");
    format!(
        "{verdict} {} {} {}",
        decision.clause,
        decision.path.unwrap_or("-"),
        decision.seen.as_deref().unwrap_or("-")
    )
}

fn check(filter: &str, expected: &str) {
    assert_eq!(decide(filter), expected, "{filter}");
}

/// One clause on one path.
fn check_pass(path: &str, tests: &str, expected: bool) {
    let filter = format!(r#"{{"path":"{path}",{tests}}}"#);
    let found = decide(&filter);
    assert_eq!(found.starts_with("pass"), expected, "{filter}: {found}");
}

#[test]
fn the_deciding_clause_is_named() {
    check(r#"{"path":"$.confidence","gte":0.8}"#, "pass  $.confidence 0.80");
    let all = |last: &str| format!(r#"{{"all":[{{"path":"$.confidence","gte":0.8}},{last}]}}"#);
    check(&all(r#"{"path":"$.signal_type","in":["expansion"]}"#), "pass  - -");
    check(&all(r#"{"path":"$.signal_type","eq":"x"}"#), r#"fail /all/1 $.signal_type "expansion""#);
    check(
        &all(r#"{"not":{"path":"$.events[*]","contains":"vis"}}"#),
        r#"fail /all/1/not $.events[*] "visited""#,
    );
    check(
        &all(r#"{"any":[{"path":"$.x","exists":true},{"in_event":"type","starts_with":"lead"}]}"#),
        "pass  - -",
    );
    check(
        r#"{"any":[{"path":"$.x","exists":true},{"in_event":"type","starts_with":"lead"}]}"#,
        r#"pass /any/1 type "lead.new""#,
    );
    check(r#"{"any":[{"path":"$.x","exists":true},{"path":"$.y","exists":true}]}"#, "fail  - -");
    check(r#"{"in_headers":"X-Kind","eq":"b"}"#, r#"pass  x-kind "b""#);
    check(r#"{"in_headers":"x-none","eq":"b"}"#, "fail  x-none -");
    check(
        r#"{"expr":"$[?@.confidence >= 0.8 && @.signal_type == 'expansion']"}"#,
        &format!(
            "pass  $[?@.confidence >= 0.8 && @.signal_type == 'expansion'] {}",
            crate::shape::fault::bounded(LEAD)
        ),
    );
    check(r#"{"expr":"$[?@.confidence > 0.8]"}"#, "fail  $[?@.confidence > 0.8] -");
    check(
        r#"{"expr":"$[?$[0].confidence == 0.8]"}"#.replace("$[?", "$[?@.n && ").as_str(),
        &format!("pass  $[?@.n && $[0].confidence == 0.8] {}", crate::shape::fault::bounded(LEAD)),
    );
    check(r#"{"all":[]}"#, "pass  - -");
    check(r#"{"any":[]}"#, "fail  - -");
}

#[test]
fn operators_hold_or_not() {
    for (path, tests, expected) in [
        ("$.confidence", r#""eq":0.8"#, true),
        ("$.confidence", r#""eq":"0.8""#, false),
        ("$.confidence", r#""ne":0.8"#, false),
        ("$.confidence", r#""gt":0.79999999999999999999"#, true),
        ("$.confidence", r#""lt":0.8"#, false),
        ("$.confidence", r#""lte":0.8,"gte":0.8"#, true),
        ("$.n", r#""gt":12345678901234567890122"#, true),
        ("$.n", r#""type":"integer""#, true),
        ("$.signal_type", r#""gt":"a""#, true),
        ("$.signal_type", r#""gt":1"#, false),
        ("$.signal_type", r#""not_in":["a","b"]"#, true),
        ("$.signal_type", r#""matches":"^exp.*n$""#, true),
        ("$.signal_type", r#""matches":"(?i)EXPAN""#, true),
        ("$.signal_type", r#""length_eq":9"#, true),
        ("$.esc", r#""length_lt":4,"ends_with":"b""#, true),
        ("$.esc", r#""eq":"aéb""#, true),
        ("$.account", r#""length_gte":3"#, false),
        ("$.account", r#""eq":{"plan":null,"domain":"acme.com"}"#, true),
        ("$.account.domain", r#""ends_with":".com""#, true),
        ("$.account.domain", r#""type":["number","string"]"#, true),
        ("$.account.plan", r#""is_null":true"#, true),
        ("$.account.plan", r#""exists":true"#, true),
        ("$.account.plan", r#""exists":false"#, false),
        ("$.account.none", r#""is_null":true"#, false),
        ("$.account.none", r#""exists":false"#, true),
        ("$.account.none", r#""ne":"x""#, true),
        ("$.account.none", r#""ne":"x","exists":true"#, false),
        ("$.account.none", r#""eq":"x""#, false),
        ("$.events", r#""contains":"invited""#, true),
        ("$.events", r#""contains":"invit""#, false),
        ("$.ages[*]", r#""gt":10"#, true),
        ("$.ages[*]", r#""gt":10,"every":true"#, false),
        ("$.ages[*]", r#""gt":1,"every":true"#, true),
        ("$.ages[*]", r#""gt":3,"lt":40"#, false),
        ("$.none[*]", r#""gt":1,"every":true"#, false),
    ] {
        check_pass(path, tests, expected);
    }
}

#[test]
fn all_faults_are_named_at_once() {
    let filter = r#"{"all":[{"path":"$.[","eq":1},{"path":"$.a"},{"path":"$.a","matches":"("},{"pth":"$.a","eq":1},
      {"path":"$.a","in":"x"},{"not":{"path":"$.a","gt":true},"any":[]},{"in_event":"kind","eq":1},7,{"path":"@.a","eq":1},
      {"path":"$.a","matches":"(a{1000}){1000}"},{"path":"$.a","length_eq":-1}]}"#;
    let faults = Filter::compile(filter.as_bytes()).expect_err("it is full of faults");
    let found: Vec<&str> = faults.iter().map(|fault| &*fault.pointer).collect();
    let expected = [
        "/all/0/path",
        "/all/1",
        "/all/2/matches",
        "/all/3",
        "/all/3/pth",
        "/all/4/in",
        "/all/5/not",
        "/all/6/in_event",
        "/all/7",
        "/all/8/path",
        "/all/9/matches",
        "/all/10/length_eq",
    ];
    for pointer in expected {
        assert!(found.contains(&pointer), "{pointer} is not among {faults:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{faults:#?}");
}

#[test]
fn explaining_shows_every_clause_and_what_was_meant() {
    let document = Document::parse(LEAD.as_bytes()).unwrap();
    let filter = r#"{"all":[{"path":"$.acount.domain","exists":true},{"path":"$.confidence","gt":0.5}]}"#;
    let reports =
        Filter::compile(filter.as_bytes()).unwrap().explain(&Input::of(&document), &mut Budget::default());
    let reports = reports.unwrap();
    assert_eq!(reports.len(), 3);
    assert_eq!(reports[1].did_you_mean.as_deref(), Some("$.account.domain"));
    assert!(!reports[1].pass && reports[2].pass);
    assert_eq!(reports[2].seen.as_deref(), Some("0.80"));
}

/// Whether a filter passes this, and what it says of it.
fn says(filter: &str, payload: &str) -> (bool, String) {
    let document = Document::parse(payload.as_bytes()).unwrap();
    let filter = Filter::compile(filter.as_bytes()).unwrap_or_else(|faults| panic!("{filter}: {faults:?}"));
    let input = Input::of(&document);
    let decision = filter.test(&input, &mut Budget::default()).unwrap();
    (decision.pass, decision.reason())
}

#[test]
fn a_text_that_is_a_number_is_one_when_that_is_said() {
    for (value, tests, pass) in [
        (r#""250""#, r#""gte":100"#, true),
        (r#""250.00""#, r#""gte":100"#, true),
        (r#"" 99.5 ""#, r#""gte":100"#, false),
        (r#""250.00""#, r#""eq":250"#, true),
        (r#""2.5e2""#, r#""in":[1,250]"#, true),
        (r#""250""#, r#""ne":250"#, false),
        (r#""7""#, r#""type":"integer""#, true),
        ("250", r#""gte":100"#, true),
        (r#""abc""#, r#""gte":100"#, false),
        (r#""abc""#, r#""eq":"abc""#, true),
    ] {
        let filter = format!(r#"{{"path":"$.v","as":"number",{tests}}}"#);
        assert_eq!(says(&filter, &format!(r#"{{"v":{value}}}"#)).0, pass, "{value} {tests}");
    }
    let faults = Filter::compile(br#"{"path":"$.v","as":"text","gte":1}"#).unwrap_err();
    assert_eq!(faults[0].pointer, "/as");
}

#[test]
fn a_value_of_another_type_is_said_to_be_that() {
    for (value, tests, words) in [
        (
            r#""250""#,
            r#""gte":100"#,
            "$.v is \"250\", which is text, not a number: `\"as\": \"number\"` in the clause",
        ),
        (r#""many""#, r#""gte":100"#, "$.v is \"many\", which is text, not a number"),
        (r#""1,250""#, r#""as":"number","lt":100"#, "which is text, not a number"),
        (r#""250""#, r#""eq":250"#, "which is text, not a number"),
        (r#""250""#, r#""in":[250,1]"#, "which is text, not a number"),
        ("250", r#""eq":"250""#, "which is a number, not text"),
        ("250", r#""starts_with":"2""#, "which is a number, not text"),
        ("null", r#""gt":1"#, "which is null, not a number"),
        (r#""true""#, r#""eq":true"#, "which is text, not true or false"),
    ] {
        let (pass, reason) = says(&format!(r#"{{"path":"$.v",{tests}}}"#), &format!(r#"{{"v":{value}}}"#));
        assert!(!pass && reason.contains(words), "{value} {tests}: {reason}");
    }
    for (value, tests) in
        [("99", r#""gte":100"#), (r#""a""#, r#""eq":"b""#), (r#""99""#, r#""as":"number","gte":100"#)]
    {
        let (_, reason) = says(&format!(r#"{{"path":"$.v",{tests}}}"#), &format!(r#"{{"v":{value}}}"#));
        assert!(!reason.contains("which is"), "{value} {tests}: {reason}");
    }
}

#[test]
fn numbers_in_texts_are_ordered_as_numbers() {
    for (value, tests, pass) in [
        (r#""99""#, r#""gte":"100""#, false),
        (r#""250.0""#, r#""gte":"100""#, true),
        (r#""20240315""#, r#""gt":"20240101""#, true),
        (r#""2024-03-15""#, r#""gt":"2024-01-01""#, true),
        (r#""v9""#, r#""gt":"v10""#, true),
        ("250", r#""gte":"100""#, false),
    ] {
        let (passed, reason) = says(&format!(r#"{{"path":"$.v",{tests}}}"#), &format!(r#"{{"v":{value}}}"#));
        assert_eq!(passed, pass, "{value} {tests}: {reason}");
    }
}

#[test]
fn dates_with_an_offset_are_ordered_in_time() {
    for (value, tests, pass) in [
        (r#""2024-06-01T01:00:00+02:00""#, r#""gt":"2024-05-31T23:30:00Z""#, false),
        (r#""2024-06-01T01:00:00+02:00""#, r#""lte":"2024-05-31T23:00:00Z""#, true),
        (r#""2024-06-01T12:00:00.5Z""#, r#""gt":"2024-06-01T12:00:00Z""#, true),
        (r#""2024-06-01 12:00:01z""#, r#""gte":"2024-06-01T12:00:00Z""#, true),
        // Without an offset it is no instant, and a text as any other.
        (r#""2024-06-01T12:00:00""#, r#""gt":"2024-05-31T23:30:00Z""#, true),
        (r#""soon""#, r#""gt":"2024-05-31T23:30:00Z""#, true),
        ("1717243200", r#""gt":"2024-05-31T23:30:00Z""#, false),
    ] {
        let (passed, reason) = says(&format!(r#"{{"path":"$.v",{tests}}}"#), &format!(r#"{{"v":{value}}}"#));
        assert_eq!(passed, pass, "{value} {tests}: {reason}");
    }
}
