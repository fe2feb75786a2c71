//! A version that only faults is not run any more; what meets it is held, and delivered when it is mended or
//! replaced, whatever is killed meanwhile.

use std::collections::HashSet;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

use crate::delivery::delivery_in;
use crate::hostile_guests::plugin_entry;

/// Faults in a row until quarantine.
const FAULTS: usize = 5;

async fn start() -> Gateway {
    Gateway::start_with(|options| options.env("HOOKMILL_PLUGINS_QUARANTINE_AFTER", &FAULTS.to_string())).await
}

/// A connection that follows the active version of `p`, which is the guest that attacks when an event says so.
async fn pipeline(client: &Client, sink: &Sink) -> (Pipeline, String) {
    let version = client.upload("p", guests::fixture("hostile")).await.expect(201);
    let steps = json!([{"plugin": {"name": "p", "version": "active", "config": {"items": "/rows"}}}]);
    let pipeline = Plan::new("p", &sink.url("/p")).steps(steps).make(client).await;
    (pipeline, version["digest"].as_str().unwrap().to_owned())
}

async fn send(client: &Client, pipeline: &Pipeline, attack: &str, body: &Value) -> String {
    let headers = [("x-attack", attack), ("content-type", "application/json")];
    let body = body.to_string().into_bytes();
    let answer = client.with_key("").send("POST", &pipeline.path, &headers, body).await.expect(202);
    answer["id"].as_str().unwrap().to_owned()
}

/// Faults until it is in quarantine, and that is written down.
async fn quarantined(client: &Client, pipeline: &Pipeline) -> Value {
    for _ in 0..FAULTS {
        let event = send(client, pipeline, "panic", &json!({})).await;
        delivery_in(client, &event, "failed_by_gateway").await;
    }
    eventually("a version in quarantine", || async {
        let plugin = client.get("/v1/plugins/p").await.expect(200);
        let versions = plugin["versions"].as_array().unwrap();
        versions.iter().map(|version| version["quarantine"].clone()).find(Value::is_object)
    })
    .await
}

#[tokio::test]
async fn events_that_meet_it_are_held_and_released_with_another_version() {
    let (gateway, sink) = (start().await, Sink::start().await);
    let client = gateway.client();
    let (pipeline, _) = pipeline(&client, &sink).await;
    let plain = Plan::new("plain", &sink.url("/plain")).make(&client).await;
    let beside = json!({"name": "beside", "source": pipeline.source, "destination": plain.destination});
    client.post("/v1/connections", &beside).await.expect(201);

    let quarantine = quarantined(&client, &pipeline).await;
    assert_eq!(
        (&quarantine["faults"], &quarantine["code"]),
        (&json!(FAULTS), &json!("trapped")),
        "{quarantine}"
    );
    let event = send(&client, &pipeline, "behave", &json!({"rows": [1, 2, 3]})).await;
    let held = delivery_in(&client, &event, "held").await;
    let entry = plugin_entry(&client, &event).await;
    assert_eq!(entry["verdict"], "held", "{entry}");
    assert!(entry["reason"].as_str().unwrap().contains("quarantine"), "{entry}");
    sink.wait_for("/plain", FAULTS + 1).await;
    let id = held["id"].as_str().unwrap();
    let refused = client.act(&format!("/v1/deliveries/{id}/retry")).await;
    refused.problem(409);
    assert!(refused.text.contains("release"), "{refused:?}");
    assert!(sink.hits_at("/p").is_empty());

    let fixed = client.upload("p", guests::plugin("split-batch")).await.expect(201);
    let activate = format!("/v1/plugins/p/versions/{}/activate", fixed["digest"].as_str().unwrap());
    client.act(&activate).await.expect(200);
    let hits = sink.wait_for("/p", 3).await;
    let ids: HashSet<&str> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
    assert!(ids.len() == 3 && ids.contains(id), "one keeps the id it was held under: {ids:?}, {id}");
    eventually("all its deliveries", || async {
        let items = client.all(&format!("/v1/deliveries?event={event}&state=delivered")).await;
        (items.len() == 4).then_some(())
    })
    .await;
    let entry = plugin_entry(&client, &event).await;
    assert_eq!((&entry["verdict"], &entry["outputs"]), (&json!("forward"), &json!(3)), "{entry}");
    assert_eq!(sink.hits_at("/plain").len(), FAULTS + 1, "the other connection sent each event once");
}

#[tokio::test]
async fn a_released_version_runs_what_was_held_for_it() {
    let (gateway, sink) = (start().await, Sink::start().await);
    let client = gateway.client();
    let (pipeline, version) = pipeline(&client, &sink).await;
    let release = format!("/v1/plugins/p/versions/{version}/release");
    client.act(&release).await.problem(409);
    quarantined(&client, &pipeline).await;
    let good = send(&client, &pipeline, "behave", &json!({"n": 1})).await;
    let dropped = send(&client, &pipeline, "drop", &json!({"n": 2})).await;
    let bad = send(&client, &pipeline, "panic", &json!({"n": 3})).await;
    let cancelled = send(&client, &pipeline, "behave", &json!({"n": 4})).await;
    for event in [&good, &dropped, &bad] {
        delivery_in(&client, event, "held").await;
    }
    let id = delivery_in(&client, &cancelled, "held").await["id"].as_str().unwrap().to_owned();
    client.act(&format!("/v1/deliveries/{id}/cancel")).await.expect(200);

    let plugin = client.act(&release).await.expect(200);
    assert_eq!(plugin["versions"][0]["quarantine"], Value::Null);
    assert_eq!(sink.wait_for("/p", 1).await[0].json(), json!({"n": 1}));
    delivery_in(&client, &good, "delivered").await;
    delivery_in(&client, &bad, "failed_by_gateway").await;
    delivery_in(&client, &cancelled, "cancelled").await;
    delivery_in(&client, &dropped, "dropped").await;
    let entry = plugin_entry(&client, &dropped).await;
    assert_eq!((&entry["verdict"], &entry["reason"]), (&json!("drop"), &json!("dropped")), "{entry}");

    // One that was cancelled has no bytes yet: a retry makes them.
    client.act(&format!("/v1/deliveries/{id}/retry")).await.expect(200);
    assert_eq!(sink.wait_for("/p", 2).await[1].json(), json!({"n": 4}));
    // And it can go into quarantine again.
    quarantined(&client, &pipeline).await;
}

#[tokio::test]
async fn refusals_and_single_faults_do_not_lead_there() {
    let (gateway, sink) = (start().await, Sink::start().await);
    let client = gateway.client();
    let (pipeline, _) = pipeline(&client, &sink).await;
    for _ in 0..3 * FAULTS {
        let event = send(&client, &pipeline, "refuse", &json!({})).await;
        delivery_in(&client, &event, "failed_by_gateway").await;
    }
    for _ in 0..3 * FAULTS {
        let event = send(&client, &pipeline, "panic", &json!({})).await;
        delivery_in(&client, &event, "failed_by_gateway").await;
        let event = send(&client, &pipeline, "behave", &json!({})).await;
        delivery_in(&client, &event, "delivered").await;
    }
    let plugin = client.get("/v1/plugins/p").await.expect(200);
    assert_eq!(plugin["versions"][0]["quarantine"], Value::Null, "{plugin}");
}

/// Held before and during kills, released under the next version: each once, none forgotten.
#[tokio::test]
async fn what_is_held_outlives_kills() {
    let (mut gateway, sink) = (start().await, Sink::start().await);
    let client = gateway.client();
    let (pipeline, _) = pipeline(&client, &sink).await;
    quarantined(&client, &pipeline).await;
    let mut events = HashSet::new();
    for round in 0..4 {
        for number in 0..25 {
            let rows = json!({"rows": [{"number": round * 25 + number}]});
            events.insert(send(&client, &pipeline, "behave", &rows).await);
        }
        gateway.kill().await;
        gateway.restart().await;
    }
    let client = gateway.client();
    eventually("all of them are held", || async {
        (client.all("/v1/deliveries?state=held").await.len() == events.len()).then_some(())
    })
    .await;
    let fixed = client.upload("p", guests::plugin("split-batch")).await.expect(201);
    client
        .act(&format!("/v1/plugins/p/versions/{}/activate", fixed["digest"].as_str().unwrap()))
        .await
        .expect(200);
    sink.wait_for("/p", 10).await;
    gateway.kill().await;
    gateway.restart().await;
    let client = gateway.client();
    eventually("all of them are delivered", || async {
        (client.all("/v1/deliveries?state=delivered").await.len() == events.len()).then_some(())
    })
    .await;
    let hits = sink.hits_at("/p");
    let numbers: HashSet<u64> = hits.iter().map(|hit| hit.json()["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers.len(), events.len());
    let ids: HashSet<&str> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
    assert_eq!(ids.len(), events.len(), "a delivery that came twice has one id");
}
