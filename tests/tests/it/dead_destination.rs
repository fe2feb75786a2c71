//! A destination that never answers, with a hundred thousand waiting deliveries, beside a healthy
//! one: the healthy one does not notice, and the waiting ones cost little memory.

use std::time::Duration;
use std::time::Instant;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::latency::p99;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::size::sized;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;

const PROBES: usize = 1000;
const ROUNDS: usize = 5;

/// Deliveries that wait for the dead destination.
fn waiting() -> usize {
    sized(10_000, 100_000)
}

/// A gateway with a healthy destination, and when requests arrive there.
struct Probe {
    gateway: Gateway,
    client: Client,
    pipeline: Pipeline,
    arrivals: mpsc::UnboundedReceiver<Instant>,
}

impl Probe {
    async fn start(sink: &Sink, path: &str) -> Self {
        let gateway = Gateway::start().await;
        let client = gateway.client();
        let (sender, arrivals) = mpsc::unbounded_channel();
        sink.script(path, move |_, hit| {
            // The receiver outlives every request.
            let _ = sender.send(hit.at);
            Reply::Status(200)
        });
        let pipeline = Plan::new("healthy", &sink.url(path)).make(&client).await;
        Self { gateway, client, pipeline, arrivals }
    }

    /// From sending one event to its arrival.
    async fn once(&mut self) -> Duration {
        let start = Instant::now();
        self.pipeline.accept(&self.client, &json!({"probe": true})).await;
        self.arrivals.recv().await.expect("the sink runs") - start
    }
}

/// Both by turns, so that whatever else this machine does hits both.
async fn compare(alone: &mut Probe, beside: &mut Probe) -> (Duration, Duration) {
    let (mut first, mut second) = (Vec::with_capacity(PROBES), Vec::with_capacity(PROBES));
    for _ in 0..PROBES {
        first.push(alone.once().await);
        second.push(beside.once().await);
    }
    (p99(&first), p99(&second))
}

async fn queue_up(client: &Client, dead: &Pipeline) {
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..4 {
        let (client, path) = (client.clone(), dead.path.clone());
        senders.spawn(async move {
            let body =
                |number: usize| json!({"number": number, "filler": "x".repeat(400)}).to_string().into_bytes();
            for number in (sender..waiting()).step_by(4) {
                let headers = [("content-type", "application/json")];
                client.with_key("").send("POST", &path, &headers, body(number)).await.expect(202);
            }
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent.expect("every event is taken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_healthy_one_does_not_notice() {
    let (sink, dead_sink) = (Sink::start().await, Sink::start().await);
    sink.count_only();
    dead_sink.count_only();
    dead_sink.always("/dead", Reply::Never);
    let mut alone = Probe::start(&sink, "/alone").await;
    let mut beside = Probe::start(&sink, "/beside").await;
    let client = beside.client.clone();
    let plan = Plan::new("dead", &dead_sink.url("/dead")).destination("timeout_ms", json!(60_000));
    let dead = plan.make(&client).await;
    queue_up(&client, &dead).await;
    let resident = beside.gateway.resident_bytes();
    eprintln!("resident with {} deliveries waiting: {} MiB", waiting(), resident >> 20);

    // What is done once for each connection and page is not what is compared.
    compare(&mut alone, &mut beside).await;
    // Latencies of a busy machine vary; one round in which it holds shows that nothing waits.
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (alone, beside) = compare(&mut alone, &mut beside).await;
        rounds.push((alone, beside));
        eprintln!("p99 alone {alone:?}, beside a dead destination {beside:?}");
        if beside <= alone.mul_f64(1.5) {
            break;
        }
    }
    let (alone, beside) = rounds.last().expect("there was a round");
    assert!(*beside <= alone.mul_f64(1.5), "p99 alone and beside a dead destination: {rounds:?}");
    assert!(resident < 100 << 20, "{} MiB resident with {} deliveries waiting", resident >> 20, waiting());
    nothing_delivered(&client, &dead).await;
}

async fn nothing_delivered(client: &Client, dead: &Pipeline) {
    let list = format!("/v1/deliveries?destination={}", dead.destination);
    let waiting = eventually("the dead one's deliveries are listed", || async {
        let page: Value = client.get(&format!("{list}&limit=1")).await.expect(200);
        page["items"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_ne!(waiting["state"], "delivered", "{waiting}");
    let page: Value = client.get(&format!("{list}&state=delivered")).await.expect(200);
    assert_eq!(page["items"], json!([]));
}
