//! The JSONPath Compliance Test Suite through mappings, as someone outside would run it: a query
//! as the whole output gives its node list, an invalid one is a fault when it is saved.

use crate::shape::budget::Budget;
use crate::shape::input::Input;
use crate::shape::mapping::Mapping;
use crate::shape::query::same_value;
use crate::shape::tape::Document;
use crate::shape::tape::Node;

const SUITE: &[u8] = include_bytes!("../testdata/jsonpath-compliance/cts.json");

/// Whether the mapping's output is one of the node lists the case expects.
fn passes(case: Node<'_>, mapping: &Mapping) -> bool {
    let json = case.get("document").expect("a valid case has a document").raw();
    let document = Document::parse(json.as_bytes()).expect("it is JSON");
    let mut out = Vec::new();
    mapping.apply(&Input::of(&document), &mut Budget::default(), &mut out).expect("the cases are small");
    let output = Document::parse(&out).expect("the output is JSON");
    let equals = |wanted: Node<'_>| {
        same_value(output.root(), wanted, &mut Budget::default()).expect("the cases are small")
    };
    case.get("result").is_some_and(equals)
        || case.get("results").is_some_and(|all| all.elements().any(equals))
}

#[test]
fn a_query_as_the_output_gives_its_node_list() {
    let suite = Document::parse(SUITE).expect("the suite is JSON");
    for case in suite.pointer("/tests").expect("the suite has cases").elements() {
        let selector = case.get("selector").expect("a case has a selector").raw();
        let mapping = format!(r#"{{"version":1,"output":{{"$path":{selector},"$all":true}}}}"#);
        let compiled = Mapping::compile(mapping.as_bytes());
        let invalid = case.get("invalid_selector").is_some();
        assert_eq!(compiled.is_err(), invalid, "{selector}");
        if let Ok(mapping) = compiled {
            assert!(passes(case, &mapping), "{selector}");
        }
    }
}
