//! What documents look like, for editors and CI: what a gateway has fits by a validator of other authors, so does what the
//! README shows, and a misspelt field does not.

use std::path::Path;

use hookmill_tests::Gateway;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::gateway::root;
use serde_json::Value;
use serde_json::json;

async fn printed(args: &[&str]) -> String {
    let output = hookmill().args(args).output().await.expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What the validator says of a file in a folder that has the schema, and whether it fits.
async fn validate(folder: &Path, file: &str) -> (bool, String) {
    let mut command = tokio::process::Command::new(root().join("target/documents/bin/python"));
    command.arg(root().join("tests/documents/validate.py")).args(["hookmill.schema.json", file]);
    let ran = command.current_dir(folder).output().await.expect("python has its packages: `make tools`");
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// A folder that has the schema.
async fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hookmill.schema.json"), printed(&["schema"]).await).unwrap();
    folder
}

/// One of everything that has a form of its own.
fn everything() -> Value {
    json!([
        {"resource": "event_type", "name": "lead.made", "group": "lead", "description": "There is one.",
            "schema": {"type": "object"}, "example": {"a": 1}},
        {"resource": "table", "name": "leads", "key": ["email"], "columns": [
            {"name": "email", "type": "text", "required": true}, {"name": "score", "type": "integer", "default": 0},
            {"name": "state", "type": "choice", "choices": ["new", "won"]}]},
        {"resource": "source", "name": "github", "verification": {"preset": "github", "secret": "gh-secret-1"}, "protect": true},
        {"resource": "source", "name": "stripe", "event_type": null, "state": "paused", "methods": ["POST", "PUT"],
            "verification": {"preset": "stripe", "secrets": ["st-secret-1", "st-secret-2"], "tolerance_s": 60},
            "response": {"status": 201, "body": "ok", "headers": {"x-request-id": "7"}}},
        {"resource": "source", "name": "own", "basic": {"username": "u", "password": "basic-secret"}, "body_bytes_max": 1000,
            "event_type": {"path": "$.kind"}, "idempotency": {"header": "x-id"},
            "verification": {"secret": "own-secret", "scheme": {"algorithm": "hmac-sha512", "encoding": "base64",
                "signature": {"headers": ["x-sign"], "prefix": "v1="}, "signed": "{body}"}}},
        {"resource": "destination", "name": "crm", "url": "https://crm.example.com/hook", "method": "PUT",
            "headers": {"x-team": "sales", "x-api-key": "header-secret"}, "concurrency": 3, "timeout_ms": 2500,
            "auth": {"basic": {"username": "u", "password": "crm-password"}, "header": {"name": "x-token", "value": "crm-token"}},
            "signing": {"hmac": {"header": "x-sig", "value": "v1={signature}"}, "secret": "signing-secret"},
            "rate": {"requests": 60, "per": "minute"}, "batch": {"max_events": 10, "failed": "$.items"},
            "retry": {"exponential": {"base": "5s", "attempts": 4}}, "payload_schema": {"type": "object", "required": ["z"]}},
        {"resource": "destination", "name": "box", "kind": "inbox", "signing": {"profile": "none"}},
        {"resource": "destination", "name": "rows", "kind": "table", "table": "leads"},
        {"resource": "destination", "name": "plain", "url": "https://example.com/", "auth": {"bearer": "plain-bearer"},
            "retry": {"delays": ["1s", "90s"], "statuses": [429, "500-599"]}, "answer_type": "lead.answered"},
        {"resource": "connection", "name": "leads", "source": "github", "destination": "crm", "event_groups": ["lead"],
            "steps": [{"filter": {"path": "$.score", "gt": 0.5}, "on_error": "drop"},
                {"mapping": {"version": 1, "output": {"z": "$.a", "a": {"value": 1.5}}}}]},
        {"resource": "connection", "name": "all", "sources": ["published", "own"], "destination": "rows", "state": "paused"},
    ])
}

#[tokio::test]
async fn what_a_gateway_has_fits() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let plan = client.post("/v1/config/plans", &json!({"documents": everything()})).await.expect(201);
    client.act(&format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap())).await.expect(200);

    let folder = folder().await;
    let schema: Value = serde_json::from_str(&printed(&["schema"]).await).unwrap();
    // An editor may be given its address, and has no key.
    assert_eq!(client.with_key("").get("/v1/config/schema").await.expect(200), schema);
    for query in ["", "?plain_secrets=true"] {
        let there = client.get(&format!("/v1/config/documents{query}")).await.expect(200);
        let documents = there["documents"].as_array().unwrap();
        assert_eq!(documents.len(), everything().as_array().unwrap().len(), "{there}");
        std::fs::write(folder.path().join("all.json"), there["documents"].to_string()).unwrap();
        let (fits, said) = validate(folder.path(), "all.json").await;
        assert!(fits, "{said}\n{there:#}");
    }
    let exported = printed(&["export", "--url", &gateway.url(), "--key", ADMIN_KEY]).await;
    std::fs::write(folder.path().join("all.yaml"), &exported).unwrap();
    let (fits, said) = validate(folder.path(), "all.yaml").await;
    assert!(fits && said.contains("11 documents, 0 faults"), "{said}\n{exported}");
}

#[tokio::test]
async fn what_is_misspelt_does_not_fit_and_is_named() {
    let folder = folder().await;
    for (text, place, said) in [
        ("resource: source\nname: s\nmethod: [POST]\n", "document 1 :", "'method'"),
        ("resource: sorce\nname: s\n", "document 1 /resource:", "'sorce'"),
        ("resource: source\nname: s\n---\nresource: connection\nname: c\n", "document 2 :", "'destination'"),
        (
            "resource: destination\nname: d\nauth: {bearer: {$evn: TOKEN}}\n",
            "document 1 /auth/bearer:",
            "'$evn'",
        ),
        (
            "resource: connection\nname: c\ndestination: d\nsteps: [{fitler: {}}]\n",
            "document 1 /steps/0:",
            "'fitler'",
        ),
    ] {
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let (fits, told) = validate(folder.path(), "a.yaml").await;
        assert!(!fits && told.contains(place) && told.contains(said), "{text}: {told}");
    }
}

#[tokio::test]
async fn what_the_readme_shows_fits() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let folder = folder().await;
    let mut count = 0;
    for part in readme.split(".yaml <<'END'\n").skip(1) {
        let text = part.split("\nEND\n").next().unwrap_or_default();
        // Others show what is imported.
        if !text.contains("resource: ") {
            continue;
        }
        count += 1;
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let (fits, said) = validate(folder.path(), "a.yaml").await;
        assert!(fits, "{said}\n{text}");
    }
    assert!(count > 0, "there is none");
}
