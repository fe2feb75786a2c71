//! Limits of workspaces: what is over one is refused with its reason, nothing that was taken is lost, and a neighbour feels
//! nothing of it.

use std::time::Instant;

use hookmill_tests::Answer;
use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

/// An admin key of a workspace with these limits.
async fn key(operator: &Client, name: &str, limits: Value) -> String {
    let made = operator.post("/v1/workspaces", &json!({"name": name, "limits": limits})).await.expect(201);
    made["key"]["secret"].as_str().unwrap().to_owned()
}

async fn tenant(operator: &Client, name: &str, limits: Value) -> Client {
    operator.with_key(&key(operator, name, limits).await)
}

/// A limit, and what is used of it.
async fn used(client: &Client, workspace: &str, name: &str) -> (Value, Value) {
    let limits = client.all(&format!("/v1/workspaces/{workspace}/limits")).await;
    let found = limits.iter().find(|limit| limit["name"] == name).unwrap_or_else(|| panic!("{limits:?}"));
    (found["limit"].clone(), found["used"].clone())
}

#[tokio::test]
async fn a_workspace_has_no_more_than_it_may() {
    let gateway = Gateway::start().await;
    let operator = gateway.client();
    let limits = json!({"sources": 1, "destinations": 1, "connections": 1, "tables": 0, "plugins": 0});
    let acme = tenant(&operator, "acme", limits).await;
    let source = acme.post("/v1/sources", &json!({"name": "a"})).await.expect(201);
    let over = acme.post("/v1/sources", &json!({"name": "b"})).await;
    assert_eq!(over.problem(402), "limit-reached");
    assert!(over.text.contains("may have 1 sources and has 1"), "{over:?}");
    acme.post("/v1/destinations", &json!({"name": "a", "kind": "inbox"})).await.expect(201);
    acme.post("/v1/destinations", &json!({"name": "b", "kind": "inbox"})).await.problem(402);
    let connection = json!({"name": "a", "source": source["id"], "destination": "a"});
    acme.post("/v1/connections", &connection).await.expect(201);
    acme.post("/v1/connections", &json!({"name": "b", "source": "published", "destination": "a"}))
        .await
        .problem(402);
    let table = json!({"name": "t", "columns": [{"name": "a", "type": "text"}]});
    acme.post("/v1/tables", &table).await.problem(402);
    acme.upload("p", guests::plugin("split-batch")).await.problem(402);
    // What is there may change, also by documents, and no document makes more.
    acme.patch("/v1/sources/a", &json!({"name": "c"})).await.expect(200);
    let documents = json!({"documents": [{"resource": "source", "name": "d"}]});
    acme.post("/v1/config/plans", &documents).await.problem(402);
    assert_eq!(used(&acme, "acme", "sources").await, (json!(1), json!(1)));
    // Only the operator raises them.
    acme.patch("/v1/workspaces/acme", &json!({"limits": null})).await.problem(403);
    let none = operator.patch("/v1/workspaces/acme", &json!({"tier": "gold", "limits": {"source": 1}})).await;
    none.problem(422);
    assert_eq!(none.pointers(), ["/limits/source", "/tier"], "{none:?}");
    let changed = operator.patch("/v1/workspaces/acme", &json!({"tier": "starter", "limits": null})).await;
    assert_eq!(changed.expect(200)["tier"], "starter");
    assert_eq!(used(&acme, "acme", "sources").await, (json!(3), json!(1)));
    acme.post("/v1/sources", &json!({"name": "e"})).await.expect(201);
    acme.post("/v1/tables", &table).await.expect(201);
    operator.post("/v1/sources", &json!({"name": "of the operator"})).await.expect(201);
    operator.patch("/v1/workspaces/acme", &json!({"tier": null})).await.expect(200);
    assert_eq!(used(&acme, "acme", "plugins").await.0, Value::Null);
    let tiers = acme.all("/v1/tiers").await;
    let names: Vec<&Value> = tiers.iter().map(|tier| &tier["name"]).collect();
    assert_eq!(names, ["starter", "pro", "team"]);
}

#[tokio::test]
async fn a_workspace_says_for_how_long_it_keeps_things() {
    let gateway = Gateway::start().await;
    let operator = gateway.client();
    let acme = tenant(&operator, "acme", json!({"retention_days": 3})).await;
    assert_eq!(used(&acme, "acme", "retention_days").await, (json!(3), Value::Null));
    for wrong in [json!(0), json!(1.5), json!(-1), json!("a week")] {
        let refused =
            operator.patch("/v1/workspaces/acme", &json!({"limits": {"retention_days": wrong}})).await;
        refused.problem(422);
        assert_eq!(refused.pointers(), ["/limits/retention_days"], "{refused:?}");
    }
    operator.patch("/v1/workspaces/acme", &json!({"tier": "starter"})).await.expect(200);
    assert_eq!(
        used(&acme, "acme", "retention_days").await.0,
        json!(3),
        "its own stands over that of its tier"
    );
    operator.patch("/v1/workspaces/acme", &json!({"limits": null})).await.expect(200);
    assert_eq!(used(&acme, "acme", "retention_days").await.0, json!(7));
    operator.patch("/v1/workspaces/acme", &json!({"tier": null})).await.expect(200);
    assert_eq!(used(&acme, "acme", "retention_days").await.0, Value::Null);
}

/// Each part of the product that a workspace may be without, and a request that needs it.
async fn needs_each(client: &Client) -> Vec<(&'static str, Answer)> {
    let url = "https://example.com/hook";
    let batched = json!({"name": "batched", "url": url, "batch": {"max_events": 5, "max_wait_ms": 100}});
    let asked = json!({"name": "asked", "url": url, "answer_type": "model.answered"});
    let held = json!({"name": "order.paid", "schema": {"type": "object"}, "enforce": true});
    let told = json!({"name": "told", "source": "alerts", "destination": "box"});
    let mut seen = Vec::new();
    for (feature, path, body) in [
        ("batches", "/v1/destinations", batched),
        ("chains", "/v1/destinations", asked),
        ("schemas", "/v1/sources", json!({"name": "held", "enforce_schemas": true})),
        ("schemas", "/v1/event-types", held),
        ("alerts", "/v1/connections", told),
    ] {
        seen.push((feature, client.post(path, &body).await));
    }
    let headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    let ask = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let asked = client.send("POST", "/mcp", &headers, ask.to_string().into_bytes()).await;
    seen.push(("assistant", asked));
    seen
}

#[tokio::test]
async fn a_workspace_is_refused_what_it_is_without_and_keeps_what_it_has() {
    let gateway = Gateway::start().await;
    let operator = gateway.client();
    let off =
        json!({"batches": false, "chains": false, "schemas": false, "alerts": false, "assistant": false});
    let acme = tenant(&operator, "acme", json!({"features": off})).await;
    let other = tenant(&operator, "other", json!({"features": {"batches": null}, "sources": 5})).await;
    for client in [&acme, &other] {
        client.post("/v1/destinations", &json!({"name": "box", "kind": "inbox"})).await.expect(201);
        let plain = json!({"name": "plain", "url": "https://example.com/plain"});
        client.post("/v1/destinations", &plain).await.expect(201);
    }
    for (feature, answer) in needs_each(&acme).await {
        assert_eq!(answer.problem(402), "limit-reached");
        assert!(answer.text.contains(&format!("`{feature}` is off")), "{answer:?}");
    }
    for (feature, answer) in needs_each(&other).await {
        assert!(matches!(answer.status, 200 | 201), "{feature}: {answer:?}");
    }
    // What is there goes on and may change; nothing more comes, by whichever door.
    let limits = json!({"limits": {"features": {"batches": false, "alerts": false}}});
    operator.patch("/v1/workspaces/other", &limits).await.expect(200);
    let smaller = json!({"batch": {"max_events": 3, "max_wait_ms": 100}});
    other.patch("/v1/destinations/batched", &smaller).await.expect(200);
    other.patch("/v1/connections/told", &json!({"name": "told too"})).await.expect(200);
    let refused = other.patch("/v1/destinations/plain", &smaller).await;
    assert_eq!(refused.problem(402), "limit-reached");
    let mut document = json!({"resource": "destination", "name": "new", "url": "https://example.com/new"});
    document["batch"] = smaller["batch"].clone();
    other.post("/v1/config/plans", &json!({"documents": [document]})).await.problem(402);
    let whole = other.get("/v1/workspaces/other/limits").await.expect(200);
    let features = whole["features"].as_array().unwrap().iter();
    let off: Vec<&Value> =
        features.filter(|feature| feature["on"] == false).map(|feature| &feature["name"]).collect();
    assert_eq!(off, ["batches", "alerts"], "{whole}");
    // Its own word stands over that of its tier.
    let starter = json!({"tier": "starter", "limits": {"features": {"chains": true}}});
    operator.patch("/v1/workspaces/acme", &starter).await.expect(200);
    let answers = needs_each(&acme).await;
    let refused: Vec<&str> =
        answers.iter().filter(|(_, answer)| answer.status == 402).map(|(feature, _)| *feature).collect();
    assert_eq!(refused, ["batches"], "{answers:?}");
    let unknown = json!({"limits": {"features": {"batch": false}}});
    operator.patch("/v1/workspaces/acme", &unknown).await.problem(422);
}

#[tokio::test]
async fn a_table_takes_no_more_rows_than_its_workspace_allows() {
    let gateway = Gateway::start().await;
    let acme = tenant(&gateway.client(), "acme", json!({"table_rows": 2})).await;
    let table = json!({"name": "t", "columns": [{"name": "a", "type": "integer"}]});
    acme.post("/v1/tables", &table).await.expect(201);
    for n in 0..2 {
        acme.post("/v1/tables/t/rows", &json!({"values": {"a": n}})).await.expect(201);
    }
    let over = acme.post("/v1/tables/t/rows", &json!({"values": {"a": 2}})).await;
    over.problem(422);
    assert!(over.text.contains("2 rows"), "{over:?}");
}

#[tokio::test]
async fn a_month_has_an_end_and_what_was_taken_before_is_delivered() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let operator = gateway.client();
    let key = key(&operator, "acme", json!({"events_per_month": 100})).await;
    let acme = operator.with_key(&key);
    let pipeline =
        Plan::new("p", &sink.url("/p")).source("idempotency", json!({"header": "x-id"})).make(&acme).await;
    let send = async |id: &str| {
        let headers = [("x-id", id), ("content-type", "application/json")];
        acme.with_key("").send("POST", &pipeline.path, &headers, b"{\"n\":1}".to_vec()).await
    };
    for n in 0..99 {
        send(&n.to_string()).await.expect(202);
    }
    // A duplicate is no event.
    assert_eq!(send("7").await.expect(202)["duplicate"], true);
    let event = json!({"type": "a", "payload": {}});
    let both = acme.post("/v1/events", &json!({"events": [event, event]})).await;
    assert_eq!(both.problem(402), "limit-reached");
    send("99").await.expect(202);
    let over = send("100").await;
    assert_eq!(over.problem(402), "limit-reached");
    assert!(over.text.contains("100 events a month"), "{over:?}");
    assert_eq!(used(&acme, "acme", "events_per_month").await, (json!(100), json!(100)));
    assert_eq!(used(&acme, "acme", "bytes_per_month").await, (Value::Null, json!(700)));
    let rejected = || async { acme.all("/v1/sources/p/rejections").await.into_iter().next() };
    let rejected = eventually("it is recorded", rejected).await;
    assert_eq!((&rejected["code"], &rejected["status"]), (&json!("events_per_month"), &json!(402)));
    let alert = eventually("an alert", || async { acme.all("/v1/alerts").await.into_iter().next() }).await;
    assert_eq!((&alert["kind"], &alert["about"]["name"]), (&json!("limit_reached"), &json!("acme")));

    gateway.kill().await;
    gateway.restart().await;
    let operator = gateway.client();
    let acme = operator.with_key(&key);
    let counted = || async { (used(&acme, "acme", "events_per_month").await.1 == json!(100)).then_some(()) };
    eventually("the count is as before", counted).await;
    let again = acme.with_key("").post(&pipeline.path, &json!({"n": 2})).await;
    again.problem(402);
    let hits = sink.wait_for("/p", 100).await;
    assert_eq!(hits.len(), 100);
    operator.patch("/v1/workspaces/acme", &json!({"limits": {"events_per_month": 101}})).await.expect(200);
    acme.with_key("").post(&pipeline.path, &json!({"n": 3})).await.expect(202);
    acme.with_key("").post(&pipeline.path, &json!({"n": 4})).await.problem(402);
    sink.wait_for("/p", 101).await;
}

#[tokio::test]
async fn a_second_has_an_end_and_a_neighbour_does_not_feel_it() {
    const RATE: u64 = 20;
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let operator = gateway.client();
    let acme = tenant(&operator, "acme", json!({"events_per_second": RATE})).await;
    let loud = Plan::new("loud", &sink.url("/loud")).make(&acme).await;
    let quiet = Plan::new("quiet", &sink.url("/quiet")).make(&operator).await;
    let began = Instant::now();
    let (mut taken, mut refused) = (0, 0);
    for n in 0..300 {
        let answer = acme.with_key("").post(&loud.path, &json!({"n": n})).await;
        match answer.status {
            202 => taken += 1,
            _ => {
                assert_eq!(answer.problem(429), "rate-limited");
                assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{answer:?}");
                refused += 1;
            }
        }
        if n % 10 == 0 {
            quiet.accept(&operator, &json!({"n": n})).await;
        }
    }
    let most = RATE as f64 * (began.elapsed().as_secs_f64() + 1.0) + 1.0;
    assert!(taken >= RATE && (taken as f64) <= most, "{taken} of at most {most}");
    assert!(refused > 0 || taken == 300, "{refused}");
    sink.wait_for("/quiet", 30).await;
    let hits = sink.wait_for("/loud", taken as usize).await;
    assert_eq!(hits.iter().filter(|hit| hit.path == "/loud").count(), taken as usize);
}
