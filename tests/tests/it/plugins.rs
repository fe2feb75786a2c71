//! Plugins from upload to delivery: versions, activation, verdicts, fan-out, preview.

use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::gateway::Options;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use serde_json::json;

use crate::delivery::delivery_in;

fn plugin_step(name: &str, config: serde_json::Value) -> serde_json::Value {
    json!([{"plugin": {"name": name, "version": "active", "config": config}}])
}

#[tokio::test]
async fn one_event_becomes_many_deliveries() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("split-batch", guests::plugin("split-batch")).await.expect(201);
    let steps = plugin_step("split-batch", json!({"items": "/rows", "event_type": "row.created"}));
    let pipeline = Plan::new("split", &sink.url("/rows")).steps(steps).make(&client).await;
    let event = pipeline.accept(&client, &json!({"rows": [{"n": 0}, {"n": 1}, {"n": 2}]})).await;
    let hits = sink.wait_for("/rows", 3).await;
    let mut numbers: Vec<_> = hits.iter().map(|hit| hit.json()["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2]);
    let mut ids: Vec<_> = hits.iter().map(|hit| hit.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "each delivery has an id of its own");
    assert!(hits.iter().all(|hit| hit.header("x-batch-item").ends_with("/3")));
    hookmill_tests::eventually("three deliveries", || async {
        let items = client.all(&format!("/v1/deliveries?event={event}&state=delivered")).await;
        (items.len() == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn drops_and_refusals_are_told_with_their_words() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    let pipeline =
        Plan::new("h", &sink.url("/h")).steps(plugin_step("hostile", json!({}))).make(&client).await;
    let send = async |attack: &str| {
        let headers = [("x-attack", attack), ("content-type", "application/json")];
        let answer =
            client.with_key("").send("POST", &pipeline.path, &headers, b"{}".to_vec()).await.expect(202);
        answer["id"].as_str().unwrap().to_owned()
    };
    let dropped = send("drop").await;
    let entry = crate::hostile_guests::plugin_entry(&client, &dropped).await;
    assert_eq!((&entry["verdict"], &entry["reason"]), (&json!("drop"), &json!("dropped")), "{entry}");
    let refused = send("refuse").await;
    let entry = crate::hostile_guests::plugin_entry(&client, &refused).await;
    assert!(entry.to_string().contains("no thanks"), "{entry}");
    delivery_in(&client, &refused, "failed_by_gateway").await;
    assert!(sink.hits().is_empty());
}

#[tokio::test]
async fn on_error_drops_or_passes() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    for on_error in ["pass", "drop"] {
        let path = format!("/{on_error}");
        let mut steps = plugin_step("hostile", json!({}));
        steps[0]["on_error"] = json!(on_error);
        let pipeline = Plan::new(on_error, &sink.url(&path)).steps(steps).make(&client).await;
        for (number, attack) in [(1, "refuse"), (2, "behave")] {
            let headers = [("x-attack", attack), ("content-type", "application/json")];
            let body = json!({"n": number}).to_string().into_bytes();
            client.with_key("").send("POST", &pipeline.path, &headers, body).await.expect(202);
        }
    }
    let passed = sink.wait_for("/pass", 2).await;
    let mut numbers: Vec<_> = passed.iter().map(|hit| hit.json()["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(sink.wait_for("/drop", 1).await[0].json()["n"], 2);
}

#[tokio::test]
async fn versions_are_pinned_followed_and_rolled_back() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let first = client.upload("p", guests::plugin("filter-leads")).await.expect(201);
    let second = client.upload("p", guests::fixture("hostile")).await.expect(201);
    assert_eq!(second["imports"], json!(["log"]));
    let (one, two) = (first["digest"].as_str().unwrap(), second["digest"].as_str().unwrap());
    assert_ne!(one, two);
    let again = client.upload("p", guests::fixture("hostile")).await;
    assert!(matches!(again.status, 200 | 201), "the same bytes are the same version: {again:?}");
    let plugin = client.get("/v1/plugins/p").await.expect(200);
    assert_eq!(plugin["versions"].as_array().unwrap().len(), 2, "{plugin}");
    // It imports what the first did not: somebody has to agree to that.
    assert_eq!(plugin["active"], json!(one), "{plugin}");
    client.act(&format!("/v1/plugins/p/versions/{two}/activate")).await.expect(200);

    let pinned = json!([{"plugin": {"name": "p", "version": one, "config": {"min_confidence": 0.5}}}]);
    let pipeline = Plan::new("pinned", &sink.url("/pinned")).steps(pinned).make(&client).await;
    let signal = json!({"signal_type": "product_qualified_lead", "confidence": 0.92,
        "account": {"name": "Acme", "domain": "acme.com"}, "detected_at": "2026-04-29T14:31:08Z"});
    pipeline.accept(&client, &signal).await;
    assert_eq!(sink.wait_for("/pinned", 1).await[0].json()["score"], 92);

    let followed = Plan::new("followed", &sink.url("/followed")).steps(plugin_step("p", json!({})));
    let followed = followed.make(&client).await;
    followed.accept(&client, &json!({"same": true})).await;
    assert_eq!(sink.wait_for("/followed", 1).await[0].json(), json!({"same": true}));
    client.delete(&format!("/v1/plugins/p/versions/{one}")).await.problem(409);
}

#[tokio::test]
async fn a_configuration_that_the_plugin_refuses_is_not_saved() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    client.upload("filter-leads", guests::plugin("filter-leads")).await.expect(201);
    client.post("/v1/sources", &json!({"name": "s"})).await.expect(201);
    client.post("/v1/destinations", &json!({"name": "d", "url": "https://example.com/"})).await.expect(201);
    for config in [json!({}), json!({"min_confidence": "high"})] {
        let connection = json!({"name": "c", "source": "s", "destination": "d", "event_types": ["*"],
            "steps": plugin_step("filter-leads", config)});
        let answer = client.post("/v1/connections", &connection).await;
        answer.problem(422);
        assert!(answer.pointers()[0].starts_with("/steps/0/plugin"), "{answer:?}");
        assert!(answer.text.contains("min_confidence") || answer.text.contains("high"), "{answer:?}");
    }
    let preview = json!({"steps": plugin_step("filter-leads", json!({"min_confidence": 0.99})), "payload":
        {"signal_type": "product_qualified_lead", "confidence": 0.92, "account": {"name": "A", "domain": "a.b"},
        "detected_at": "2026-04-29T14:31:08Z"}});
    let answer = client.post("/v1/preview", &preview).await.expect(200);
    assert_eq!(answer["steps"][0]["verdict"], "drop", "{answer}");
    assert_eq!(answer["steps"][0]["reason"], "confidence below the minimum");
    assert_eq!(answer["outputs"], json!([]));
}

#[tokio::test]
async fn plugins_survive_a_restart() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    let pipeline =
        Plan::new("h", &sink.url("/h")).steps(plugin_step("hostile", json!({}))).make(&client).await;
    gateway.kill().await;
    gateway.restart().await;
    pipeline.accept(&client, &json!({"n": 1})).await;
    assert_eq!(sink.wait_for("/h", 1).await[0].json(), json!({"n": 1}));
}

/// Whoever wants every event of an interpreted plugin to have an instance made for it says so, and is told at the start.
#[tokio::test]
async fn interpreted_plugins_have_instances_as_the_setting_says() {
    let told = async |value: &str| {
        let start = |options: Options| options.env("HOOKMILL_INTERPRETED_PLUGINS_DIRECT", value);
        Gateway::start_with(start).await.log().contains("interpreted_plugins.direct is false")
    };
    assert_eq!((told("true").await, told("false").await), (false, true));
}
