//! A destination that never answers, with a hundred thousand waiting deliveries, beside a healthy
//! one: the healthy one does not notice, and the waiting ones cost little memory.

use std::time::Duration;
use std::time::Instant;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

const WAITING: usize = 100_000;
const PROBES: usize = 400;

/// From sending to arrival, 99th percentile, one event after the other.
async fn p99(client: &Client, sink: &Sink, pipeline: &Pipeline, path: &str) -> Duration {
    let mut times = Vec::with_capacity(PROBES);
    let arrived = sink.hits_at(path).len();
    for probe in 0..PROBES {
        let start = Instant::now();
        pipeline.accept(client, &json!({"probe": probe})).await;
        let hits = sink.wait_for(path, arrived + probe + 1).await;
        times.push(hits.last().unwrap().at - start);
    }
    times.sort_unstable();
    times[PROBES * 99 / 100]
}

async fn queue_up(client: &Client, dead: &Pipeline) {
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..4 {
        let (client, path) = (client.clone(), dead.source.clone());
        senders.spawn(async move {
            let url = format!("/in/{path}");
            let body =
                |number: usize| json!({"number": number, "filler": "x".repeat(400)}).to_string().into_bytes();
            for number in (sender..WAITING).step_by(4) {
                let headers = [("content-type", "application/json")];
                client.with_key("").send("POST", &url, &headers, body(number)).await.expect(202);
            }
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent.expect("every event is taken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_healthy_one_does_not_notice() {
    let (gateway, sink, dead_sink) = (Gateway::start().await, Sink::start().await, Sink::start().await);
    let client = gateway.client();
    dead_sink.always("/dead", Reply::Never);
    dead_sink.count_only();
    let healthy = Plan::new("healthy", &sink.url("/healthy")).make(&client).await;
    let dead = Plan::new("dead", &dead_sink.url("/dead"))
        .destination("timeout_ms", json!(60_000))
        .make(&client)
        .await;

    p99(&client, &sink, &healthy, "/healthy").await;
    let alone = p99(&client, &sink, &healthy, "/healthy").await;
    queue_up(&client, &dead).await;
    let beside = p99(&client, &sink, &healthy, "/healthy").await;
    let resident = gateway.resident_bytes();
    eprintln!("p99 alone {alone:?}, beside {beside:?}; resident {} MiB", resident >> 20);

    // Half as much again, and what the clock of a busy machine may add.
    let allowed = alone.mul_f64(1.5) + Duration::from_millis(25);
    assert!(beside <= allowed, "p99 was {alone:?} alone and is {beside:?} beside a dead destination");
    assert!(resident < 150 << 20, "{} MiB resident with {WAITING} deliveries waiting", resident >> 20);
    let page: Value = client
        .get(&format!("/v1/deliveries?destination={}&state=delivered", dead.destination))
        .await
        .expect(200);
    assert_eq!(page["items"], json!([]));
}
