//! The description is complete: what is routed is described, and what is described is routed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::api;
use crate::http::openapi::document;

#[test]
fn routes_and_operations_are_the_same() {
    let endpoints = api::endpoints();
    let document = document(&endpoints);
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    assert!(described.remove("POST /in/{source}"), "the way in is described");
    let routed: BTreeSet<String> =
        endpoints.iter().map(|found| format!("{} {}", found.method, found.path)).collect();
    assert_eq!(routed.len(), endpoints.len(), "each method and path once");
    assert_eq!(described, routed);
}

#[test]
fn operations_have_names_of_their_own_and_say_what_they_do() {
    let document = document(&api::endpoints());
    let mut names = BTreeSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{operation}");
            assert!(operation["summary"].as_str().unwrap().ends_with('.'), "{operation}");
        }
    }
}

#[test]
fn no_two_views_share_a_name() {
    use crate::http::endpoint::Output;
    let mut known = std::collections::BTreeMap::new();
    for endpoint in api::endpoints() {
        let Output::Json(describe) = endpoint.output else { continue };
        for (name, schema) in describe().named {
            assert_eq!(known.entry(name).or_insert_with(|| schema.clone()), &schema, "{name}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(value: &Value, names: &BTreeSet<&String>) {
        if let Some(reference) = value["$ref"].as_str() {
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            assert!(names.iter().any(|have| *have == name), "{reference}");
        }
        match value {
            Value::Object(object) => object.values().for_each(|inner| check(inner, names)),
            Value::Array(array) => array.iter().for_each(|inner| check(inner, names)),
            _ => {}
        }
    }
    let document = document(&api::endpoints());
    let names = document["components"]["schemas"].as_object().unwrap().keys().collect();
    check(&document, &names);
}
