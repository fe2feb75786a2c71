//! Several deliveries in one request: what is in it, when it goes, what it is signed with, and that none is lost or told
//! otherwise than what became of it.

use std::collections::BTreeSet;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::node;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

async fn batched(client: &Client, sink: &Sink, batch: Value) -> Pipeline {
    let plan = Plan::new("b", &sink.url("/b")).destination("batch", batch);
    plan.connection("retry", json!({"delays": ["300ms", "300ms", "300ms"]})).make(client).await
}

async fn states(client: &Client, wanted: &str, number: usize) -> Vec<Value> {
    eventually(&format!("{number} deliveries are {wanted}"), || async {
        let found = client.all(&format!("/v1/deliveries?state={wanted}")).await;
        (found.len() == number).then_some(found)
    })
    .await
}

fn numbers(hit: &Value) -> Vec<u64> {
    hit.as_array().unwrap().iter().map(|item| item["n"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_full_batch_goes_at_once_and_a_small_one_after_its_time() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = batched(&client, &sink, json!({"max_events": 5, "max_wait_ms": 60_000})).await;
    for n in 0..7 {
        pipeline.accept(&client, &json!({"n": n})).await;
    }
    let hits = sink.wait_for("/b", 1).await;
    assert_eq!(numbers(&hits[0].json()), [0, 1, 2, 3, 4]);
    assert_eq!(hits[0].header("content-type"), "application/json");
    assert!(hits[0].header("webhook-id").starts_with("bat_"), "{hits:?}");
    assert_eq!(node::verify(&pipeline.secret, &hits).await, 1);
    let delivered = states(&client, "delivered", 5).await;
    assert_eq!(client.all("/v1/deliveries?state=pending").await.len(), 2);
    let sooner = json!({"batch": {"max_events": 5, "max_wait_ms": 100, "form": "envelope", "failed": null}});
    let changed =
        client.patch(&format!("/v1/destinations/{}", pipeline.destination), &sooner).await.expect(200);
    assert_eq!(changed["batch"], sooner["batch"]);
    let hits = sink.wait_for("/b", 2).await;
    let envelope = hits[1].json();
    assert_eq!((&envelope["count"], &envelope["batch"]), (&json!(2), &json!(hits[1].header("webhook-id"))));
    assert_eq!(envelope["items"][1]["payload"], json!({"n": 6}));
    states(&client, "delivered", 7).await;
    // Each has its own log, which says with how many it went.
    let id = delivered[0]["id"].as_str().unwrap();
    let attempts = client.all(&format!("/v1/deliveries/{id}/attempts")).await;
    assert_eq!((attempts.len(), &attempts[0]["response"]["status"]), (1, &json!(200)), "{attempts:?}");
    let event = delivered[0]["event"].as_str().unwrap();
    let trace = client.get(&format!("/v1/events/{event}/trace")).await.expect(200);
    let entries = trace["entries"].as_array().unwrap();
    let noted = entries.iter().find(|entry| entry["stage"] == "batched").unwrap_or_else(|| panic!("{trace}"));
    let reason = noted["reason"].as_str().unwrap();
    assert!(reason.contains("4 others") && reason.contains(hits[0].header("webhook-id")), "{reason}");
}

#[tokio::test]
async fn what_was_not_taken_is_sent_again_as_the_same_batch() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.script("/b", |before, _| Reply::Status(if before < 2 { 503 } else { 200 }));
    // Of those that wait for each other in memory.
    let pipeline = batched(&client, &sink, json!({"max_events": 3, "max_wait_ms": 2000})).await;
    for n in 0..3 {
        pipeline.accept(&client, &json!({"n": n})).await;
    }
    let hits = sink.wait_for("/b", 3).await;
    for hit in &hits {
        assert_eq!((hit.header("webhook-id"), &hit.body), (hits[0].header("webhook-id"), &hits[0].body));
    }
    assert_eq!(node::verify(&pipeline.secret, &hits).await, 3);
    let delivered = states(&client, "delivered", 3).await;
    assert!(delivered.iter().all(|delivery| delivery["attempts"] == 3), "{delivered:?}");
}

/// New deliveries that wait for others for an hour, and a receiver that never answers and then does.
#[tokio::test]
async fn what_failed_does_not_wait_for_what_is_new() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.script("/b", |before, _| if before == 0 { Reply::Never } else { Reply::Status(200) });
    let hour = json!({"max_events": 2, "max_wait_ms": 3_600_000});
    let pipeline = batched(&client, &sink, hour).await;
    let patience = json!({"timeout_ms": 500});
    client.patch(&format!("/v1/destinations/{}", pipeline.destination), &patience).await.expect(200);
    for n in 0..3 {
        pipeline.accept(&client, &json!({"n": n})).await;
    }
    let hits = sink.wait_for("/b", 2).await;
    assert_eq!((hits[0].header("webhook-id"), &hits[0].body), (hits[1].header("webhook-id"), &hits[1].body));
    states(&client, "delivered", 2).await;
    states(&client, "pending", 1).await;
}

#[tokio::test]
async fn no_event_is_lost_or_alone_when_the_gateway_is_killed() {
    const EVENTS: usize = 60;
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.script("/b", |before, _| Reply::Status(if before % 3 == 0 { 500 } else { 200 }));
    let pipeline = batched(&client, &sink, json!({"max_events": 4, "max_wait_ms": 200})).await;
    let path = pipeline.path.clone();
    for round in 0..3 {
        let client = gateway.client().with_key("");
        for n in 0..EVENTS / 3 {
            client.post(&path, &json!({"n": round * (EVENTS / 3) + n})).await.expect(202);
        }
        gateway.kill().await;
        gateway.restart().await;
    }
    let client = gateway.client();
    states(&client, "delivered", EVENTS).await;
    let hits = sink.hits_at("/b");
    let seen: BTreeSet<u64> = hits.iter().flat_map(|hit| numbers(&hit.json())).collect();
    assert_eq!(seen, (0..EVENTS as u64).collect());
    assert!(hits.iter().all(|hit| numbers(&hit.json()).len() <= 4), "{hits:?}");
    // The same id never has two bodies.
    let bodies: BTreeSet<(&str, &[u8])> =
        hits.iter().map(|hit| (hit.header("webhook-id"), hit.body.as_ref())).collect();
    let ids: BTreeSet<&str> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
    assert_eq!(bodies.len(), ids.len());
}

#[tokio::test]
async fn what_cannot_be_batched_is_refused() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let url = "https://example.com/hook";
    let wrong = json!({"name": "b", "url": url, "receiver": "slack", "answer_type": "x",
        "batch": {"max_events": 2}});
    let refused = client.post("/v1/destinations", &wrong).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/batch", "/batch"], "{refused:?}");
    let few = json!({"name": "b", "url": url, "batch": {"max_events": 1, "max_wait_ms": 0, "form": "list"}});
    let refused = client.post("/v1/destinations", &few).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/batch/max_events", "/batch/max_wait_ms", "/batch/form"], "{refused:?}");
    let inbox = json!({"name": "i", "kind": "inbox", "batch": {"max_events": 2}});
    client.post("/v1/destinations", &inbox).await.problem(422);
}
