//! SIGKILL at random moments under load, with retries pending and a flapping receiver: what was
//! acknowledged arrives, what repeats repeats under its own id.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::load::Load;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sink::Hit;
use serde_json::json;

const KILLS: u64 = 25;
/// Deliveries that a crash may find between an attempt and its record: what is on the wire at
/// most, and what waits some milliseconds for its commit.
const REPEATED_PER_KILL_MAX: usize = 300;

fn number(hit: &Hit) -> u64 {
    hit.json()["number"].as_u64().unwrap_or_else(|| panic!("no number in {:?}", hit.body))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    // Up and down by turns of requests; what comes while it is down must come again.
    sink.script("/flapping", |before, _| Reply::Status(if before / 40 % 2 == 0 { 200 } else { 503 }));
    // Refuses everything once, so that a retry is always pending.
    let refused = Arc::new(std::sync::Mutex::new(HashSet::new()));
    let seen = refused.clone();
    sink.script("/stubborn", move |_, hit| {
        let first = seen.lock().unwrap().insert(hit.header("webhook-id").to_owned());
        Reply::Status(if first { 500 } else { 200 })
    });
    let retry = json!({"delays": vec!["200ms"; 100]});
    let flapping =
        Plan::new("flapping", &sink.url("/flapping")).connection("retry", retry.clone()).make(&client).await;
    let stubborn =
        Plan::new("stubborn", &sink.url("/stubborn")).connection("retry", retry).make(&client).await;

    let loads = [Load::start(&client, &flapping.path, 8, 200), Load::start(&client, &stubborn.path, 8, 200)];
    let acknowledged = || loads.iter().map(Load::acknowledged).sum::<usize>();
    let kills = AtomicU64::new(0);
    while kills.fetch_add(1, Ordering::Relaxed) < KILLS {
        let now = acknowledged();
        eventually("load flows again", || async { (acknowledged() >= now + 20).then_some(()) }).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..250))).await;
        gateway.kill().await;
        gateway.restart().await;
    }
    let [first, second] = loads;
    for (path, load) in [("/flapping", first), ("/stubborn", second)] {
        let outcome = load.stop().await;
        assert!(outcome.refused.values().all(|status| *status == 503), "{:?}", outcome.refused);
        let missing = |hits: &[Hit]| {
            let arrived: HashSet<u64> = hits.iter().filter(|hit| hit.path == path).map(number).collect();
            outcome.acknowledged.keys().filter(|number| !arrived.contains(number)).count()
        };
        sink.wait_until(&format!("all acknowledged events arrive at {path}"), |hits| missing(hits) == 0)
            .await;
        check_ids(path, &sink.hits_at(path), &outcome.acknowledged);
    }
    settle(&client).await;
    check_repeats(&sink.hits());
}

/// One number, one event, one delivery id, one body: whatever came twice is the same.
fn check_ids(path: &str, hits: &[Hit], acknowledged: &HashMap<u64, String>) {
    let mut ids: HashMap<u64, (&str, &bytes::Bytes)> = HashMap::new();
    for hit in hits {
        let (number, id) = (number(hit), hit.header("webhook-id"));
        let (first_id, first_body) = *ids.entry(number).or_insert((id, &hit.body));
        assert_eq!((first_id, first_body), (id, &hit.body), "{path}: number {number} came as two deliveries");
    }
    let distinct: HashSet<&str> = ids.values().map(|(id, _)| *id).collect();
    assert_eq!(distinct.len(), ids.len(), "{path}: two numbers under one id");
    assert!(ids.len() >= acknowledged.len());
}

/// Waits until no delivery waits for anything any more.
async fn settle(client: &hookmill_tests::Client) {
    for state in ["pending", "retrying"] {
        eventually(&format!("nothing is {state} any more"), || async {
            let page = client.get(&format!("/v1/deliveries?state={state}&limit=1")).await.expect(200);
            page["items"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
    }
}

/// A delivery that was answered 200 is sent again only if a crash came before that was written.
fn check_repeats(hits: &[Hit]) {
    let mut stubborn: HashMap<&str, usize> = HashMap::new();
    for hit in hits.iter().filter(|hit| hit.path == "/stubborn") {
        *stubborn.entry(hit.header("webhook-id")).or_default() += 1;
    }
    // One refusal and one success are as wanted.
    let repeated: usize = stubborn.values().map(|times| times.saturating_sub(2)).sum();
    assert!(stubborn.values().all(|times| *times >= 2), "a pending retry did not happen");
    let most = usize::try_from(KILLS).unwrap() * REPEATED_PER_KILL_MAX;
    assert!(repeated <= most, "{repeated} repeated attempts in {KILLS} kills");
}

/// Kills while events of a plugin that takes them in batches are on their way.
const BATCH_KILLS: u64 = 4;

/// What a plugin makes of an event in a batch depends on who else was in it, so it could not be made again. It is on disk
/// before it is sent, and stays the same under its id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_batch_became_is_sent_again_with_the_same_bytes() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let uploaded = client.upload("tally", guests::fixture("tally")).await.expect(201);
    assert_eq!(uploaded["batch"], json!(true), "whoever uploads it is told");
    // One call at a time: all that comes meanwhile waits, and goes together.
    client.patch("/v1/plugins/tally", &json!({"limits": {"in_flight": 1}})).await.expect(200);
    // So late that a crash finds many attempts without their record.
    sink.always("/tally", Reply::Late(Duration::from_millis(150), 200));
    let steps = json!([{"plugin": {"name": "tally"}}]);
    let retry = json!({"delays": vec!["200ms"; 100]});
    let pipeline =
        Plan::new("tally", &sink.url("/tally")).steps(steps).connection("retry", retry).make(&client).await;

    let load = Load::start(&client, &pipeline.path, 24, 50);
    for _ in 0..BATCH_KILLS {
        let now = load.acknowledged();
        eventually("load flows again", || async { (load.acknowledged() >= now + 100).then_some(()) }).await;
        gateway.kill().await;
        gateway.restart().await;
    }
    let outcome = load.stop().await;
    let arrived = |hits: &[Hit]| hits.iter().map(number).collect::<HashSet<u64>>();
    let all_are_there = |hits: &[Hit]| {
        let arrived = arrived(hits);
        outcome.acknowledged.keys().all(|number| arrived.contains(number))
    };
    let hits = sink.wait_until("all acknowledged events arrive", all_are_there).await;
    settle(&client).await;
    check_ids("/tally", &hits, &outcome.acknowledged);

    let distinct: HashSet<&str> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
    assert!(hits.len() > distinct.len(), "no crash came between an attempt and its record");
    let shared = hits.iter().filter(|hit| hit.json()["seen"] != json!(1)).count();
    assert!(shared > 0, "none of {} events shared an instance", hits.len());
    // And nothing that is shown of them is doubted.
    for delivery in client.get("/v1/deliveries?limit=100").await.expect(200)["items"].as_array().unwrap() {
        let content = client.get(&format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap())).await;
        assert_ne!(content.expect(200)["proven"], json!(false), "{delivery}");
    }
}
