//! Whole exports, and what strangers might send.

use serde_json::Value;
use serde_json::json;

use crate::import::*;

type Importer = fn(&Value) -> Result<Imported, String>;

const IMPORTERS: [(&str, Importer); 5] = [
    ("hookdeck", hookdeck),
    ("hookdeck-terraform", hookdeck),
    ("svix", svix),
    ("convoy", convoy),
    ("n8n", n8n),
];

fn read(name: &str) -> Value {
    let path = format!("{}/src/import/testdata/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn written(imported: &Imported) -> Value {
    let note =
        |note: &ImportNote| json!({"at": note.at, "fate": format!("{:?}", note.fate), "detail": note.detail});
    json!({"documents": imported.documents, "notes": imported.notes.iter().map(note).collect::<Vec<_>>()})
}

#[test]
fn examples_come_to_what_is_expected() {
    for (name, import) in IMPORTERS {
        let dump = read(name);
        let made = import(&dump).unwrap();
        let seen = written(&made);
        assert_eq!(seen, read(&format!("{name}.expected")), "{name}");
        for note in &made.notes {
            assert!(
                dump.pointer(&note.at).is_some() || is_about_what_is_missing(&dump, &note.at),
                "{name}: {}",
                note.at
            );
        }
        let text = seen.to_string();
        for secret in ["invented\"", "invented-", "shpss_", "whsec_invented"] {
            assert!(!text.contains(secret), "{name} has {secret}");
        }
        check_documents(&made.documents);
    }
}

/// Some notes are about a member that is not there, or inside a text of JSON.
fn is_about_what_is_missing(dump: &Value, at: &str) -> bool {
    let mut outer = at;
    while let Some((before, _)) = outer.rsplit_once('/') {
        outer = before;
        if dump.pointer(outer).is_some() {
            return outer.matches('/').count() > 1;
        }
    }
    false
}

/// What hookmill asks of every document, as far as it can be asked here.
fn check_documents(documents: &[Value]) {
    let named = |resource: &str| -> Vec<&str> {
        let of = documents.iter().filter(|document| document["resource"] == resource);
        of.filter_map(|document| document["name"].as_str()).collect()
    };
    let (sources, destinations) = (named("source"), named("destination"));
    for list in [&sources, &destinations, &named("connection"), &named("event_type")] {
        let mut unique = (*list).clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), list.len());
    }
    for document in documents {
        let members: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
        let known: &[&str] = match document["resource"].as_str().unwrap() {
            "source" => &["require_key", "basic", "verification", "idempotency", "methods", "response"],
            "destination" => {
                &["url", "method", "headers", "auth", "signing", "timeout_ms", "retry", "concurrency", "rate"]
            }
            "connection" => &["source", "event_types", "steps", "destination", "retry"],
            "event_type" => &["group", "description", "schema", "example"],
            other => panic!("{other}"),
        };
        for member in members {
            assert!(["resource", "name", "state"].contains(&member) || known.contains(&member), "{member}");
        }
        let name = document["name"].as_str().unwrap();
        assert!(!name.is_empty() && name.chars().count() <= 100 && name.trim() == name, "{name:?}");
        assert!(!name.contains(['/', '?', '#', '%']) && !name.chars().any(char::is_control), "{name:?}");
        if document["resource"] == "connection" {
            let source = document["source"].as_str().unwrap();
            assert!(source == "published" || sources.contains(&source));
            assert!(destinations.contains(&document["destination"].as_str().unwrap()));
        }
    }
}

#[test]
fn strangers_files_are_refused_in_words() {
    let mut deep = json!({"models": []});
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let many = json!({"models": vec![json!({"source": {}, "destination": {}}); 1001]});
    for (name, import) in IMPORTERS {
        for dump in [
            json!(null),
            json!([]),
            json!({}),
            json!("x"),
            json!({"models": 1}),
            json!([1, null]),
            deep.clone(),
        ] {
            let error = import(&dump).unwrap_err();
            assert!(error.len() > 40, "{name}: {error}");
        }
    }
    assert!(hookdeck(&many).unwrap_err().contains("1001"));
}

/// Every value of every example in the place of every other kind: nothing panics, and what comes out is whole.
#[test]
fn nothing_panics_on_what_is_bent() {
    let bends = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(18_446_744_073_709_551_615_u64),
        json!(""),
        json!("={{ }}"),
        json!("\u{0}ä/%#?"),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"": {"$or": [{}]}}),
        json!("x".repeat(3000)),
    ];
    for (name, import) in IMPORTERS {
        let dump = read(name);
        let mut pointers = Vec::new();
        collect(&dump, String::new(), &mut pointers);
        for pointer in &pointers {
            for bend in &bends {
                let mut bent = dump.clone();
                *bent.pointer_mut(pointer).unwrap() = bend.clone();
                if let Ok(made) = import(&bent) {
                    check_documents(&made.documents);
                }
            }
        }
    }
}

fn collect(value: &Value, at: String, pointers: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(nth, one)| collect(one, format!("{at}/{nth}"), pointers))
        }
        Value::Object(members) => members.iter().for_each(|(name, one)| {
            collect(one, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), pointers);
        }),
        _ => {}
    }
    pointers.push(at);
}
