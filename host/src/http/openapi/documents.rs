//! The JSON Schema of configuration documents, for editors and CI. It is made of the schemas by which the API describes
//! and reads the bodies that make resources, so the two cannot differ. What the command line looks up (`$env`, `$file`)
//! may stand anywhere in a document; here it is said only where it is of use: in the places of secrets, headers and URLs.
//! Not here: how documents are read (`api::configuration::documents`).

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// What there is: as `resource` says it, and the body that the rest of the document is.
const DOCUMENTS: [(&str, &str); 8] = [
    ("source", "SourceBody"),
    ("destination", "DestinationBody"),
    ("connection", "ConnectionBody"),
    ("table", "TableBody"),
    ("event_type", "EventTypeBody"),
    ("plugin", "PluginDocument"),
    ("secret", "SecretDocument"),
    ("workspace", "WorkspaceBody"),
];
/// What may stand in the place of a text, by where that is: the names of `$defs`, and of what is one of `STAND_INS`.
const ELSEWHERE: [(&str, &[&str]); 3] = [
    (SECRET, &["$env", "$file", "$keep", "$secret"]),
    (HEADER, &["$env", "$file", "$keep"]),
    (TEXT, &["$env", "$file"]),
];
const SECRET: &str = "SecretElsewhere";
const HEADER: &str = "HeaderElsewhere";
const TEXT: &str = "TextElsewhere";
/// Names of numbers' sizes, which no other reader knows.
const SIZES: [&str; 5] = ["int32", "int64", "uint64", "float", "double"];
/// Where the description has what is named.
const COMPONENTS: &str = "#/components/schemas/";

/// The schema, by the description of the API.
pub(super) fn schema(openapi: &Value) -> Value {
    let components = &openapi["components"]["schemas"];
    let mut defs = Map::from_iter([("Document".to_owned(), any_document())]);
    let mut named = Vec::new();
    for (resource, body) in DOCUMENTS {
        let mut document = document(resource, &components[body]);
        complete(&mut document, &mut named);
        defs.insert(resource.to_owned(), document);
    }
    while let Some(name) = named.pop() {
        if !defs.contains_key(&name) {
            let mut schema = components[&name].clone();
            complete(&mut schema, &mut named);
            defs.insert(name, schema);
        }
    }
    defs.extend(ELSEWHERE.map(|(name, members)| (name.to_owned(), elsewhere(members))));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hookmill configuration",
        "description": "A document as `hookmill apply` takes it, or a list of them.",
        "if": {"type": "array"},
        "then": {"items": {"$ref": "#/$defs/Document"}},
        "else": {"$ref": "#/$defs/Document"},
        "$defs": defs,
    })
}

/// Which kind it is says what else is in it. A chain of conditions, so that what is told of a fault is about that kind
/// alone.
fn any_document() -> Value {
    let names = DOCUMENTS.map(|(resource, _)| resource);
    let kind = |resource: &str| {
        json!({
            "if": {"type": "object", "properties": {"resource": {"const": resource}}, "required": ["resource"]},
            "then": {"$ref": format!("#/$defs/{resource}")},
        })
    };
    json!({
        "type": "object",
        "properties": {"resource": {"description": "What this is.", "enum": names}},
        "required": ["resource"],
        "allOf": names.map(kind),
    })
}

/// A body as a document.
fn document(resource: &str, body: &Value) -> Value {
    let mut document = body.clone();
    let about = json!({"description": "What this is.", "const": resource});
    let was = json!({"description": "The name it had, where it gets another one.", "type": "string"});
    let mut properties = Map::from_iter([("resource".to_owned(), about)]);
    properties.extend(body["properties"].as_object().cloned().unwrap_or_default());
    match resource {
        // Sealed with its name, or uploaded under it.
        "secret" => {}
        "plugin" => {
            let file = "Instead of `version`: a module, as seen from the document's own file. `hookmill apply` uploads it.";
            properties
                .insert("file".to_owned(), json!({"description": file, "type": "string", "minLength": 1}));
        }
        _ => drop(properties.insert("was".to_owned(), was)),
    }
    let required = body["required"].as_array().cloned().unwrap_or_default();
    document["properties"] = properties.into();
    document["required"] = [vec!["resource".into()], required].concat().into();
    document
}

/// What stands for a text that is elsewhere. It says nothing of a text itself, so that it can be said beside one.
fn elsewhere(members: &[&str]) -> Value {
    let stand_in = |name: &&str| {
        let text = |about: &str| json!({"description": about, "type": "string", "minLength": 1});
        let schema = match *name {
            "$env" => text("The value of this variable in the environment of the command line."),
            "$file" => text("What is in this file, as seen from the document's own."),
            "$secret" => text("The secret of this name, which the workspace has."),
            _ => json!({"description": "What is there already.", "const": true}),
        };
        ((*name).to_owned(), schema)
    };
    json!({
        "properties": Map::from_iter(members.iter().map(stand_in)),
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    })
}

/// Makes a part of the description one of this schema; what it refers to is added to `named`.
fn complete(schema: &mut Value, named: &mut Vec<String>) {
    let members = match schema {
        Value::Array(items) => return items.iter_mut().for_each(|item| complete(item, named)),
        Value::Object(members) => members,
        _ => return,
    };
    if let Some(Value::String(reference)) = members.get_mut("$ref")
        && let Some(name) = reference.strip_prefix(COMPONENTS)
    {
        named.push(name.to_owned());
        *reference = format!("#/$defs/{name}");
    }
    if let Some(Value::String(about)) = members.get_mut("description") {
        *about = about.replace('\n', " ");
    }
    let format = members.get("format").and_then(Value::as_str).unwrap_or_default();
    if format == "password" {
        members.shift_remove("format");
        or_elsewhere(members, SECRET);
    } else if SIZES.contains(&format) {
        members.shift_remove("format");
    }
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        if let Some(Value::Object(url)) = properties.get_mut("url") {
            or_elsewhere(url, TEXT);
        }
        if let Some(Value::Object(value)) =
            properties.get_mut("headers").and_then(|headers| headers.get_mut("additionalProperties"))
        {
            or_elsewhere(value, HEADER);
        }
    }
    members.values_mut().for_each(|inner| complete(inner, named));
}

/// A text, or what stands for one.
fn or_elsewhere(text: &mut Map<String, Value>, which: &str) {
    if text.get("type").is_some_and(|kind| kind == "string") {
        text.insert("type".to_owned(), json!(["string", "object"]));
        text.insert("$ref".to_owned(), format!("#/$defs/{which}").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi::api;
    use crate::rules::config_presets::config_presets;
    use crate::shape::Budget;
    use crate::shape::Document;
    use crate::shape::Schema;

    fn compiled() -> Schema {
        Schema::compile(&schema(&api().1).to_string()).unwrap_or_else(|faults| panic!("{faults:#?}"))
    }

    /// Where a document does not fit.
    fn misfits(schema: &Schema, document: &Value) -> Vec<String> {
        let text = document.to_string();
        let read = Document::parse(text.as_bytes()).unwrap();
        let found = schema.misfits(read.root(), &mut Budget::default()).unwrap();
        found.into_iter().map(|misfit| misfit.pointer).collect()
    }

    #[test]
    fn what_is_taken_fits() {
        let schema = compiled();
        for document in [
            json!({"resource": "source", "name": "s", "was": "old", "basic": {"username": "u", "password": {"$keep": true}},
                "event_type": null, "response": {"headers": {"x-request-id": "7"}},
                "verification": {"secrets": ["a", {"$env": "A"}, {"$secret": "a"}],
                    "scheme": {"algorithm": "hmac-sha512", "signature": {"headers": ["x-sign"]}}}}),
            json!({"resource": "destination", "name": "d", "url": {"$env": "URL"}, "auth": {"bearer": {"$file": "token"}},
                "headers": {"x-team": "sales", "x-api-key": {"$keep": true}}, "signing": {"secret": {"$secret": "sign"}},
                "retry": {"delays": ["1s", 500], "statuses": [429, "500-599"]}, "payload_schema": {"type": "object"}}),
            json!({"resource": "connection", "name": "c", "source": "s", "destination": "d", "steps": [
                {"filter": {"path": "$.score", "gt": 0.5}}, {"mapping": {"version": 1, "output": "$"}},
                {"plugin": {"name": "p", "grants": ["kv", {"http": ["a.example"]}]}, "on_error": "drop"}]}),
            json!({"resource": "table", "name": "t", "columns": [{"name": "a", "type": "text"}], "key": ["a"]}),
            json!({"resource": "event_type", "name": "a.b", "group": "a", "schema": {"type": "object"}, "example": {}}),
        ] {
            assert_eq!(misfits(&schema, &document), Vec::<String>::new(), "{document}");
            assert_eq!(misfits(&schema, &json!([document])), Vec::<String>::new(), "in a list");
        }
    }

    #[test]
    fn what_is_refused_does_not_fit() {
        let schema = compiled();
        let destination = |name: &str, value: Value| {
            let mut document = json!({"resource": "destination", "name": "d"});
            document[name] = value;
            document
        };
        for document in [
            json!(7),
            json!({"name": "s"}),
            json!({"resource": "sorce", "name": "s"}),
            json!({"resource": "source"}),
            json!({"resource": "source", "name": "a/b"}),
            json!({"resource": "source", "name": "s", "method": ["POST"]}),
            json!({"resource": "source", "name": "s", "verification": {"preset": "github", "secret": {"$enf": "A"}}}),
            json!({"resource": "connection", "name": "c", "source": "s"}),
            json!([[{"resource": "source", "name": "s"}]]),
            destination("url", json!(7)),
            destination("url", json!({"$keep": true})),
            destination("url", json!("x".repeat(3000))),
            destination("url", json!({"$env": "A", "$file": "a"})),
            destination("headers", json!({"a": {"$secret": "a"}})),
            destination("auth", json!({"bearer": {}})),
            destination("auth", json!({"bearer": {"$keep": false}})),
        ] {
            assert_ne!(misfits(&schema, &document), Vec::<String>::new(), "{document}");
        }
    }

    #[test]
    fn the_documents_of_every_preset_fit() {
        let schema = compiled();
        for preset in config_presets() {
            let needed = preset.parameters.iter().filter(|one| one.required || one.name == "url");
            let given = needed.filter_map(|one| Some((one.name.clone(), one.example.clone()?))).collect();
            for document in preset.render(&given).unwrap() {
                assert_eq!(misfits(&schema, &document), Vec::<String>::new(), "{}: {document}", preset.name);
            }
        }
    }

    #[test]
    fn it_has_what_it_needs_and_no_more() {
        let schema = schema(&api().1);
        let text = schema.to_string();
        for name in schema["$defs"].as_object().unwrap().keys() {
            assert!(text.contains(&format!("\"#/$defs/{name}\"")), "{name} is there for nothing");
        }
        assert!(!text.contains(COMPONENTS) && !text.contains("\"format\":\"int"), "{text}");
    }
}
