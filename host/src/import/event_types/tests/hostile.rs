//! Documents that are made to take time, memory or the stack.

use std::time::Duration;
use std::time::Instant;

use serde_json::Map;

use crate::import::event_types::asyncapi;
use crate::import::event_types::openapi;
use crate::import::event_types::tests::*;

/// In a debug build, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

fn soon<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    done
}

fn many(count: usize, each: impl Fn(usize) -> (String, Value)) -> Value {
    Value::Object((0..count).map(each).collect::<Map<_, _>>())
}

#[test]
fn references_in_a_circle_end() {
    let schemas = json!({"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"},
        "Inside": {"$ref": "#/components/schemas/Inside/x"}});
    for schema in ["A", "Inside", "Inside/x/y"] {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        let imported = soon(|| openapi(&hook("3.1.0", schema.clone(), schemas.clone())).unwrap());
        assert!(amiss(&imported)[0].2.contains("maybe in a circle"), "{schema}: {:?}", imported.notes);
    }
    let pasted = json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
        "items": {"$ref": "#/$defs/a"}});
    let imported = openapi(&hook("3.1.0", pasted, json!({}))).unwrap();
    assert!(amiss(&imported)[0].2.contains("maybe in a circle"), "{:?}", imported.notes);
    let circle = json!({"asyncapi": "3.0.0", "components": {"messages": {
        "a": {"$ref": "#/components/messages/b"}, "b": {"$ref": "#/components/messages/a"}}}});
    assert_eq!(amiss(&asyncapi(&circle).unwrap()).len(), 2);
}

#[test]
fn a_tree_of_references_is_copied_once() {
    let twice = |nth: usize| {
        let next = json!({"$ref": format!("#/components/schemas/N{}", nth + 1)});
        (format!("N{nth}"), json!({"allOf": [next, next], "properties": {"type": next}}))
    };
    let mut schemas = many(200, twice);
    schemas["N200"] = json!({"const": "leaf"});
    let first = json!({"$ref": "#/components/schemas/N0"});
    let imported = soon(|| openapi(&hook("3.1.0", first, schemas)).unwrap());
    let defs = imported.documents[0]["schema"]["$defs"].as_object().map(Map::len);
    assert_eq!(defs, Some(200), "{:?}", imported.notes);
}

#[test]
fn work_is_bounded_over_all_event_types() {
    // Each of many event types refers to all that there is.
    let large = many(1000, |nth| (format!("S{nth}"), json!({"enum": vec![1; 20]})));
    let all: Vec<_> = (0..1000).map(|nth| json!({"$ref": format!("#/components/schemas/S{nth}")})).collect();
    let mut schemas = large;
    schemas["All"] = json!({ "allOf": all });
    let hook = body(json!({"schema": {"$ref": "#/components/schemas/All"}}));
    let document = json!({
        "openapi": "3.1.0",
        "webhooks": many(900, |nth| (format!("w{nth}"), json!({"post": hook}))),
        "components": {"schemas": schemas},
    });
    let refused = soon(|| openapi(&document).unwrap_err());
    assert!(refused.starts_with("`/webhooks/w") && refused.contains("split the document"), "{refused}");
}

#[test]
fn a_hundred_thousand_are_cut_at_a_thousand() {
    let check = |imported: Imported| {
        assert_eq!(imported.documents.len(), 1000);
        let [(_, ImportFate::Impossible, detail)] = amiss(&imported)[..] else {
            panic!("{:?}", amiss(&imported))
        };
        assert!(detail.contains("at most 1000 event types"), "{detail}");
    };
    let hooks = many(100_000, |nth| (format!("w{nth}"), json!({"post": {}})));
    check(soon(|| openapi(&json!({"openapi": "3.1.0", "webhooks": hooks})).unwrap()));
    let messages = many(100_000, |nth| (format!("m{nth}"), json!({})));
    check(soon(|| {
        asyncapi(&json!({"asyncapi": "3.0.0", "channels": {"c": {"messages": messages}}})).unwrap()
    }));
    let each: Vec<_> = (0..100_000).map(|nth| typed(&nth.to_string())).collect();
    check(soon(|| openapi(&hook("3.1.0", json!({"oneOf": each, "required": ["a"]}), json!({}))).unwrap()));
}

#[test]
fn notes_are_bounded() {
    let same =
        many(50_000, |nth| (format!("w{nth}"), json!({"post": body(json!({"schema": typed("same")}))})));
    let imported = soon(|| openapi(&json!({"openapi": "3.1.0", "webhooks": same})).unwrap());
    assert_eq!((imported.documents.len(), imported.notes.len()), (1, 4000));
    assert!(imported.notes[3999].detail.contains("there is more to say"));
    let long =
        json!({"openapi": "3.1.0", "webhooks": {"a".repeat(1 << 20): {"post": {}}, "b": {"post": {}}}});
    let imported = openapi(&long).unwrap();
    assert!(names(&imported) == ["b"] && imported.notes.iter().all(|note| note.detail.len() < 300));
}

#[test]
fn deep_nesting_takes_no_stack() {
    let nested =
        |levels: usize, keyword: &str| (0..levels).fold(json!({}), |inner, _| json!({ keyword: inner }));
    // A thread has 2 MiB, as tests do.
    let document = hook("3.0.0", nested(100, "not"), json!({}));
    assert!(amiss(&openapi(&document).unwrap())[0].2.contains("over 64 schemas"));
    let document = hook("3.0.0", nested(115, "default"), json!({}));
    assert_eq!(openapi(&document).unwrap().documents.len(), 1);
    let document = hook("3.0.0", nested(1000, "default"), json!({}));
    assert!(openapi(&document).unwrap_err().contains("levels deep; at most 128"));
    let nullable = (0..60).fold(json!({}), |inner, _| json!({"nullable": true, "not": inner}));
    assert!(amiss(&openapi(&hook("3.0.0", nullable, json!({}))).unwrap())[0].2.contains("at most 120"));
}

#[test]
fn long_names_behind_short_references_end() {
    let long = "a".repeat(3000);
    let schemas =
        json!({"Short": {"$ref": format!("#/components/schemas/{long}")}, long: {"properties": {"b": {}}}});
    let schema = json!({"items": {"$ref": "#/components/schemas/Short/properties/b"}});
    let imported = openapi(&hook("3.1.0", schema, schemas)).unwrap();
    assert!(amiss(&imported)[0].2.contains("2000 bytes of names"), "{:?}", imported.notes);
}

#[test]
fn anything_anywhere_is_read_without_panic() {
    let odd = [
        json!(null),
        json!(0),
        json!(""),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"$ref": "#"}),
        json!(true),
    ];
    let full = json!({
        "openapi": "3.0.0", "asyncapi": "2.0.0",
        "webhooks": {"a": {"post": {"tags": ["t"], "description": "d",
            "requestBody": {"content": {"application/json":
            {"schema": {"oneOf": [{"properties": {"type": {"const": "a"}}}, {"allOf": [{}]}], "enum": [1],
                "discriminator": {"propertyName": "a", "mapping": {"a": "b"}}},
                "examples": {"a": {"value": 1}}}}}}}},
        "paths": {"/a": {"get": {"callbacks": {"a": {"b": {"post": {}}}}}}},
        "operations": {"o": {"channel": {"messages": {"m": {}}}, "messages": [{}]}},
        "channels": {"c": {"publish": {"message": {"oneOf": [{"payload": {"items": [{}]}, "traits": [{}]}]}},
            "messages": {"m": {"payload": {"schema": {}, "schemaFormat": "x"}, "tags": [{"name": "a"}],
                "examples": [{"payload": 1}], "schemaFormat": "y"}}}},
        "components": {"messages": {"m": {"headers": {}}}},
    });
    let mut pointers = vec![String::new()];
    let mut at = 0;
    while let Some(pointer) = pointers.get(at).cloned() {
        at += 1;
        let steps: Vec<_> = match full.pointer(&pointer) {
            Some(Value::Object(fields)) => fields.keys().map(|key| key.replace('/', "~1")).collect(),
            Some(Value::Array(items)) => (0..items.len()).map(|nth| nth.to_string()).collect(),
            _ => Vec::new(),
        };
        pointers.extend(steps.iter().map(|step| format!("{pointer}/{step}")));
        for value in &odd {
            let mut changed = full.clone();
            *changed.pointer_mut(&pointer).unwrap() = value.clone();
            for version in ["2.0.0", "3.0.0", "3.1.0"] {
                for kind in ["openapi", "asyncapi"] {
                    if let Some(field) = changed.as_object_mut() {
                        field.insert(kind.to_owned(), json!(version));
                    }
                }
                let _ = openapi(&changed);
                let _ = asyncapi(&changed);
            }
        }
    }
    assert!(at > 60);
}
