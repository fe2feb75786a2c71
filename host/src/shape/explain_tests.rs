//! Explaining, listing paths and suggesting, from the outside.

use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::HintFault;
use crate::shape::Input;
use crate::shape::Mapping;
use crate::shape::NodeKind;
use crate::shape::paths;
use crate::shape::suggest;

const LEAD: &str = r#"{"account":{"name":"Acme","domain":"acme.com"},"confidence":0.9,
    "people":[{"email":"a@x.org","age":null},{"email":"b@x.org"}],"odd key":1}"#;

/// Each report as "pointer path matched outcome value ?hint".
fn explain(output: &str) -> Vec<String> {
    let mapping = Mapping::compile(format!(r#"{{"output":{output}}}"#).as_bytes()).unwrap();
    let document = Document::parse(LEAD.as_bytes()).unwrap();
    let reports = mapping.explain(&Input::of(&document), &mut Budget::default()).unwrap();
    let line = |report: &crate::shape::FieldReport| {
        let value = report.value.as_deref().unwrap_or("-");
        let hint = report.did_you_mean.as_deref().unwrap_or("-");
        format!(
            "{} {} {} {} {value} ?{hint}",
            report.pointer,
            report.path,
            report.matched,
            report.outcome.name()
        )
    };
    reports.iter().map(line).collect()
}

fn check(output: &str, expected: &[&str]) {
    assert_eq!(explain(output), expected, "{output}");
}

#[test]
fn each_field_says_where_its_value_came_from() {
    check(
        r#"{"a":"$.account.name","b":"$.acount.name","c":{"$path":"$.nme","$default":"x"},"d":{"$path":"$.none","$omit":true}}"#,
        &[
            r#"/output/a $.account.name 1 value "Acme" ?-"#,
            "/output/b $.acount.name 0 null null ?$.account.name",
            r#"/output/c $.nme 0 default "x" ?-"#,
            "/output/d $.none 0 omitted - ?-",
        ],
    );
    check(r#"{"a":"$.domain"}"#, &["/output/a $.domain 0 null null ?$.account.domain"]);
    check(r#"{"a":"$.Account.Name"}"#, &["/output/a $.Account.Name 0 null null ?$.account.name"]);
    check(r#"{"a":"$.people[*].emial"}"#, &["/output/a $.people[*].emial 0 value [] ?$.people[*].email"]);
    check(
        r#"{"$each":"$.people[*]","$value":{"e":"@.email","f":"@.emal"}}"#,
        &[
            "/output $.people[*] 2 value - ?-",
            r#"/output/$value/e @.email 1 value "a@x.org" ?-"#,
            "/output/$value/f @.emal 0 null null ?@.email",
        ],
    );
    check(
        r#"{"$template":"{{$.account.name}} {{$.confidnce}}"}"#,
        &[
            r#"/output  0 value "Acme " ?-"#,
            r#"/output $.account.name 1 hole "Acme" ?-"#,
            "/output $.confidnce 0 hole - ?$.confidence",
        ],
    );
}

#[test]
fn a_failing_field_does_not_hide_the_others() {
    let found = explain(
        r#"{"a":{"$path":"$.none","$required":true},"b":{"$path":"$.confidence","$as":"integer"},"c":"$.confidence"}"#,
    );
    assert_eq!(found[0], "/output/a $.none 0 failed - ?-");
    assert_eq!(found[1], "/output/b $.confidence 1 failed - ?-");
    assert_eq!(found[2], "/output/c $.confidence 1 value 0.9 ?-");
}

#[test]
fn paths_are_listed_with_what_they_hold() {
    let other = br#"{"account":{"name":null},"confidence":"high"}"#;
    let listed = paths(&[LEAD.as_bytes(), other], &mut Budget::default()).unwrap();
    let line = |path: &str| {
        let info = listed.iter().find(|info| info.path == path).unwrap_or_else(|| panic!("{path} is listed"));
        let types: Vec<&str> = info.types.iter().map(|kind| kind.name()).collect();
        format!("{} {} {}/{} null {}", types.join("|"), info.example, info.present, info.samples, info.null)
    };
    assert_eq!(line("$.account.name"), r#"string|null "Acme" 2/2 null 1"#);
    assert_eq!(line("$.confidence"), "number|string 0.9 2/2 null 0");
    assert_eq!(line("$.people[*].email"), r#"string "a@x.org" 1/2 null 0"#);
    assert_eq!(line("$.people[*].age"), "null null 1/2 null 1");
    assert_eq!(line("$['odd key']"), "number 1 1/2 null 0");
    assert_eq!(listed[0].types, [NodeKind::Object]);
    let fault = paths(&[b"{}", b"{"], &mut Budget::default()).unwrap_err();
    assert!(matches!(fault, HintFault::Sample(fault) if fault.sample == 1), "{fault:?}");
    // Each path is a query that finds its value.
    let document = Document::parse(LEAD.as_bytes()).unwrap();
    for info in paths(&[LEAD.as_bytes()], &mut Budget::default()).unwrap() {
        let query = crate::shape::Query::compile(&info.path).unwrap();
        assert!(query.first(&document, &mut Budget::default()).unwrap().is_some(), "{}", info.path);
    }
}

fn check_suggested(target: &str, expected: &[(&str, &str)]) {
    let sample = br#"{"account":{"name":"Acme","domain":"acme.com","employeeCount":12},"confidence":0.9,"signal_type":"pql",
        "detected_at":"2026-04-29T14:31:08Z","events":["a"],"contact":{"email":"a@b.c","firstName":"Ann"}}"#;
    let found = suggest(&[sample], target.as_bytes(), &mut Budget::default()).unwrap();
    let found: Vec<(&str, &str)> = found.iter().map(|one| (&*one.target, &*one.path)).collect();
    assert_eq!(found, expected, "{target}");
}

#[test]
fn suggestions_go_by_name_place_and_type() {
    check_suggested(
        r#"{"company_name":"x","EmailAddress":"x@y","first-name":"A","score":1,"Domain":"d","events":[],"unrelated":true,
            "signal":{"type":"t"},"employee_count":3}"#,
        &[
            ("/company_name", "$.account.name"),
            ("/first-name", "$.contact.firstName"),
            ("/score", "$.confidence"),
            ("/Domain", "$.account.domain"),
            ("/events", "$.events"),
            ("/signal/type", "$.signal_type"),
            ("/employee_count", "$.account.employeeCount"),
        ],
    );
    check_suggested(
        r#"{"type":"object","properties":{"email":{"type":"string"},"detectedAt":{"type":["string","null"]}}}"#,
        &[("/email", "$.contact.email"), ("/detectedAt", "$.detected_at")],
    );
    check_suggested("{}", &[]);
}

/// Many different keys in the sample and in the target, as an attacker sends them.
fn many(keys: usize, letter: char) -> String {
    let members: Vec<String> = (0..keys).map(|at| format!("\"{letter}{at:05}x{}\":{at}", at * 7)).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn suggestions_for_many_keys_cost_what_is_allowed_or_end() {
    let (sample, target) = (many(20_000, 'k'), many(2000, 't'));
    let mut budget = Budget::default();
    let found = suggest(&[sample.as_bytes()], target.as_bytes(), &mut budget);
    assert!(matches!(found, Ok(_) | Err(HintFault::Exhausted)), "{found:?}");
    // A name that all paths share does not make every path a candidate for every field without being paid for.
    let shared = |keys: usize, name: &str| {
        let members: Vec<String> = (0..keys).map(|at| format!("\"{name}_{at}\":{at}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let (sample, target) = (shared(2000, "company"), shared(2000, "account"));
    let found = suggest(&[sample.as_bytes()], target.as_bytes(), &mut Budget::new(100_000, 0));
    assert_eq!(found, Err(HintFault::Exhausted));
}

#[test]
fn a_long_name_above_many_values_is_no_work() {
    let values = vec!["1"; 50_000].join(",");
    let sample = format!("{{\"{}\":[{values}],\"short\":1}}", "n".repeat(500_000));
    let mut budget = Budget::default();
    let listed = paths(&[sample.as_bytes()], &mut budget).unwrap();
    assert_eq!(listed.iter().map(|info| &*info.path).collect::<Vec<_>>(), ["$.short"]);
    assert!(budget.nodes_left() > 1_900_000, "{budget:?}");
}
