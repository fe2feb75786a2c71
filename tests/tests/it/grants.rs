//! What plugins may do beyond seeing events: only what a connection grants, kept exactly once whatever is killed.

use std::collections::HashMap;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::load::Load;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;

fn step(plugin: &str, config: &Value, grants: &[&str]) -> Value {
    json!([{"plugin": {"name": plugin, "config": config, "grants": grants}}])
}

async fn upload(client: &Client, name: &str) {
    client.upload(name, guests::plugin("only-changes")).await.expect(201);
}

#[tokio::test]
async fn what_is_not_granted_is_not_run() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    upload(&client, "only-changes").await;
    client.post("/v1/sources", &json!({"name": "s"})).await.expect(201);
    client.post("/v1/destinations", &json!({"name": "d", "url": "https://example.com/"})).await.expect(201);
    let config = json!({"id": "/id"});
    for (grants, pointer) in [
        (&[][..], "/steps/0/plugin/grants"),
        (&["clock"], "/steps/0/plugin/grants"),
        (&["files"], "/steps/0/plugin/grants/0"),
    ] {
        let steps = step("only-changes", &config, grants);
        let connection = json!({"name": "c", "source": "s", "destination": "d", "steps": steps});
        let answer = client.post("/v1/connections", &connection).await;
        answer.problem(422);
        assert!(answer.pointers().contains(&pointer), "{pointer}: {answer:?}");
        let preview = json!({"steps": steps, "payload": {"id": 1}});
        client.post("/v1/preview", &preview).await.problem(422);
    }
    let steps = step("only-changes", &config, &["kv", "clock"]);
    let connection = json!({"name": "c", "source": "s", "destination": "d", "steps": steps});
    let made = client.post("/v1/connections", &connection).await.expect(201);
    assert_eq!(made["steps"][0]["plugin"]["grants"], json!(["clock", "kv"]));
    let preview = json!({"steps": steps, "payload": {"id": 1}});
    for _ in 0..2 {
        let answer = client.post("/v1/preview", &preview).await.expect(200);
        assert_eq!(
            answer["outputs"][0]["payload"]["before"],
            Value::Null,
            "a preview leaves nothing: {answer}"
        );
    }
}

#[tokio::test]
async fn a_version_that_wants_more_needs_consent() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("p", guests::fixture("hostile")).await.expect(201);
    let steps = step("p", &json!({"id": "/id"}), &[]);
    let pipeline = Plan::new("follows", &sink.url("/p")).steps(steps).make(&client).await;
    let second = client.upload("p", guests::plugin("only-changes")).await.expect(201);
    assert_eq!((&second["imports"], &second["active"]), (&json!(["kv", "log"]), &json!(false)));
    let activate = format!("/v1/plugins/p/versions/{}/activate", second["digest"].as_str().unwrap());
    let refused = client.act(&activate).await;
    refused.problem(409);
    assert!(refused.text.contains("kv") && refused.text.contains("`follows`"), "{refused:?}");
    client.act(&format!("{activate}?accept=clock")).await.problem(409);
    client.act(&format!("{activate}?accept=everything")).await.problem(400);
    client.act(&format!("{activate}?accept=kv")).await.expect(200);
    let connection = client.get(&format!("/v1/connections/{}", pipeline.connection)).await.expect(200);
    assert_eq!(connection["steps"][0]["plugin"]["grants"], json!(["kv"]));
    for plan in ["free", "free", "team"] {
        pipeline.accept(&client, &json!({"id": 1, "plan": plan})).await;
    }
    let hits = sink.wait_for("/p", 2).await;
    assert_eq!(hits[1].json()["changed"], json!(["plan"]), "{hits:?}");
}

#[tokio::test]
async fn values_belong_to_one_plugin_in_one_workspace() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let mine = gateway.client();
    let theirs = mine.post("/v1/workspaces", &json!({"name": "theirs"})).await.expect(201);
    let theirs = mine.with_key(theirs["key"]["secret"].as_str().expect("a key of the new workspace"));
    let config = json!({"id": "/id"});
    for (client, plugin, path) in [(&mine, "a", "/a"), (&mine, "b", "/b"), (&theirs, "a", "/c")] {
        upload(client, plugin).await;
        let steps = step(plugin, &config, &["kv"]);
        let pipeline = Plan::new(plugin, &sink.url(path)).steps(steps).make(client).await;
        pipeline.accept(client, &json!({"id": 1, "from": path})).await;
        let hits = sink.wait_for(path, 1).await;
        assert_eq!(hits[0].json()["before"], Value::Null, "{path}");
    }
}

/// Each change of one record says what was before: a chain, in which every acknowledged number is once. A write that
/// was lost, came twice, or did not lie on disk with its delivery would break it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_kept_exactly_once() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    upload(&client, "only-changes").await;
    sink.script("/chain", |before, _| Reply::Status(if before / 20 % 2 == 0 { 200 } else { 503 }));
    let steps = json!([
        {"mapping": {"version": 1, "output": {"id": 1, "number": "$.number"}}},
        {"plugin": {"name": "only-changes", "config": {"id": "/id"}, "grants": ["kv"]}}
    ]);
    let retry = json!({"delays": vec!["100ms"; 100]});
    let plan = Plan::new("chain", &sink.url("/chain")).steps(steps).connection("retry", retry);
    let pipeline = plan.make(&client).await;
    let load = Load::start(&client, &pipeline.path, 8, 50);
    for kill in 1..=6 {
        eventually("load flows", || async { (load.acknowledged() >= kill * 40).then_some(()) }).await;
        gateway.kill().await;
        gateway.restart().await;
    }
    let outcome = load.stop().await;
    let number = |hit: &Hit| hit.json()["after"]["number"].as_u64().expect("a number");
    sink.wait_until("every acknowledged number arrives", |hits| {
        let arrived: std::collections::HashSet<u64> = hits.iter().map(number).collect();
        outcome.acknowledged.keys().all(|number| arrived.contains(number))
    })
    .await;
    hookmill_tests::settled(&client).await;
    check_chain(&sink.hits_at("/chain"));
}

fn check_chain(hits: &[Hit]) {
    let mut deliveries: HashMap<&str, (Value, u64)> = HashMap::new();
    for hit in hits {
        let body = hit.json();
        let link = (body["before"]["number"].clone(), body["after"]["number"].as_u64().unwrap());
        let first = deliveries.entry(hit.header("webhook-id")).or_insert_with(|| link.clone());
        assert_eq!(*first, link, "a delivery that came again is the same");
    }
    let mut next: HashMap<Option<u64>, u64> = HashMap::new();
    for (before, after) in deliveries.values() {
        let twice = next.insert(before.as_u64(), *after);
        assert_eq!(twice, None, "two events saw {before} as the last value");
    }
    let (mut length, mut last) = (0, None);
    while let Some(number) = next.get(&last) {
        (length, last) = (length + 1, Some(*number));
    }
    assert_eq!(length, deliveries.len(), "the chain is broken after {last:?}");
}
