//! SIGKILL at random moments under load, with retries pending and a flapping receiver: what was
//! acknowledged arrives, what repeats repeats under its own id.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::load::Load;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sink::Hit;
use hookmill_tests::size::sized;
use serde_json::json;

fn kills() -> u64 {
    sized(5, 25)
}

/// Requests to one destination at a time, as the settings have it.
const ON_THE_WIRE_MAX: usize = 8;
/// After a kill: until the sink has read what the gateway wrote before.
const LAST_BYTES: Duration = Duration::from_millis(100);

/// One life of the gateway and how it ended.
struct Life {
    /// When the last request began that was acknowledged: the commit with it holds what was settled until then.
    committed: Instant,
    /// When everything it had sent was there, and the next had not begun.
    ended: Instant,
}

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
    let mut lives = Vec::new();
    for _ in 0..kills() {
        let now = acknowledged();
        eventually("load flows again", || async { (acknowledged() >= now + 20).then_some(()) }).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..250))).await;
        let committed = loads.iter().filter_map(Load::committed).max().expect("load flows");
        gateway.kill().await;
        tokio::time::sleep(LAST_BYTES).await;
        lives.push(Life { committed, ended: Instant::now() });
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
    hookmill_tests::settled(&client).await;
    check_repeats(&sink.hits_at("/stubborn"), &lives);
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

/// A delivery that was answered 200 is sent again only if a crash came before that was on disk: it was on the wire, or
/// was answered after the last commit began. Which commit that was at the latest is known from outside: the one with the
/// last event that was acknowledged. Whatever was settled before that event was sent is in it, and at that time no more
/// than so many deliveries were sent and not settled.
fn check_repeats(hits: &[Hit], lives: &[Life]) {
    let life_of = |at: Instant| lives.iter().position(|life| at <= life.ended).unwrap_or(lives.len());
    let mut stubborn: HashMap<&str, Vec<usize>> = HashMap::new();
    for hit in hits {
        stubborn.entry(hit.header("webhook-id")).or_default().push(life_of(hit.at));
    }
    let mut repeated = vec![0; lives.len()];
    for (id, lives_of_hits) in &stubborn {
        // The first is refused, the second is taken.
        assert!(lives_of_hits.len() >= 2, "{id}: a pending retry did not happen");
        for pair in lives_of_hits[1..].windows(2) {
            assert!(
                pair[0] < pair[1],
                "{id} was sent again without a crash since it was taken: {lives_of_hits:?}"
            );
            repeated[pair[0]] += 1;
        }
    }
    for (number, (life, repeated)) in lives.iter().zip(&repeated).enumerate() {
        let since = hits.iter().filter(|hit| life.committed < hit.at && hit.at <= life.ended).count();
        let most = ON_THE_WIRE_MAX + since;
        assert!(
            *repeated <= most,
            "kill {number}: {repeated} repeated, where {most} can have been unsettled"
        );
    }
    // The bound must say something: were everything allowed to repeat, it would say nothing.
    let allowed: usize = lives.len() * ON_THE_WIRE_MAX;
    let all: usize = repeated.iter().sum();
    assert!(hits.len() > 4 * allowed, "{} requests are too few to tell; {all} repeated", hits.len());
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
    hookmill_tests::settled(&client).await;
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
