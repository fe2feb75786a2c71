//! What requests make the gateway compute: a key that may only read asks for as much as it can, and neither are events
//! in its way, nor does it get more than its share, nor does anything go on when nobody waits for it. Not here: what
//! plugins compute for events (`hostile_neighbours`).

use std::time::Duration;
use std::time::Instant;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::latency::percentile;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tokio::task::JoinSet;

/// Events sent in each turn.
const PROBES: usize = 60;
/// How much longer taking one in may take beside readers; with the readers on the threads of events it was seven
/// thousand times as long.
const FACTOR: u32 = 20;

/// A client that may only read.
async fn reader(gateway: &Gateway) -> Client {
    let made = gateway
        .client()
        .post("/v1/api-keys", &json!({"name": "reader", "scopes": ["read"]}))
        .await
        .expect(201);
    gateway.client().with_key(made["secret"].as_str().expect("a key is shown once"))
}

fn keys(letter: char, count: usize) -> Value {
    let member = |at: usize| (format!("{letter}{at:05}Company{}Name{}", at * 7, at * 3), json!(at));
    Value::Object((0..count).map(member).collect::<Map<String, Value>>())
}

async fn computing(client: &Client) -> u64 {
    let text = client.get("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix("hookmill_requests_computing "));
    line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no such gauge:\n{text}"))
}

async fn idle(client: &Client) {
    eventually("nothing is computed any more", async || (computing(client).await == 0).then_some(())).await;
}

/// How long taking events in takes, the median.
async fn intake(client: &Client, pipeline: &Pipeline) -> Duration {
    let mut times = Vec::new();
    for number in 0..PROBES {
        let start = Instant::now();
        pipeline.accept(client, &json!({"number": number})).await;
        times.push(start.elapsed());
    }
    percentile(&times, 50)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_ask_for_suggestions_are_in_nobodys_way() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = Plan::new("beside", &sink.url("/beside")).make(&client).await;
    let attack = json!({"steps": [], "payload": keys('k', 20_000), "suggest": keys('t', 2000)});
    intake(&client, &pipeline).await;
    let alone = intake(&client, &pipeline).await;
    let mut readers = JoinSet::new();
    for _ in 0..2 {
        let (reader, attack) = (reader(&gateway).await.fresh(), attack.clone());
        readers.spawn(async move {
            loop {
                let answer = reader.post("/v1/preview", &attack).await;
                assert!(matches!(answer.status, 200 | 422), "{}", answer.text);
            }
        });
    }
    eventually("a reader is at it", async || (computing(&client).await > 0).then_some(())).await;
    let beside = intake(&client, &pipeline).await;
    assert!(readers.try_join_next().is_none(), "the readers went on");
    readers.shutdown().await;
    println!("taking an event in, median: {alone:?} alone, {beside:?} beside two readers");
    assert!(beside < alone * FACTOR, "{alone:?} alone, {beside:?} beside two readers");
    idle(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_double_what_they_get_share_one_budget() {
    let gateway = Gateway::start().await;
    let reader = reader(&gateway).await;
    let doubling = |steps: usize, filler: usize| {
        let step = json!({"mapping": {"output": {"a": "$", "b": "$"}}, "on_error": "pass"});
        json!({"steps": vec![step; steps], "payload": "x".repeat(filler), "explain": true})
    };
    let answer = reader.post("/v1/preview", &doubling(4, 10)).await.expect(200);
    assert_eq!(answer["outputs"][0]["payload"]["b"]["a"]["a"]["b"], "xxxxxxxxxx");
    let answer = reader.post("/v1/preview", &doubling(30, 1000)).await;
    assert_eq!(answer.problem(422), "too-costly");
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("fewer steps") && detail.contains("smaller payload"), "{detail}");
    idle(&reader).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_computed_for_a_client_that_left() {
    // A call that would go on for as long as a test may take.
    let gateway = Gateway::start_with(|options| {
        options.env("HOOKMILL_PLUGINS_CPU", "60s").env("HOOKMILL_PLUGINS_WALL", "5m")
    });
    let gateway = gateway.await;
    let client = gateway.client();
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    let reader = reader(&gateway).await;
    let endless = json!({
        "steps": [{"plugin": {"name": "hostile", "config": {}}}],
        "payload": {},
        "headers": {"x-attack": "endless-loop"},
    });
    let mut asking = JoinSet::new();
    for _ in 0..4 {
        let (reader, endless) = (reader.fresh(), endless.clone());
        asking.spawn(async move { reader.post("/v1/preview", &endless).await });
    }
    // Of four of a workspace two are computed at a time.
    eventually("two are computed", async || (computing(&client).await == 2).then_some(())).await;
    asking.shutdown().await;
    idle(&client).await;
    // And those that waited have left their places.
    client.post("/v1/preview", &json!({"steps": [], "payload": {}})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_full_of_faults_is_read_once() {
    let gateway = Gateway::start().await;
    let reader = reader(&gateway).await;
    // As many names as a body has room for; each was compared with all before it.
    let members: Vec<String> = (0..300_000).map(|at| format!("\"n{at:06}\":0")).collect();
    let body = format!("{{{}}}", members.join(","));
    let answer = reader.send("POST", "/v1/preview", &[], body.into_bytes()).await;
    assert_eq!(answer.problem(422), "invalid-preview");
    assert_eq!(answer.pointers().len(), 100);
    idle(&reader).await;
}
