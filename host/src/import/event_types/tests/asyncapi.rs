//! Where event types are in AsyncAPI documents, and what is read of each.

use crate::import::event_types::asyncapi;
use crate::import::event_types::tests::*;

#[test]
fn messages_of_version_2() {
    let imported = asyncapi(&json!({
        "asyncapi": "2.6.0",
        "channels": {
            "contacts": {"subscribe": {"operationId": "onContact", "message": {"oneOf": [
                {"$ref": "#/components/messages/Created"},
                {"messageId": "deleted", "payload": typed("contact.gone")},
                {"messageId": "merged"}]}}},
            "orders": {"publish": {"message": {"summary": "Paid."}}},
            "again": {"$ref": "#/components/channels/again"},
        },
        "components": {
            "channels": {"again": {"publish": {"message": {"$ref": "#/components/messages/Created"}}}},
            "messages": {
                "Created": {
                    "name": "contact.created", "tags": [{"name": "contacts"}], "description": "D.",
                    "payload": {"$ref": "#/components/schemas/Contact"},
                    "examples": [{"headers": {}}, {"payload": {"id": 1}}, {"payload": {"id": 2}}],
                },
                "Unused": {},
            },
            "schemas": {"Contact": {"properties": {"id": {"type": "integer"}}}},
        },
    }))
    .unwrap();
    assert_eq!(names(&imported), ["contact.created", "contact.gone", "merged", "orders", "Unused"]);
    assert!(amiss(&imported).is_empty(), "{:?}", imported.notes);
    assert_eq!(
        imported.documents[0],
        json!({"resource": "event_type", "name": "contact.created", "group": "contacts", "description": "D.",
            "schema": {"properties": {"id": {"type": "integer"}}}, "example": {"id": 1}})
    );
    assert_eq!(imported.documents[3]["description"], "Paid.");
    assert_eq!(imported.notes[0].at, "/components/messages/Created");
}

#[test]
fn messages_of_version_3() {
    let imported = asyncapi(&json!({
        "asyncapi": "3.0.0",
        "operations": {
            "some": {"action": "send", "channel": {"$ref": "#/channels/second"},
                "messages": [{"$ref": "#/channels/second/messages/b"}]},
            "all": {"action": "receive", "channel": {"$ref": "#/components/channels/apart"}},
        },
        "channels": {
            "first": {"messages": {"a": {"$ref": "#/components/messages/A"}}},
            "second": {"messages": {"b": {"payload": {"type": "object"}},
                "c": {"name": "c.named", "payload": typed("x")}}},
        },
        "components": {
            "channels": {"apart": {"messages": {"d": {"payload": typed("d.typed")}}}},
            "messages": {"A": {"tags": [{"$ref": "#/components/tags/t"}]}, "E": {}},
            "tags": {"t": {"name": "group"}},
        },
    }))
    .unwrap();
    assert_eq!(names(&imported), ["b", "d.typed", "a", "c.named", "E"]);
    assert!(amiss(&imported).is_empty(), "{:?}", imported.notes);
    assert_eq!(imported.documents[2]["group"], "group");
}

#[test]
fn traits_are_merged_in_order() {
    let check = |version: &str, expected: [Value; 3]| {
        let message = json!({"name": "own", "payload": true, "traits": [
            {"name": "first", "summary": "first", "tags": [{"name": "first"}]},
            {"$ref": "#/components/messageTraits/second"}]});
        let document = json!({"asyncapi": version, "components": {"messages": {"m": message},
            "messageTraits": {"second": {"summary": "second", "tags": null}}}});
        let made = asyncapi(&document).unwrap().documents.remove(0);
        assert_eq!([&made["name"], &made["description"], &made["group"]], expected.each_ref(), "{version}");
    };
    check("2.6.0", [json!("first"), json!("second"), Value::Null]);
    check("3.0.0", [json!("own"), json!("second"), Value::Null]);
}

#[test]
fn only_json_schema_is_taken() {
    let check = |version: &str, message: Value, schema: Value, noted: Option<&str>| {
        let document = json!({"asyncapi": version, "components": {"messages": {"m": message}}});
        let imported = asyncapi(&document).unwrap();
        assert_eq!(imported.documents[0]["schema"], schema, "{document}: {:?}", imported.notes);
        assert_eq!(amiss(&imported).first().map(|note| note.0), noted, "{document}");
    };
    let tuple = || json!({"items": [{}], "nullable": true, "type": "array"});
    let taken = json!({"prefixItems": [{}], "nullable": true, "type": "array"});
    for format in
        ["application/vnd.aai.asyncapi+yaml;version=2.0.0", "application/schema+json;version=draft-07"]
    {
        check("2.6.0", json!({"schemaFormat": format, "payload": tuple()}), taken.clone(), None);
        check("3.0.0", json!({"payload": {"schemaFormat": format, "schema": tuple()}}), taken.clone(), None);
    }
    let format = "application/vnd.oai.openapi;version=3.0.0";
    let nullable = json!({"prefixItems": [{}], "type": ["array", "null"]});
    check("2.6.0", json!({"schemaFormat": format, "payload": tuple()}), nullable.clone(), None);
    check("3.0.0", json!({"payload": {"schemaFormat": format, "schema": tuple()}}), nullable, None);
    for format in ["application/vnd.apache.avro;version=1.9.0", "application/vnd.google.protobuf"] {
        let at = Some("/components/messages/m/schemaFormat");
        check("2.6.0", json!({"schemaFormat": format, "payload": {"type": "record"}}), Value::Null, at);
        let at = Some("/components/messages/m/payload/schemaFormat");
        check(
            "3.0.0",
            json!({"payload": {"schemaFormat": format, "schema": "message A {}"}}),
            Value::Null,
            at,
        );
    }
    let format = "application/vnd.aai.asyncapi;version=3.0.0";
    let inner = json!({"messages": {"m": {"payload": {"items": {"$ref": "#/components/schemas/S"}}}},
        "schemas": {"S": {"schemaFormat": format, "schema": {"title": "S"}}}});
    let made = asyncapi(&json!({"asyncapi": "3.0.0", "components": inner})).unwrap();
    assert_eq!(made.documents[0]["schema"]["$defs"]["S"], json!({"title": "S"}), "{:?}", made.notes);
    let at = Some("/components/messages/m/headers");
    check("3.0.0", json!({"headers": {}, "payload": {"type": "object"}}), json!({"type": "object"}), at);
    check(
        "3.0.0",
        json!({"payload": {"$ref": "other.avsc"}}),
        Value::Null,
        Some("/components/messages/m/payload"),
    );
}

#[test]
fn a_document_with_no_message_is_refused() {
    let check = |document: Value, words: &str| {
        let refused = asyncapi(&document).unwrap_err();
        assert!(refused.contains(words), "{document}: {refused}");
    };
    check(
        json!({"asyncapi": "2.0.0", "channels": {"a": {"publish": {}}}}),
        "looked in `operations`, `channels`",
    );
    check(json!({"asyncapi": "3.0.0"}), "no message");
    check(json!({"asyncapi": "1.2.0"}), "/asyncapi: is `1.2.0`");
    check(json!(null), "/asyncapi: is `null`");
}
