//! Failed attempts: when they are repeated, with which bytes, and how people step in.

use std::time::Duration;

use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::node;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

use crate::delivery::delivery_in;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text but {value}"))
}

#[tokio::test]
async fn the_same_bytes_under_the_same_id_until_it_works() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.script("/hook", |before, _| match before {
        // A connection that breaks is an attempt where it was a fresh one.
        0 => Reply::Close,
        1 => Reply::Status(500),
        2 => Reply::Status(429),
        _ => Reply::Status(204),
    });
    let steps = json!([{"mapping": {"version": 1, "output": {"id": "$.id", "at": {"$path": "$.at"}}}}]);
    let plan = Plan::new("again", &sink.url("/hook")).steps(steps);
    let pipeline =
        plan.connection("retry", json!({"delays": ["50ms", "60ms", "70ms", "80ms"]})).make(&client).await;
    let event = pipeline.accept(&client, &json!({"id": 1.10, "at": "now"})).await;
    let hits = sink.wait_for("/hook", 4).await;
    for hit in &hits[1..] {
        assert_eq!(hit.body, hits[0].body);
        assert_eq!(hit.header("webhook-id"), hits[0].header("webhook-id"));
    }
    for (pair, least) in hits.windows(2).zip([50, 60, 70]) {
        let gap = pair[1].at - pair[0].at;
        assert!(gap >= Duration::from_millis(least), "{gap:?} where {least} ms were to pass");
    }
    node::verify(&pipeline.secret, &hits).await;
    let delivery = delivery_in(&client, &event, "delivered").await;
    assert_eq!(delivery["attempts"], 4);
    let attempts = client.all(&format!("/v1/deliveries/{}/attempts", text(&delivery["id"]))).await;
    assert_eq!(attempts.len(), 4, "{attempts:?}");
}

#[tokio::test]
async fn a_spent_schedule_fails_and_a_hand_starts_it_again() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.script("/hook", |before, _| Reply::Status(if before < 3 { 503 } else { 200 }));
    let plan =
        Plan::new("spent", &sink.url("/hook")).connection("retry", json!({"delays": ["20ms", "20ms"]}));
    let pipeline = plan.make(&client).await;
    let event = pipeline.accept(&client, &json!({})).await;
    let failed = delivery_in(&client, &event, "failed").await;
    assert_eq!(failed["attempts"], 3);
    assert_eq!(failed["next_attempt_at"], Value::Null);
    assert_eq!(sink.hits().len(), 3);
    let answer = client.act(&format!("/v1/deliveries/{}/retry", text(&failed["id"]))).await;
    assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    delivery_in(&client, &event, "delivered").await;
    assert_eq!(sink.hits()[3].body, sink.hits()[0].body);
}

#[tokio::test]
async fn a_waiting_retry_can_be_cancelled() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/hook", Reply::Status(500));
    let plan = Plan::new("cancelled", &sink.url("/hook")).connection("retry", json!({"delays": ["1h"]}));
    let pipeline = plan.make(&client).await;
    let event = pipeline.accept(&client, &json!({})).await;
    let waiting = delivery_in(&client, &event, "retrying").await;
    assert!(waiting["next_attempt_at"].is_string(), "{waiting}");
    let answer = client.act(&format!("/v1/deliveries/{}/cancel", text(&waiting["id"]))).await;
    assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    delivery_in(&client, &event, "cancelled").await;
    let again = client.act(&format!("/v1/deliveries/{}/cancel", text(&waiting["id"]))).await;
    again.problem(409);
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.script("/hook", |before, _| match before {
        0 => Reply::Full(503, vec![("retry-after", "1".to_owned())], bytes::Bytes::new()),
        _ => Reply::Status(200),
    });
    let plan =
        Plan::new("later", &sink.url("/hook")).connection("retry", json!({"delays": ["10ms", "10ms"]}));
    plan.make(&client).await.accept(&client, &json!({})).await;
    let hits = sink.wait_for("/hook", 2).await;
    let gap = hits[1].at - hits[0].at;
    assert!(gap >= Duration::from_millis(990), "{gap:?} where a second was asked for");
}

#[tokio::test]
async fn gone_is_final_and_pauses_the_destination() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/hook", Reply::Status(410));
    let pipeline = Plan::new("gone", &sink.url("/hook")).make(&client).await;
    let event = pipeline.accept(&client, &json!({})).await;
    assert_eq!(delivery_in(&client, &event, "failed").await["attempts"], 1);
    eventually("the destination is paused", || async {
        let destination = client.get(&format!("/v1/destinations/{}", pipeline.destination)).await.expect(200);
        (destination["state"] == "paused").then_some(())
    })
    .await;
    let next = pipeline.accept(&client, &json!({})).await;
    delivery_in(&client, &next, "held").await;
    assert_eq!(sink.hits().len(), 1);
}

#[tokio::test]
async fn only_the_named_statuses_are_repeated() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/no", Reply::Status(400));
    sink.script("/yes", |before, _| Reply::Status(if before == 0 { 502 } else { 200 }));
    let retry = json!({"delays": ["10ms"], "statuses": ["500-599", 429]});
    let no = Plan::new("no", &sink.url("/no")).connection("retry", retry.clone()).make(&client).await;
    let yes = Plan::new("yes", &sink.url("/yes")).connection("retry", retry).make(&client).await;
    let (no, yes) = (no.accept(&client, &json!({})).await, yes.accept(&client, &json!({})).await);
    assert_eq!(delivery_in(&client, &no, "failed").await["attempts"], 1);
    assert_eq!(delivery_in(&client, &yes, "delivered").await["attempts"], 2);
}
