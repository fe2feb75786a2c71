//! The description is whole: names are unique, every reference leads somewhere, every operation says what it does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::openapi::api;

#[test]
fn operations_have_names_of_their_own_and_say_what_they_do() {
    let (_, document) = api();
    let mut names = BTreeSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{operation}");
            assert!(operation["summary"].as_str().unwrap().ends_with('.'), "{operation}");
        }
    }
    assert!(names.len() > 80, "{}", names.len());
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
    let (_, document) = api();
    let names = document["components"]["schemas"].as_object().unwrap().keys().collect();
    check(&document, &names);
}
