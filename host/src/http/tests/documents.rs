//! Configuration as documents: plans change nothing, what is applied is applied whole, secrets stay where they are.

use serde_json::Value;
use serde_json::json;

use crate::http::tests::support::Answered;
use crate::http::tests::support::Api;

/// One of everything that has a secret or a form of its own, the connections first.
fn everything() -> Value {
    json!([
        {"resource": "connection", "name": "leads", "source": "github", "destination": "crm",
            "event_types": ["push", "issues.*"], "retry": {"delays": ["1s", "90s"], "statuses": [429, "500-599"]},
            "steps": [
                {"filter": {"path": "$.score", "gt": 0.5}, "on_error": "drop"},
                {"mapping": {"version": 1, "output": {"z": "$.a", "a": {"value": 1.5}}}}]},
        {"resource": "connection", "name": "all", "sources": ["published", "own"], "destination": "box", "state": "paused"},
        {"resource": "source", "name": "github", "verification": {"preset": "github", "secret": "gh-secret-1"}},
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
            "retry": {"exponential": {"base": "5s", "attempts": 4}}, "payload_schema": {"type": "object", "required": ["z"]}},
        {"resource": "destination", "name": "box", "kind": "inbox", "signing": {"profile": "none"}},
        {"resource": "destination", "name": "plain", "url": "https://example.com/", "auth": {"bearer": "plain-bearer"}},
    ])
}

const SECRETS: [&str; 10] = [
    "gh-secret-1",
    "st-secret-1",
    "st-secret-2",
    "basic-secret",
    "own-secret",
    "header-secret",
    "crm-password",
    "crm-token",
    "signing-secret",
    "plain-bearer",
];

async fn plan(api: &Api, documents: Value) -> Value {
    api.ask("POST", "/v1/config/plans", json!({"documents": documents})).await.is(201)
}

async fn apply(api: &Api, plan: &Value) -> Value {
    let path = format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap());
    api.ask("POST", &path, Value::Null).await.is(200)
}

async fn put(api: &Api, documents: Value) -> Value {
    apply(api, &plan(api, documents).await).await
}

async fn export(api: &Api, query: &str) -> Value {
    api.ask("GET", &format!("/v1/config/documents{query}"), Value::Null).await.is(200)["documents"].take()
}

async fn faults(api: &Api, documents: Value) -> Vec<String> {
    let (kind, pointers) =
        api.ask("POST", "/v1/config/plans", json!({"documents": documents})).await.problem();
    assert_eq!(kind, "invalid-configuration");
    pointers
}

fn without_secrets(text: &Value) {
    for secret in SECRETS {
        assert!(!text.to_string().contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn a_plan_changes_nothing_and_applied_it_changes_everything() {
    let api = Api::start().await;
    let planned = plan(&api, everything()).await;
    assert_eq!(planned["says"], "8 to make, 0 to change, 0 as wanted");
    assert_eq!(export(&api, "").await, json!([]));
    without_secrets(&planned);
    let done = apply(&api, &planned).await;
    let made = done["documents"].as_array().unwrap();
    assert_eq!(made.len(), 8, "{done}");
    let github = made.iter().find(|made| made["name"] == "github").unwrap();
    assert!(github["key"]["secret"].as_str().unwrap().starts_with("hm_in_"), "{github}");
    assert!(github["url"].as_str().unwrap().starts_with("https://hooks.example.com/in/src_"), "{github}");
    assert!(!done.to_string().contains("signing-secret"), "who gave it need not be told: {done}");
    let plain = made.iter().find(|made| made["name"] == "plain").unwrap();
    assert!(plain["secret"].as_str().unwrap().starts_with("whsec_"), "{plain}");
    let again = plan(&api, everything()).await;
    assert_eq!((&again["says"], &again["changes"]), (&json!("no changes"), &json!([])));
    assert_eq!(apply(&api, &again).await, json!({"says": "no changes", "documents": [], "operations": []}));
    let path = format!("/v1/config/plans/{}/apply", planned["id"].as_str().unwrap());
    assert_eq!(api.ask("POST", &path, Value::Null).await.problem().0, "not-found", "once only");
}

#[tokio::test]
async fn what_is_exported_is_the_same_elsewhere() {
    let (first, second) = (Api::start().await, Api::start().await);
    put(&first, everything()).await;
    let exported = export(&first, "").await;
    without_secrets(&exported);
    assert_eq!(plan(&first, exported.clone()).await["says"], "no changes", "{exported:#}");
    let pointers = faults(&second, exported).await;
    assert!(pointers.iter().any(|pointer| pointer.ends_with("/verification/secret")), "{pointers:?}");
    let plain = export(&first, "?plain_secrets=true").await;
    for secret in SECRETS.into_iter().chain(["whsec_"]) {
        assert!(plain.to_string().contains(secret), "{secret} is not in {plain:#}");
    }
    put(&second, plain.clone()).await;
    assert_eq!(export(&second, "?plain_secrets=true").await, plain);
    assert_eq!(plan(&second, plain).await["says"], "no changes");
}

#[tokio::test]
async fn what_has_changed_meanwhile_is_not_written_over() {
    let api = Api::start().await;
    put(&api, everything()).await;
    let wanted = json!([{"resource": "destination", "name": "box", "kind": "inbox", "concurrency": 2}]);
    let (first, second) = (plan(&api, wanted.clone()).await, plan(&api, wanted).await);
    // What others do in their workspaces is nobody's concern here.
    api.ask("POST", "/v1/workspaces", json!({"name": "other"})).await.is(201);
    apply(&api, &first).await;
    let path = format!("/v1/config/plans/{}/apply", second["id"].as_str().unwrap());
    assert_eq!(api.ask("POST", &path, Value::Null).await.problem().0, "plan-stale");
}

#[tokio::test]
async fn fields_that_change_are_told_and_secrets_are_not() {
    let api = Api::start().await;
    put(&api, everything()).await;
    let wanted = json!([
        {"resource": "destination", "name": "plain", "url": "https://example.com/", "concurrency": 9, "auth": {"bearer": "other-bearer"}},
        {"resource": "source", "name": "own", "basic": {"username": "u", "password": {"$keep": true}}},
    ]);
    let planned = plan(&api, wanted).await;
    let fields = |at: usize| -> Vec<(&str, &Value, &Value)> {
        let fields = planned["changes"][at]["fields"].as_array().unwrap().iter();
        fields.map(|field| (field["pointer"].as_str().unwrap(), &field["before"], &field["after"])).collect()
    };
    assert_eq!(
        fields(1),
        [("/concurrency", &json!(8), &json!(9)), ("/auth/bearer", &json!("[secret]"), &json!("[secret]"))],
        "{planned:#}"
    );
    let pointers: Vec<&str> = fields(0).into_iter().map(|(pointer, ..)| pointer).collect();
    assert_eq!(pointers, ["/verification", "/event_type", "/idempotency", "/body_bytes_max"]);
    assert!(!planned.to_string().contains("other-bearer"), "{planned}");
}

#[tokio::test]
async fn states_and_secrets_that_are_not_mentioned_stay() {
    let api = Api::start().await;
    put(&api, everything()).await;
    let before = export(&api, "?plain_secrets=true").await;
    api.ask("POST", "/v1/connections/leads/pause", Value::Null).await.is(200);
    let mut wanted = everything();
    for document in wanted.as_array_mut().unwrap() {
        let members = document.as_object_mut().unwrap();
        for part in ["verification", "signing"] {
            let Some(Value::Object(part)) = members.get_mut(part) else { continue };
            part.shift_remove("secret");
            part.shift_remove("secrets");
        }
    }
    assert_eq!(plan(&api, wanted).await["says"], "no changes");
    api.ask("POST", "/v1/connections/leads/resume", Value::Null).await.is(200);
    assert_eq!(export(&api, "?plain_secrets=true").await, before);
}

#[tokio::test]
async fn a_credential_does_not_follow_its_destination_to_another_host() {
    let api = Api::start().await;
    put(&api, everything()).await;
    let moved = |bearer: Value| json!([{"resource": "destination", "name": "plain", "url": "https://evil.example.org/", "auth": {"bearer": bearer}}]);
    assert_eq!(faults(&api, moved(json!({"$keep": true}))).await, ["/documents/0/auth/bearer"]);
    let planned = plan(&api, moved(json!("given-again"))).await;
    assert_eq!(planned["changes"][0]["risk"], "outward");
}

#[tokio::test]
async fn every_fault_of_all_documents_is_told_at_once() {
    let api = Api::start().await;
    let pointers = faults(
        &api,
        json!([
            {"resource": "connection", "name": "c", "source": "s", "destination": "nowhere", "steps": [{"filter": {"path": "$[", "eq": 1}}]},
            {"resource": "source", "name": "s", "verifcation": {}, "methods": ["FETCH"]},
            {"resource": "destination", "name": "d", "url": "ftp://example.com"},
            {"resource": "source", "name": "s"},
        ]),
    )
    .await;
    assert_eq!(
        pointers,
        [
            "/documents/3/name",
            "/documents/1/verifcation",
            "/documents/1/methods/0",
            "/documents/2/url",
            "/documents/0/destination",
            "/documents/0/steps/0/filter/path",
        ]
    );
    let many: Vec<Value> = (0..250).map(|at| json!({"resource": "source", "name": at})).collect();
    let told = faults(&api, many.into()).await.len();
    assert!((100..=110).contains(&told), "{told} faults");
    let pointers =
        faults(&api, json!([{"name": "x"}, {"resource": "conection"}, {"resource": 7, "name": "y"}])).await;
    assert_eq!(pointers, ["/documents/0/resource", "/documents/1/resource", "/documents/2/resource"]);
}

/// Documents of a set: a destination, and if they are wanted a source and a connection to it.
fn of_set(with_connection: bool) -> Value {
    let mut documents = vec![json!({"resource": "destination", "name": "set-d", "kind": "inbox"})];
    if with_connection {
        documents.push(json!({"resource": "source", "name": "set-s"}));
        documents.push(
            json!({"resource": "connection", "name": "set-c", "source": "set-s", "destination": "set-d"}),
        );
    }
    documents.into()
}

async fn plan_set(api: &Api, documents: Value, prune: bool, most: u32) -> Answered {
    let body = json!({"documents": documents, "set": "mine", "prune": prune, "max_deletes": most});
    api.ask("POST", "/v1/config/plans", body).await
}

#[tokio::test]
async fn what_a_set_has_no_more_is_deleted_and_nothing_else() {
    let api = Api::start().await;
    put(&api, everything()).await;
    let first = plan_set(&api, of_set(true), true, 5).await.is(201);
    assert_eq!(
        (&first["says"], &first["set"]),
        (&json!("3 to make, 0 to change, 0 as wanted"), &json!("mine"))
    );
    apply(&api, &first).await;
    // Not asked for: it stays, and stays in the set.
    let kept = plan_set(&api, of_set(false), false, 5).await.is(201);
    assert_eq!((&kept["says"], &kept["set"]), (&json!("no changes"), &Value::Null));
    apply(&api, &kept).await;
    let (kind, pointers) = plan_set(&api, of_set(false), true, 1).await.problem();
    assert_eq!((kind.as_str(), pointers), ("invalid-configuration", vec!["/max_deletes".to_owned()]));
    let pruned = plan_set(&api, of_set(false), true, 2).await.is(201);
    assert_eq!(pruned["says"], "0 to make, 0 to change, 2 to delete, 1 as wanted");
    let deleted: Vec<&Value> =
        pruned["changes"].as_array().unwrap().iter().map(|change| &change["name"]).collect();
    assert_eq!(deleted, ["set-c", "set-s"], "what uses others first");
    assert!(pruned["changes"].as_array().unwrap().iter().all(|change| change["risk"] == "destructive"));
    apply(&api, &pruned).await;
    let left = export(&api, "").await;
    assert_eq!(left.as_array().unwrap().len(), 9, "everything else is there: {left:#}");
    assert_eq!(plan(&api, everything()).await["says"], "no changes");
}

#[tokio::test]
async fn what_others_use_is_not_deleted_with_a_set() {
    let api = Api::start().await;
    let first = plan_set(&api, of_set(true), false, 5).await.is(201);
    apply(&api, &first).await;
    put(
        &api,
        json!([{"resource": "connection", "name": "other", "source": "set-s", "destination": "set-d"}]),
    )
    .await;
    let answer = plan_set(&api, of_set(false), true, 5).await;
    assert!(
        answer.body.to_string().contains("`set-s` is in the set no more, and cannot be deleted"),
        "{}",
        answer.body
    );
    assert_eq!(answer.problem().1, ["/set"]);
    let body = json!({"documents": of_set(false), "prune": true});
    let answer = api.ask("POST", "/v1/config/plans", body).await;
    assert_eq!(answer.problem(), ("invalid-request".to_owned(), vec!["/set".to_owned()]));
}

#[tokio::test]
async fn a_table_goes_with_its_set_and_takes_nothing_else_along() {
    let api = Api::start().await;
    let columns = json!([{"name": "a", "type": "text"}]);
    let table = json!({"resource": "table", "name": "set-t", "columns": columns});
    let fill = json!({"resource": "destination", "name": "set-f", "kind": "table", "table": "set-t"});
    let stays = json!({"resource": "source", "name": "set-x"});
    let of = |fill: &[&Value]| {
        Value::from([&[&stays, &table], fill].concat().into_iter().cloned().collect::<Vec<_>>())
    };
    apply(&api, &plan_set(&api, of(&[]), false, 5).await.is(201)).await;
    put(&api, json!([fill])).await;
    // What fills it is of no set.
    let answer = plan_set(&api, json!([stays]), true, 5).await;
    assert!(answer.body.to_string().contains("`set-f` makes rows of it"), "{}", answer.body);
    assert_eq!(answer.problem().1, ["/set"]);
    apply(&api, &plan_set(&api, of(&[&fill]), false, 5).await.is(201)).await;
    let pruned = plan_set(&api, json!([stays]), true, 5).await.is(201);
    let deleted: Vec<&Value> =
        pruned["changes"].as_array().unwrap().iter().map(|change| &change["name"]).collect();
    assert_eq!(deleted, ["set-f", "set-t"], "what uses others first");
    apply(&api, &pruned).await;
    assert_eq!(export(&api, "").await, json!([stays]));
}

#[tokio::test]
async fn secrets_are_shown_to_admins_only() {
    let api = Api::start().await;
    put(&api, everything()).await;
    let key =
        api.ask("POST", "/v1/api-keys", json!({"name": "r", "scopes": ["read", "write"]})).await.is(201);
    let key = key["secret"].as_str().unwrap();
    let asked = api.ask_as(key, "GET", "/v1/config/documents?plain_secrets=true", &[], Value::Null).await;
    assert_eq!(asked.problem().0, "forbidden");
    let shown = api.ask_as(key, "GET", "/v1/config/documents", &[], Value::Null).await.is(200);
    without_secrets(&shown);
}
