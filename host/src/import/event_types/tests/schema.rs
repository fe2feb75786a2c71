//! What becomes of schemas.

use crate::import::event_types::openapi;
use crate::import::event_types::tests::*;

fn made(version: &str, schema: Value, schemas: Value) -> Value {
    let imported = openapi(&hook(version, schema, schemas)).unwrap();
    assert!(amiss(&imported).is_empty(), "{:?}", imported.notes);
    imported.documents[0]["schema"].clone()
}

#[test]
fn a_schema_of_openapi_3_0_is_one_of_2020_12() {
    let check = |schema: Value, expected: Value| {
        assert_eq!(made("3.0.3", schema.clone(), json!({})), expected, "{schema}");
    };
    check(json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]}));
    check(json!({"type": "string", "nullable": false}), json!({"type": "string"}));
    check(
        json!({"type": "string", "nullable": true, "enum": ["a"]}),
        json!({"type": ["string", "null"], "enum": ["a", null]}),
    );
    check(json!({"nullable": true, "enum": ["a", null]}), json!({"enum": ["a", null]}));
    check(
        json!({"nullable": true, "allOf": [{"type": "object"}]}),
        json!({"anyOf": [{"allOf": [{"type": "object"}]}, {"type": "null"}]}),
    );
    check(
        json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false}),
        json!({"exclusiveMinimum": 1, "maximum": 9}),
    );
    check(json!({"exclusiveMinimum": true}), json!({}));
    check(
        json!({"type": "object", "x-a": 1, "xml": {}, "externalDocs": {},
            "discriminator": {"propertyName": "a"},
            "$schema": "http://json-schema.org/draft-04/schema#", "$id": "https://example.com/a"}),
        json!({"type": "object"}),
    );
    // Names of properties and data are no keywords.
    check(
        json!({"properties": {"nullable": {"example": 1}, "x-a": {},
            "$ref": {"type": "string"}, "example": {}},
            "default": {"$ref": "https://example.com", "nullable": true}}),
        json!({"properties": {"nullable": {"examples": [1]}, "x-a": {},
            "$ref": {"type": "string"}, "example": {}},
            "default": {"$ref": "https://example.com", "nullable": true}}),
    );
    check(
        json!({"items": [{"type": "string"}], "additionalItems": false}),
        json!({"prefixItems": [{"type": "string"}], "items": false}),
    );
    check(
        json!({"dependencies": {"a": ["b"], "c": {"nullable": true, "type": "string"}}}),
        json!({"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"type": ["string", "null"]}}}),
    );
}

#[test]
fn what_is_referred_to_is_bundled() {
    let check = |version: &str, schema: Value, schemas: Value, expected: Value| {
        assert_eq!(made(version, schema.clone(), schemas), expected, "{schema}");
    };
    let two =
        json!({"A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}}, "B": {"type": "string"}});
    check(
        "3.1.0",
        json!({"$ref": "#/components/schemas/A"}),
        two.clone(),
        json!({"properties": {"b": {"$ref": "#/$defs/B"}}, "$defs": {"B": {"type": "string"}}}),
    );
    // What stands beside a reference counts from 3.1 on.
    let beside = json!({"properties": {"b": {"$ref": "#/components/schemas/B", "description": "d"}}});
    let referring = |b: Value| json!({"properties": {"b": b}, "$defs": {"B": {"type": "string"}}});
    let kept = json!({"$ref": "#/$defs/B", "description": "d"});
    check("3.1.0", beside.clone(), two.clone(), referring(kept));
    check("3.0.0", beside, two.clone(), referring(json!({"$ref": "#/$defs/B"})));
    check("3.1.0", json!({"items": {"$ref": "#/components/schemas/A/properties/b"}}), two, {
        json!({"items": {"$ref": "#/$defs/B"}, "$defs": {"B": {"type": "string"}}})
    });
    // Recursion, in the schema itself and in one that it uses.
    let tree = json!({"Tree": {"items": {"$ref": "#/components/schemas/Tree"}}});
    check(
        "3.0.0",
        json!({"$ref": "#/components/schemas/Tree"}),
        tree.clone(),
        json!({"items": {"$ref": "#"}}),
    );
    check(
        "3.1.0",
        json!({"properties": {"tree": {"$ref": "#/components/schemas/Tree"}}}),
        tree,
        json!({"properties": {"tree": {"$ref": "#/$defs/Tree"}},
            "$defs": {"Tree": {"items": {"$ref": "#/$defs/Tree"}}}}),
    );
    // Escapes, and names that come to the same.
    check(
        "3.1.0",
        json!({"allOf": [{"$ref": "#/components/schemas/a~1b"}, {"$ref": "#/components/schemas/a%20b"},
            {"$ref": "#/components/schemas/%C3%A9~0"},
            {"$ref": "#/components/schemas/a~1b/properties/a_b"}]}),
        json!({"a/b": {"properties": {"a_b": true}}, "a b": {"title": "2"}, "é~": {"title": "3"}}),
        json!({"allOf": [{"$ref": "#/$defs/a_1b"}, {"$ref": "#/$defs/a_b"}, {"$ref": "#/$defs/__0"},
                {"$ref": "#/$defs/a_b_4"}],
            "$defs": {"a_1b": {"properties": {"a_b": true}}, "a_b": {"title": "2"}, "__0": {"title": "3"},
                "a_b_4": true}}),
    );
    // Parts of its own, as a schema out of a file of its own has them.
    check(
        "3.1.0",
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"type": "null"}}, "items": {"$ref": "#/$defs/a"}}),
        json!({}),
        json!({"items": {"$ref": "#/$defs/b"}, "$defs": {"b": {"type": "null"}}}),
    );
}

#[test]
fn a_reference_that_leads_nowhere_costs_the_schema() {
    let check = |reference: &str, words: &str| {
        let schema = json!({"properties": {"a/b": {"$ref": reference}}});
        let imported =
            openapi(&hook("3.1.0", schema, json!({"A": {"$ref": "#/components/schemas/A"}}))).unwrap();
        let place = "/webhooks/hook/post/requestBody/content/application~1json/schema/properties/a~1b";
        let [(at, ImportFate::Impossible, detail)] = amiss(&imported)[..] else {
            panic!("{:?}", imported.notes)
        };
        assert!(at == place && detail.contains(words), "{reference}: {at}: {detail}");
        assert_eq!(imported.documents, [json!({"resource": "event_type", "name": "hook"})], "{reference}");
        assert_eq!(imported.notes[1].fate, ImportFate::Approximated);
    };
    check("https://example.com/a.json#/a", "outside of the document");
    check("a.yaml", "bundle the document into one file first");
    check("#/components/schemas/B", "since `/components/schemas` has no `B`");
    check("#/components/schemas/A", "maybe in a circle");
    check("#anchor", "names an anchor");
    check("#/%zz", "stands for no UTF-8");
    check("#/%c3", "stands for no UTF-8");
    check("#/%c", "stands for no UTF-8");
    let imported = openapi(&hook("3.1.0", json!({"$ref": "a.yaml"}), json!({}))).unwrap();
    assert_eq!(
        [imported.notes[0].fate, imported.notes[1].fate],
        [ImportFate::Impossible, ImportFate::Approximated]
    );
}

#[test]
fn what_is_no_schema_is_left_out() {
    let check = |schema: Value, at: &str, words: &str| {
        let imported = openapi(&hook("3.1.0", schema.clone(), json!({}))).unwrap();
        let [(place, ImportFate::Impossible, detail)] = amiss(&imported)[..] else {
            panic!("{:?}", imported.notes)
        };
        assert!(place.ends_with(at) && detail.contains(words), "{schema}: {place}: {detail}");
        assert!(imported.documents[0].get("schema").is_none());
    };
    check(json!([]), "/schema", "has to be an object");
    check(json!(false), "/schema", "has to be an object");
    check(json!({"items": 3}), "/schema/items", "`3` is no schema");
    check(json!({"oneOf": {}}), "/schema/oneOf", "not what it takes");
    check(json!({"properties": []}), "/schema/properties", "not what it takes");
    check(json!({"$ref": 3}), "/schema/$ref", "is not followed");
    check(json!({"items": {"$dynamicRef": "#a"}}), "/schema/items/$dynamicRef", "is not followed");
    check(json!({"title": "a".repeat(70_000)}), "/schema", "at most 65536");
    check(json!({"enum": vec![1; 40_000]}), "/schema", "at most 65536");
    assert!(made("3.1.0", json!(true), json!({})).is_null());
}
