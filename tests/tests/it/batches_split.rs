//! Batches of which a receiver takes some: who is tried again and who is not, what the log says, and that no answer, however
//! hostile, loses anything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;

const ELASTICSEARCH: &str = "$.items[?@.index.status >= 400]";

async fn batched(client: &Client, sink: &Sink, name: &str, batch: Value) -> Pipeline {
    let plan = Plan::new(name, &sink.url(&format!("/{name}"))).destination("batch", batch);
    plan.connection("retry", json!({"delays": ["300ms", "300ms", "300ms"]})).make(client).await
}

/// The deliveries to a destination, once that many have arrived.
async fn delivered(client: &Client, pipeline: &Pipeline, number: usize) -> Vec<Value> {
    let path = format!("/v1/deliveries?state=delivered&destination={}", pipeline.destination);
    eventually(&format!("{number} deliveries have arrived"), || async {
        let found = client.all(&path).await;
        (found.len() == number).then_some(found)
    })
    .await
}

/// A delivery's attempts, the first one first.
async fn attempts(client: &Client, delivery: &Value) -> Vec<Value> {
    let mut found =
        client.all(&format!("/v1/deliveries/{}/attempts", delivery["id"].as_str().unwrap())).await;
    found.sort_by_key(|attempt| attempt["number"].as_u64());
    found
}

fn numbers(hit: &Hit) -> Vec<u64> {
    hit.json().as_array().unwrap().iter().map(|item| item["n"].as_u64().unwrap()).collect()
}

fn answer(body: impl Into<String>) -> Reply {
    Reply::Full(200, vec![("content-type", "application/json".to_owned())], body.into().into())
}

/// As Elasticsearch answers `_bulk`.
fn bulk(hit: &Hit, is_refused: impl Fn(u64) -> bool) -> Reply {
    let item = |n: u64| match is_refused(n) {
        true => {
            json!({"index": {"status": 429, "error": {"type": "es_rejected\u{1b}[2J", "reason": format!("queue {n}")}}})
        }
        false => json!({"index": {"status": 201, "result": "created"}}),
    };
    let items: Vec<Value> = numbers(hit).into_iter().map(item).collect();
    answer(json!({"took": 3, "errors": true, "items": items}).to_string())
}

#[tokio::test]
async fn only_what_was_refused_is_tried_again() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.script("/es", |before, hit| bulk(hit, |n| before == 0 && matches!(n, 1 | 3)));
    let rule = json!({"max_events": 5, "max_wait_ms": 3_600_000, "failed": ELASTICSEARCH});
    let pipeline = batched(&client, &sink, "es", rule).await;
    let mut events = Vec::new();
    for n in 0..5 {
        events.push(pipeline.accept(&client, &json!({"n": n})).await);
    }
    let all = delivered(&client, &pipeline, 5).await;
    let hits = sink.hits_at("/es");
    assert_eq!(hits.iter().map(numbers).collect::<Vec<_>>(), [vec![0, 1, 2, 3, 4], vec![1, 3]]);
    assert_ne!(hits[0].header("webhook-id"), hits[1].header("webhook-id"), "it is another batch");
    for delivery in &all {
        let n = events.iter().position(|event| delivery["event"] == **event).unwrap();
        let log = attempts(&client, delivery).await;
        let was_refused = matches!(n, 1 | 3);
        assert_eq!(log.len(), if was_refused { 2 } else { 1 }, "{n}: {log:?}");
        assert_eq!(log.last().unwrap()["response"]["status"], 200, "{log:?}");
        if was_refused {
            let error = &log[0]["error"];
            assert_eq!(error["code"], "refused_in_batch", "{log:?}");
            let detail = error["detail"].as_str().unwrap();
            assert!(detail.contains("429") && detail.contains(&format!("queue {n}")), "{detail}");
            assert!(!detail.contains('\u{1b}'), "{detail}");
        }
    }
}

/// By the ids that an envelope has; and what is refused until the schedule ends has failed, alone.
#[tokio::test]
async fn ids_name_members_and_a_schedule_ends() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.script("/ids", |_, hit| {
        let items = hit.json()["items"].as_array().cloned().unwrap_or_default();
        let refused: Vec<&Value> =
            items.iter().filter(|item| item["payload"]["n"] == 2).map(|item| &item["id"]).collect();
        answer(json!({"refused": refused}).to_string())
    });
    let rule =
        json!({"max_events": 3, "max_wait_ms": 3_600_000, "form": "envelope", "failed": "$.refused[*]"});
    let pipeline = batched(&client, &sink, "ids", rule).await;
    for n in 0..3 {
        pipeline.accept(&client, &json!({"n": n})).await;
    }
    delivered(&client, &pipeline, 2).await;
    let failed = eventually("one has failed", || async {
        client.all("/v1/deliveries?state=failed&error=refused_in_batch").await.pop()
    })
    .await;
    assert_eq!(failed["attempts"], 4, "{failed}");
    let sizes: Vec<Value> = sink.hits_at("/ids").iter().map(|hit| hit.json()["count"].clone()).collect();
    assert_eq!(sizes, [3, 1, 1, 1]);
}

#[tokio::test]
async fn hostile_answers_lose_nothing() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    // What cannot be read is for none; what names nobody is for nobody.
    let cases: Vec<(&str, String, bool)> = vec![
        ("html", "<html>\u{1b}[2Jthank you</html>".to_owned(), false),
        ("empty", String::new(), false),
        ("huge", format!("[{}]", "\"x\",".repeat(500_000) + "1"), false),
        ("deep", "[".repeat(100_000), false),
        ("half", r#"[0, "#.to_owned(), false),
        ("far", "[1000000000]".to_owned(), true),
        ("below", "[-1]".to_owned(), true),
        ("unknown", r#"["dlv_00000000000000000000000000"]"#.to_owned(), true),
    ];
    for (name, body, is_taken) in cases {
        sink.script(&format!("/{name}"), move |before, _| {
            answer(if before == 0 { body.clone() } else { "[]".into() })
        });
        let rule = json!({"max_events": 2, "max_wait_ms": 3_600_000, "failed": "$[*]"});
        let pipeline = batched(&client, &sink, name, rule).await;
        for n in 0..2 {
            pipeline.accept(&client, &json!({"n": n})).await;
        }
        let all = delivered(&client, &pipeline, 2).await;
        let hits = sink.hits_at(&format!("/{name}"));
        let ids: BTreeSet<&str> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
        assert_eq!((hits.len(), ids.len()), (if is_taken { 1 } else { 2 }, 1), "{name}");
        let mut notes = String::new();
        for delivery in &all {
            let log = attempts(&client, delivery).await;
            assert_eq!(log.len(), hits.len(), "{name}: {log:?}");
            if !is_taken {
                let error = &log[0]["error"];
                let detail = error["detail"].as_str().unwrap();
                assert_eq!(error["code"], "bad_response", "{name}: {log:?}");
                assert!(detail.contains("failed") && detail.len() < 2000, "{name}: {detail}");
                assert!(!detail.contains('\u{1b}'), "{name}: {detail}");
            }
            let trace =
                client.get(&format!("/v1/events/{}/trace", delivery["event"].as_str().unwrap())).await;
            notes += &trace.expect(200).to_string();
        }
        assert_eq!(notes.matches("answer_ignored").count(), usize::from(is_taken), "{name}: {notes}");
    }
}

#[tokio::test]
async fn nothing_that_was_refused_is_lost_when_the_gateway_is_killed() {
    const EVENTS: u64 = 60;
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    // Every third is refused when it is first seen.
    let taken = Arc::new(Mutex::new(BTreeSet::new()));
    let (takes, mut seen) = (taken.clone(), BTreeSet::new());
    sink.script("/k", move |_, hit| {
        let refused: BTreeSet<u64> =
            numbers(hit).into_iter().filter(|n| n % 3 == 0 && seen.insert(*n)).collect();
        takes.lock().unwrap().extend(numbers(hit).into_iter().filter(|n| !refused.contains(n)));
        bulk(hit, |n| refused.contains(&n))
    });
    let rule = json!({"max_events": 4, "max_wait_ms": 200, "failed": ELASTICSEARCH});
    let pipeline = batched(&client, &sink, "k", rule).await;
    for round in 0..3 {
        let client = gateway.client();
        for n in 0..EVENTS / 3 {
            pipeline.accept(&client, &json!({"n": round * (EVENTS / 3) + n})).await;
        }
        gateway.kill().await;
        gateway.restart().await;
    }
    delivered(&gateway.client(), &pipeline, EVENTS as usize).await;
    assert_eq!(*taken.lock().unwrap(), (0..EVENTS).collect::<BTreeSet<_>>());
    // The same id never has two bodies.
    let hits = sink.hits_at("/k");
    let bodies: BTreeSet<(&str, &[u8])> =
        hits.iter().map(|hit| (hit.header("webhook-id"), hit.body.as_ref())).collect();
    let ids: BTreeSet<&str> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
    assert_eq!(bodies.len(), ids.len());
}

#[tokio::test]
async fn a_path_that_is_none_is_refused_and_one_that_is_comes_back() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let with = |failed: Value| json!({"name": "b", "url": "https://example.com/hook", "batch": {"max_events": 2, "failed": failed}});
    for wrong in ["$.items[?@.index.status >=", "items"] {
        let refused = client.post("/v1/destinations", &with(json!(wrong))).await;
        refused.problem(422);
        assert_eq!(refused.pointers(), ["/batch/failed"], "{refused:?}");
    }
    let made = client.post("/v1/destinations", &with(json!(ELASTICSEARCH))).await.expect(201);
    assert_eq!(made["batch"]["failed"], ELASTICSEARCH);
    let path = format!("/v1/destinations/{}", made["id"].as_str().unwrap());
    let without = json!({"batch": {"max_events": 2, "failed": null}});
    assert_eq!(client.patch(&path, &without).await.expect(200)["batch"]["failed"], Value::Null);
}
