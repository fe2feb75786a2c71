//! Where event types are in OpenAPI documents, and what is read of each.

use crate::import::event_types::openapi;
use crate::import::event_types::tests::*;

#[test]
fn a_webhook_is_an_event_type() {
    let imported = openapi(&json!({
        "openapi": "3.1.0",
        "webhooks": {"contact.created": {"post": {
            "tags": ["contacts", "crm"],
            "summary": "Short.",
            "description": " Long. ",
            "requestBody": {"$ref": "#/components/requestBodies/Contact"},
        }}},
        "components": {
            "requestBodies": {"Contact": {"content": {"application/xml": {},
                "application/json; charset=utf-8": {
                "schema": {"type": "object"},
                "examples": {"one": {"$ref": "#/components/examples/one"}},
            }}}},
            "examples": {"one": {"value": {"id": 1}}},
        },
    }))
    .unwrap();
    let document = json!({"resource": "event_type", "name": "contact.created", "group": "contacts",
        "description": "Long.", "schema": {"type": "object"}, "example": {"id": 1}});
    assert_eq!(imported.documents, [document]);
    let [note] = &imported.notes[..] else { panic!("{:?}", imported.notes) };
    assert_eq!((note.at.as_str(), note.fate), ("/webhooks/contact.created/post", ImportFate::Exact));
}

#[test]
fn webhooks_are_found_wherever_they_are() {
    let op = || body(json!({"schema": {"type": "object"}}));
    let check = |document: Value, expected: &[&str]| {
        let imported = openapi(&document).unwrap();
        assert_eq!(names(&imported), expected, "{document}: {:?}", imported.notes);
        assert!(amiss(&imported).is_empty(), "{:?}", imported.notes);
    };
    check(json!({"openapi": "3.0.1", "x-webhooks": {"a": {"post": op()}, "b": {"put": {}}}}), &["a", "b"]);
    check(
        json!({"openapi": 3.1, "webhooks": {"a": {"$ref": "#/components/pathItems/A"}},
        "components": {"pathItems": {"A": {"post": op()}}}}),
        &["a"],
    );
    check(
        json!({"openapi": "3.2.0", "webhooks": {"a": {"query": op()}, "b": {"additionalOperations":
        {"NOTIFY": op()}}}}),
        &["a", "b"],
    );
    check(
        json!({"openapi": "3.0.0", "paths": {"x-a": 1, "/a": {"post": {"callbacks": {
        "onA": {"{$request.body#/url}": {"post": op()}, "x-b": 1},
        "onB": {"$ref": "#/components/callbacks/B"}}}}},
        "components": {"callbacks": {"B": {"{$url}": {"post": op()}}}}}),
        &["onA", "onB"],
    );
    check(
        json!({"openapi": "3.1.0", "webhooks": {"a": {"post": body(json!({"schema": typed("x.y")}))}},
        "paths": {"/a": {"get": {"callbacks": {"b": {"u": {"post": op()}}}}}}}),
        &["x.y", "b"],
    );
}

#[test]
fn a_name_is_what_the_payload_says() {
    let check = |schema: Value, expected: &str| {
        let common = json!({"properties": {"event": {"$ref": "#/components/schemas/Name"}}});
        let schemas = json!({"Name": {"enum": ["referred"]}, "Common": common, "Loop": {"allOf": [
            {"$ref": "#/components/schemas/Loop"}, {"$ref": "#/components/schemas/Common"}]}});
        let imported = openapi(&hook("3.1.0", schema.clone(), schemas)).unwrap();
        assert_eq!(names(&imported), [expected], "{schema}");
    };
    check(json!({"properties": {"type": {"const": "a.b"}}}), "a.b");
    check(json!({"properties": {"event": {"enum": ["a.b"]}}}), "a.b");
    check(json!({"properties": {"event_type": {"const": "c"}, "event": {"const": "b"}}}), "b");
    check(json!({"properties": {"event": {"const": "b"}, "type": {"const": "a"}}}), "a");
    check(json!({"properties": {"type": {"enum": ["a", "b"]}}}), "hook");
    check(json!({"properties": {"type": {"const": 3}, "kind": {"const": "a"}}}), "hook");
    check(json!({"$ref": "#/components/schemas/Common"}), "referred");
    check(json!({"allOf": [{"$ref": "#/components/schemas/Common"}]}), "referred");
    check(json!({"$ref": "#/components/schemas/Loop"}), "referred");
    check(
        json!({"$ref": "#/components/schemas/Common", "properties": {"type": {"const": "beside"}}}),
        "beside",
    );
}

#[test]
fn a_schema_for_several_is_one_event_type_for_each() {
    let each = json!([{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]);
    let untyped = json!({"A": {"title": "A"}, "B": {"title": "B"}});
    let schemas = json!({"A": typed("a"), "B": {"description": "Of B.", "allOf": [typed("b")]}});
    let check = |schema: Value, schemas: &Value, expected: &[&str]| {
        let imported = openapi(&hook("3.0.3", schema.clone(), schemas.clone())).unwrap();
        assert_eq!(names(&imported), expected, "{schema}: {:?}", imported.notes);
        imported.documents
    };
    let mapping = json!({"propertyName": "kind", "mapping":
        {"one": "#/components/schemas/A", "two": "B", "three": "B"}});
    let made =
        check(json!({"oneOf": each, "discriminator": {"propertyName": "type"}}), &schemas, &["a", "b"]);
    assert_eq!(made[0]["schema"], typed("a"));
    assert_eq!(made[1]["description"], "Of B.");
    check(json!({"anyOf": each}), &schemas, &["a", "b"]);
    check(json!({"oneOf": each}), &untyped, &["hook"]);
    check(json!({"oneOf": each, "discriminator": mapping}), &untyped, &["one", "two", "three"]);
    check(json!({"oneOf": each}), &json!({"A": typed("a"), "B": typed("a")}), &["hook"]);
    // What stands beside them holds for each, and a reference to it still means all.
    let whole = json!({"Whole": {"oneOf": each, "required": ["id"], "properties": {"before":
        {"$ref": "#/components/schemas/Whole"}}}, "A": typed("a"), "B": typed("b")});
    let made = check(json!({"$ref": "#/components/schemas/Whole"}), &whole, &["a", "b"]);
    let schema = &made[1]["schema"];
    assert_eq!(schema["allOf"], json!([{"$ref": "#/$defs/B"}]), "{schema}");
    assert_eq!(
        (&schema["required"], &schema["properties"]["before"]["$ref"]),
        (&json!(["id"]), &json!("#/$defs/Whole"))
    );
    assert_eq!(schema["$defs"]["Whole"]["oneOf"][0], json!({"$ref": "#/$defs/A"}));
}

#[test]
fn an_example_is_the_first_that_fits() {
    let check = |media: Value, expected: &[Value]| {
        let document = json!({"openapi": "3.1.0", "webhooks": {"hook": {"post": body(media.clone())}}});
        let imported = openapi(&document).unwrap();
        let examples: Vec<_> =
            imported.documents.iter().map(|document| document["example"].clone()).collect();
        assert_eq!(examples, expected, "{media}: {:?}", imported.notes);
    };
    check(json!({"example": 1, "examples": {"a": {"value": 2}}}), &[json!(1)]);
    check(json!({"examples": {"a": {"externalValue": "b.json"}, "c": {"dataValue": 3}}}), &[json!(3)]);
    check(json!({"schema": {"type": "object", "example": {"a": 1}}}), &[json!({"a": 1})]);
    check(json!({"schema": {"type": "object", "examples": [4, 5]}}), &[json!(4)]);
    check(json!({"example": "a".repeat(70_000)}), &[Value::Null]);
    let two = json!({"oneOf": [typed("a"), typed("b")]});
    check(
        json!({"schema": two, "examples": {"x": {"value": {"type": "b"}}}}),
        &[Value::Null, json!({"type": "b"})],
    );
}

#[test]
fn what_is_amiss_is_noted_with_its_place() {
    let check = |webhooks: Value, kept: &[&str], at: &str, words: &str| {
        let document = json!({"openapi": "3.1.0", "webhooks": webhooks});
        let imported = openapi(&document).unwrap();
        let [(place, _, detail)] = amiss(&imported)[..] else { panic!("{:?}", imported.notes) };
        assert!(place == at && detail.contains(words), "{document}: {place}: {detail}");
        assert_eq!(names(&imported), kept);
    };
    check(json!({"a": {"post": {}, "put": {}}}), &["a"], "/webhooks/a/put", "`a` was found before");
    check(json!({"": {"post": {}}}), &[], "/webhooks//post", "1 to 200 characters");
    let at = format!("/webhooks/{}/post", "é".repeat(201));
    check(json!({"é".repeat(201): {"post": {}}}), &[], &at, "1 to 200 characters");
    check(json!({"a": {"parameters": []}}), &[], "/webhooks/a", "no operation");
    check(json!({"a": {"$ref": "b.yaml"}}), &[], "/webhooks/a", "outside");
    check(json!([]), &[], "/webhooks", "is not an object");
    check(
        json!({"a": {"post": {"requestBody": {"content": {"text/plain": {}}}}}}),
        &["a"],
        "/webhooks/a/post/requestBody/content",
        "none of its media types is JSON",
    );
    check(
        json!({"a": {"post": {"description": "é".repeat(1001)}}}),
        &["a"],
        "/webhooks/a/post",
        "first 1000",
    );
    check(
        json!({"a": {"post": body(json!({"schema": {"properties": {"type": {"enum": ["x", "y"]}}}}))}}),
        &["a"],
        "/webhooks/a/post/requestBody/content/application~1json/schema",
        "one of 2 types",
    );
    let imported =
        openapi(&json!({"openapi": "3.1.0", "webhooks": {"é".repeat(200): {"post": {}}}})).unwrap();
    assert_eq!(imported.documents.len(), 1);
}

#[test]
fn a_document_with_no_event_is_refused() {
    let check = |document: Value, words: &str| {
        let refused = openapi(&document).unwrap_err();
        assert!(refused.contains(words), "{document}: {refused}");
    };
    check(json!({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}), "looked for operations in `webhooks`");
    check(json!({"openapi": "3.1.0", "webhooks": {}, "paths": null}), "no event");
    check(json!({"swagger": "2.0"}), "convert it to OpenAPI 3");
    check(json!({"openapi": "4.0.0"}), "/openapi: is `4.0.0`");
    check(json!({}), "/openapi: is `null`");
    check(json!([1]), "/openapi: is `null`");
    check(json!("text"), "/openapi: is `null`");
}
