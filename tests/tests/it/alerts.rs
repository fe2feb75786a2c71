//! Alerts: each cause is told once, and once when it is over, whatever is killed in between; and whoever takes alerts takes
//! those of his own workspace.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

/// Soon over.
async fn start() -> Gateway {
    Gateway::start_with(|options| {
        options.env("HOOKMILL_ALERTS_RECOVERED_AFTER", "1s").env("HOOKMILL_ALERTS_BACKLOG_AFTER", "2s")
    })
    .await
}

/// Has alerts told to an inbox.
async fn listen(client: &Client) {
    client.post("/v1/destinations", &json!({"name": "told", "kind": "inbox"})).await.expect(201);
    let alerts = json!({"name": "tell", "source": "alerts", "destination": "told"});
    let made = client.post("/v1/connections", &alerts).await.expect(201);
    assert_eq!(made["source"], "alerts", "{made}");
}

/// What was told, oldest first.
async fn told(client: &Client) -> Vec<Value> {
    let mut told: Vec<Value> = client.all("/v1/destinations/told/requests").await;
    told.reverse();
    told.into_iter().map(|request| request["payload"].clone()).collect()
}

/// The first alert told of this type.
async fn told_of(client: &Client, wanted: &str) -> Value {
    eventually(&format!("an alert {wanted}"), || async {
        told(client).await.into_iter().find(|alert| alert["type"] == wanted)
    })
    .await
}

fn types(told: &[Value]) -> Vec<&str> {
    told.iter().map(|alert| alert["type"].as_str().unwrap()).collect()
}

async fn standing(client: &Client) -> Vec<String> {
    let standing = client.all("/v1/alerts").await;
    standing.iter().map(|alert| alert["kind"].as_str().unwrap().to_owned()).collect()
}

/// How `hookmill alerts` ends, and what it says.
async fn listed(gateway: &Gateway) -> (i32, String) {
    let mut command = hookmill();
    command.args(["alerts", "--exit-code", "--url", &gateway.url(), "--key", ADMIN_KEY]);
    let ran = command.output().await.unwrap();
    (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap())
}

async fn is_quiet(client: &Client) {
    eventually("no alert stands", || async { standing(client).await.is_empty().then_some(()) }).await;
}

#[tokio::test]
async fn a_receiver_that_fails_is_told_once_and_so_is_that_it_is_well_again() {
    let (gateway, sink) = (start().await, Sink::start().await);
    let client = gateway.client();
    listen(&client).await;
    let answer = "out of \u{1b}[31mdisk\r\nsince noon, tok_5ecret";
    sink.script("/crm", move |before, _| match before {
        0..4 => Reply::Full(503, Vec::new(), answer.into()),
        _ => Reply::Status(200),
    });
    let plan = Plan::new("crm", &sink.url("/crm"))
        .destination("headers", json!({"authorization": "tok_5ecret"}))
        .connection("retry", json!({"delays": ["300ms", "300ms", "300ms"]}));
    let crm = plan.make(&client).await;
    for n in 0..3 {
        crm.accept(&client, &json!({"n": n})).await;
    }
    let raised = told_of(&client, "destination_failing.raised").await;
    assert_eq!(raised["about"], json!({"resource": "destination", "id": crm.destination, "name": "crm"}));
    let (says, seen) = (raised["says"].as_str().unwrap(), &raised["seen"]);
    assert!(says.contains("503") && says.contains("out of \\u001b[31mdisk since noon"), "{says}");
    assert!(!raised.to_string().contains("tok_5ecret"), "{raised}");
    assert!(!raised["advice"].as_str().unwrap().is_empty(), "{raised}");
    assert_eq!((&seen["status"], &seen["error"]), (&json!(503), &json!("status")), "{raised}");
    assert!(seen["next_attempt_at"].is_string(), "{raised}");
    let delivery = seen["delivery"].as_str().unwrap();
    client.get(&format!("/v1/deliveries/{delivery}")).await.expect(200);

    let recovered = told_of(&client, "destination_failing.recovered").await;
    assert_eq!(recovered["id"], raised["id"]);
    assert!(recovered["recovered_at"].is_string() && raised["recovered_at"].is_null(), "{recovered}");
    is_quiet(&client).await;
    let told = told(&client).await;
    assert_eq!(types(&told), ["destination_failing.raised", "destination_failing.recovered"]);
    let events = client.all("/v1/events?source=alerts").await;
    assert_eq!((events.len(), &events[0]["verified_by"]), (2, &json!("alert")), "{events:?}");
    let trace =
        client.get(&format!("/v1/events/{}/trace", events[1]["id"].as_str().unwrap())).await.expect(200);
    let reason = trace["entries"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("an alert") && reason.contains(delivery), "{reason}");
}

#[tokio::test]
async fn what_stands_outlives_a_kill_and_is_not_told_again() {
    let (mut gateway, sink) = (start().await, Sink::start().await);
    let client = gateway.client();
    listen(&client).await;
    sink.always("/crm", Reply::Status(500));
    let crm = Plan::new("crm", &sink.url("/crm"))
        .connection("retry", json!({"preset": "none"}))
        .make(&client)
        .await;
    crm.accept(&client, &json!({"n": 1})).await;
    eventually("both stand", || async { (standing(&client).await.len() == 2).then_some(()) }).await;
    let before = client.all("/v1/alerts").await;
    let kinds: Vec<&Value> = before.iter().map(|alert| &alert["kind"]).collect();
    assert!(kinds.contains(&&json!("retries_exhausted")), "{kinds:?}");
    told_of(&client, "retries_exhausted.raised").await;
    told_of(&client, "destination_failing.raised").await;
    let (status, said) = listed(&gateway).await;
    assert!(status == 1 && said.contains("crm did not take a delivery: it answered 500"), "{status}: {said}");

    gateway.kill().await;
    gateway.restart().await;
    let client = gateway.client();
    let event = crm.accept(&client, &json!({"n": 2})).await;
    crate::delivery::delivery_in(&client, &event, "failed").await;
    assert_eq!(client.all("/v1/alerts").await, before);
    sink.always("/crm", Reply::Status(204));
    crm.accept(&client, &json!({"n": 3})).await;
    is_quiet(&client).await;
    told_of(&client, "retries_exhausted.recovered").await;
    told_of(&client, "destination_failing.recovered").await;
    assert_eq!(told(&client).await.len(), 4);
    assert_eq!(listed(&gateway).await, (0, "no alert stands\n".to_owned()));
}

#[tokio::test]
async fn tables_that_refuse_steps_that_fail_and_plugins_in_quarantine_are_told() {
    let gateway = Gateway::start_with(|options| {
        options.env("HOOKMILL_ALERTS_RECOVERED_AFTER", "1s").env("HOOKMILL_PLUGINS_QUARANTINE_AFTER", "2")
    })
    .await;
    let (client, sink) = (gateway.client(), Sink::start().await);
    listen(&client).await;
    let columns = json!([{"name": "score", "type": "integer", "required": true}]);
    let table = json!({"name": "leads", "columns": columns,
        "mapping": {"version": 1, "output": {"score": "$.score"}}});
    let table = client.post("/v1/tables", &table).await.expect(201);
    let (path, key) = (table["source"]["url"].as_str().unwrap(), table["source"]["key"]["secret"].clone());
    let path = path.split_once("/in/").map(|(_, rest)| format!("/in/{rest}")).unwrap();
    let row = async |score: Value| {
        let door = client.with_key(key.as_str().unwrap());
        door.post(&path, &json!({"score": score})).await.expect(202);
    };
    row(json!("many")).await;
    let refused = told_of(&client, "table_refusing.raised").await;
    let says = refused["says"].as_str().unwrap();
    assert!(says.contains("leads") && says.contains("score") && says.contains("many"), "{says}");
    row(json!(7)).await;
    told_of(&client, "table_refusing.recovered").await;

    client.upload("p", guests::fixture("hostile")).await.expect(201);
    let steps = json!([{"plugin": {"name": "p", "config": {"items": ""}}}]);
    let attacked = Plan::new("attacked", &sink.url("/p")).steps(steps).make(&client).await;
    for _ in 0..2 {
        let headers = [("x-attack", "panic"), ("content-type", "application/json")];
        client.with_key("").send("POST", &attacked.path, &headers, b"{}".to_vec()).await.expect(202);
    }
    let failing = told_of(&client, "steps_failing.raised").await;
    assert_eq!(failing["about"]["name"], "attacked", "{failing}");
    assert!(failing["seen"]["detail"].as_str().unwrap().starts_with("trapped"), "{failing}");
    let quarantined = told_of(&client, "plugin_quarantined.raised").await;
    assert_eq!(quarantined["about"]["name"], "p", "{quarantined}");
    let versions = client.get("/v1/plugins/p").await.expect(200)["versions"].clone();
    let digest = versions[0]["digest"].as_str().unwrap().to_owned();
    client.act(&format!("/v1/plugins/p/versions/{digest}/release")).await.expect(200);
    told_of(&client, "plugin_quarantined.recovered").await;
    client.delete(&format!("/v1/connections/{}", attacked.connection)).await.expect(204);
    let gone = told_of(&client, "steps_failing.recovered").await;
    assert!(gone["says"].as_str().unwrap().contains("deleted"), "{gone}");
    is_quiet(&client).await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_and_what_waits_for_long_are_told() {
    let (gateway, sink) = (start().await, Sink::start().await);
    let client = gateway.client();
    listen(&client).await;
    sink.script("/gone", |before, _| Reply::Status(if before == 0 { 410 } else { 200 }));
    let gone = Plan::new("gone", &sink.url("/gone")).make(&client).await;
    gone.accept(&client, &json!({"n": 1})).await;
    told_of(&client, "destination_gone.raised").await;
    gone.accept(&client, &json!({"n": 2})).await;
    let waits = told_of(&client, "backlog_old.raised").await;
    assert_eq!(waits["about"]["name"], "gone", "{waits}");
    let active = json!({"state": "active"});
    client.patch(&format!("/v1/destinations/{}", gone.destination), &active).await.expect(200);
    told_of(&client, "destination_gone.recovered").await;
    told_of(&client, "backlog_old.recovered").await;
    is_quiet(&client).await;
}

#[tokio::test]
async fn nobody_hears_of_another_workspace() {
    let (gateway, sink) = (start().await, Sink::start().await);
    let client = gateway.client();
    let named = json!({"name": "alerts", "require_key": false});
    client.post("/v1/sources", &named).await.problem(422);
    listen(&client).await;
    client.post("/v1/workspaces", &json!({"name": "other"})).await.expect(201);
    let key = json!({"name": "k", "scopes": ["admin"], "workspace": "other"});
    let key = client.post("/v1/api-keys", &key).await.expect(201);
    let other = client.with_key(key["secret"].as_str().unwrap());
    listen(&other).await;
    sink.always("/x", Reply::Status(500));
    Plan::new("x", &sink.url("/x")).make(&other).await.accept(&other, &json!({})).await;
    told_of(&other, "destination_failing.raised").await;
    assert!(told(&client).await.is_empty());
    assert!(client.all("/v1/alerts").await.is_empty());
    assert_eq!(standing(&other).await, ["destination_failing"]);
    assert!(client.all("/v1/events?source=alerts").await.is_empty());
}
