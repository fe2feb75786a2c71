//! The JSONPath Compliance Test Suite (testdata/jsonpath-compliance), every case of it.

use crate::shape::budget::Budget;
use crate::shape::query::Query;
use crate::shape::query::same_value;
use crate::shape::tape::Document;
use crate::shape::tape::Node;

const SUITE: &[u8] = include_bytes!("../testdata/jsonpath-compliance/cts.json");

fn text(case: Node<'_>, name: &str) -> String {
    case.get(name).and_then(Node::as_str).unwrap_or_default().into_owned()
}

/// What a case expects: one of several node lists, each with its paths.
fn expected<'d>(case: Node<'d>) -> Vec<(Node<'d>, Option<Node<'d>>)> {
    match (case.get("result"), case.get("results")) {
        (Some(result), _) => vec![(result, case.get("result_paths"))],
        (None, Some(results)) => {
            let paths = case.get("results_paths");
            let path = |at| paths.and_then(|paths| paths.element(at));
            results.elements().enumerate().map(|(at, result)| (result, path(at))).collect()
        }
        (None, None) => panic!("the case {} expects nothing", text(case, "name")),
    }
}

fn agrees(found: &[Node<'_>], result: Node<'_>, paths: Option<Node<'_>>) -> bool {
    let mut budget = Budget::default();
    let values = found.len() == result.len()
        && found
            .iter()
            .zip(result.elements())
            .all(|(one, other)| same_value(*one, other, &mut budget).expect("the cases are small"));
    let same_paths = paths.is_none_or(|paths| {
        found.iter().zip(paths.elements()).all(|(node, path)| path.is_str(&node.normalized_path()))
    });
    values && same_paths
}

/// `None` if the case passes.
fn failure(case: Node<'_>) -> Option<String> {
    let selector = text(case, "selector");
    let compiled = Query::compile(&selector);
    if case.get("invalid_selector").is_some() {
        return compiled.ok().map(|_| "accepted".to_owned());
    }
    let query = match compiled {
        Ok(query) => query,
        Err(fault) => return Some(fault.to_string()),
    };
    let json = case.get("document").expect("a valid case has a document").raw();
    let document = Document::parse(json.as_bytes()).expect("it is JSON");
    let found = query.nodes(&document, &mut Budget::default()).expect("the cases are small");
    let agreed = expected(case).into_iter().any(|(result, paths)| agrees(&found, result, paths));
    (!agreed).then(|| format!("gave {found:?}"))
}

#[test]
fn every_case_of_the_compliance_suite_passes() {
    let suite = Document::parse(SUITE).expect("the suite is JSON");
    let cases = suite.pointer("/tests").expect("the suite has cases");
    let failures: Vec<String> = cases
        .elements()
        .filter_map(|case| {
            let failure = failure(case)?;
            Some(format!("{} | {}: {failure}", text(case, "name"), text(case, "selector")))
        })
        .collect();
    assert_eq!(cases.len(), 703, "the suite has changed");
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}
