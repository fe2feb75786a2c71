//! Every real GitHub webhook goes in signed as GitHub signs, through filter, mapping and plugin,
//! and out; each is accounted for.

use std::collections::HashMap;

use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::corpus;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::node;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sign;
use serde_json::Value;
use serde_json::json;

/// Keeps everything but the parts nobody wants to send on; GitHub's own events without a sender
/// are dropped by the filter.
fn steps() -> Value {
    json!([
        {"filter": {"path": "$.sender.login", "exists": true}},
        {"mapping": {"version": 1, "mode": "merge", "output": {"via": {"$in_headers": "x-github-event"}}, "remove": ["$.installation"]}},
        {"plugin": {"name": "github-to-slack", "version": "active", "config": {}}},
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_real_webhook_is_accounted_for() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("github-to-slack", guests::plugin("github-to-slack")).await.expect(201);
    let plan = Plan::new("github", &sink.url("/slack"))
        .source("verification", json!({"preset": "github", "secret": "s3cret"}))
        .steps(steps());
    let pipeline = plan.make(&client).await;

    let webhooks = corpus::github();
    assert!(webhooks.len() > 300, "{} webhooks", webhooks.len());
    let mut expected: HashMap<String, (&corpus::Webhook, Value)> = HashMap::new();
    for (number, webhook) in webhooks.iter().enumerate() {
        let headers = sign::github("s3cret", &webhook.event, &format!("delivery-{number}"), &webhook.body);
        let stranger = client.with_key("");
        let answer =
            stranger.send("POST", &pipeline.path, &sign::borrowed(&headers), webhook.body.clone()).await;
        let id = answer.expect(202)["id"].as_str().unwrap().to_owned();
        let body: Value = serde_json::from_slice(&webhook.body).unwrap();
        expected.insert(id, (webhook, body));
    }
    assert_eq!(expected.len(), webhooks.len(), "each got an id of its own");

    let passing = expected.values().filter(|(_, body)| body["sender"]["login"].is_string()).count();
    let hits = sink.wait_for("/slack", passing).await;
    let mut by_delivery: HashMap<String, &hookmill_tests::sink::Hit> = HashMap::new();
    for hit in &hits {
        let earlier = by_delivery.insert(hit.header("webhook-id").to_owned(), hit);
        assert!(earlier.is_none(), "{} came twice", hit.header("webhook-id"));
    }
    for (event, (webhook, body)) in &expected {
        let name = format!("{} {}", webhook.event, webhook.number);
        if body["sender"]["login"].is_string() {
            let delivery = crate::delivery::delivery_in(&client, event, "delivered").await;
            let hit = by_delivery.remove(delivery["id"].as_str().unwrap());
            check_message(&name, body, &hit.unwrap_or_else(|| panic!("{name} did not arrive")).json());
        } else {
            let entry = filter_entry(&client, event).await;
            assert_eq!(
                (&entry["verdict"], &entry["path"]),
                (&json!("drop"), &json!("$.sender.login")),
                "{name}: {entry}"
            );
        }
    }
    assert!(by_delivery.is_empty(), "arrived without having been sent: {:?}", by_delivery.keys());
    assert_eq!(node::verify(&pipeline.secret, &hits).await, passing);
}

async fn filter_entry(client: &hookmill_tests::Client, event: &str) -> Value {
    eventually("the filter's entry", || async {
        let trace = client.get(&format!("/v1/events/{event}/trace")).await.expect(200);
        trace["entries"].as_array()?.iter().find(|entry| entry["stage"] == "filter").cloned()
    })
    .await
}

/// A Slack message that names who did it (a push: who pushed) and where.
fn check_message(name: &str, body: &Value, message: &Value) {
    let text = message["text"].as_str().unwrap_or_else(|| panic!("{name}: {message}"));
    let who = body["sender"]["login"].as_str().unwrap();
    let pusher = body["pusher"]["name"].as_str().unwrap_or(who);
    assert!(text.contains(who) || text.contains(pusher), "{name}: {text}");
    let blocks = message["blocks"].as_array().unwrap_or_else(|| panic!("{name}: {message}"));
    assert_eq!(blocks[0]["text"]["text"], text, "{name}");
    if let Some(repository) = body["repository"]["full_name"].as_str() {
        assert!(blocks[1].to_string().contains(repository), "{name}: {message}");
    }
}
