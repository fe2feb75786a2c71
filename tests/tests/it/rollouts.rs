//! A version tried on live events: rolled back by itself when it is bad, and no event pays for it.

use std::collections::HashMap;
use std::collections::HashSet;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;
use tokio::task::JoinSet;

/// A version of the same plugin that never sees the header which tells it to misbehave.
fn honest() -> Vec<u8> {
    replaced(guests::fixture("hostile"), b"\"headers\": [\"x-attack\"]", b"\"headers\": [\"x-absent\"]")
}

fn replaced(mut module: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = module.windows(from.len()).position(|window| window == from).expect("the manifest is in there");
    module[at..at + to.len()].copy_from_slice(to);
    module
}

/// A plugin `p` whose active version behaves and whose second one does what the header `x-attack` says.
struct Versions {
    honest: String,
    hostile: String,
}

async fn versions(client: &Client) -> Versions {
    let digest = |answer: Value| answer["digest"].as_str().unwrap().to_owned();
    let honest = digest(client.upload("p", honest()).await.expect(201));
    let hostile = digest(client.upload("p", guests::fixture("hostile")).await.expect(201));
    Versions { honest, hostile }
}

fn steps() -> Value {
    json!([{"plugin": {"name": "p", "version": "active"}}])
}

/// One event; `attack` is what the second version does with it. Answers its id.
async fn send(client: &Client, pipeline: &Pipeline, number: u64, attack: &str) -> String {
    let headers = [("content-type", "application/json"), ("x-attack", attack)];
    let body = json!({"number": number}).to_string().into_bytes();
    let answer = client.with_key("").send("POST", &pipeline.path, &headers, body).await.expect(202);
    answer["id"].as_str().unwrap().to_owned()
}

/// `count` events over several connections at once, numbered from `first` on; their ids by number.
async fn load(
    client: &Client,
    pipeline: &Pipeline,
    first: u64,
    count: u64,
    attack: fn(u64) -> &'static str,
) -> HashMap<u64, String> {
    const CLIENTS: u64 = 8;
    let mut senders = JoinSet::new();
    for sender in 0..CLIENTS {
        let (client, pipeline) = (client.fresh(), pipeline.clone());
        senders.spawn(async move {
            let mut sent = Vec::new();
            for number in (first..first + count).filter(|number| number % CLIENTS == sender) {
                sent.push((number, send(&client, &pipeline, number, attack(number)).await));
            }
            sent
        });
    }
    senders.join_all().await.into_iter().flatten().collect()
}

async fn start(client: &Client, rollout: Value) -> String {
    let begun = client.post("/v1/plugins/p/rollouts", &rollout).await.expect(201);
    assert_eq!(begun["state"], "running", "{begun}");
    format!("/v1/plugins/p/rollouts/{}", begun["id"].as_str().unwrap())
}

/// The versions that ran on an event, in the order of the trace, with the fault of each that failed.
async fn ran(client: &Client, event: &str) -> Vec<(String, Option<String>)> {
    let trace = eventually("the event is planned", || async {
        let trace = client.get(&format!("/v1/events/{event}/trace")).await.expect(200);
        trace.to_string().contains("\"stage\":\"plugin\"").then_some(trace)
    })
    .await;
    let entries = trace["entries"].as_array().unwrap().iter().filter(|entry| entry["stage"] == "plugin");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    entries.map(|entry| (text(&entry["version"]).unwrap(), text(&entry["code"]))).collect()
}

fn number(hit: &Hit) -> u64 {
    hit.json()["number"].as_u64().unwrap()
}

fn one_in_fifty(number: u64) -> &'static str {
    if number.is_multiple_of(50) { "panic" } else { "behave" }
}

/// The demonstration: it traps on one event in fifty, is given a tenth of the events under load, and goes by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_version_is_rolled_back_and_no_event_is_lost() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let versions = versions(&client).await;
    let pipeline = Plan::new("c", &sink.url("/c")).steps(steps()).make(&client).await;
    let canary = json!({"kind": "canary", "version": versions.hostile, "percent": 10});
    let rollout = start(&client, canary).await;
    assert_eq!(client.get("/v1/plugins/p").await.expect(200)["rollout"], rollout.rsplit('/').next().unwrap());

    let mut sent = HashMap::new();
    let over = loop {
        let first = sent.len() as u64;
        sent.extend(load(&client, &pipeline, first, 1000, one_in_fifty).await);
        let now = client.get(&rollout).await.expect(200);
        if now["state"] != "running" {
            break now;
        }
        assert!(first < 30_000, "still there after {first} events: {now}");
    };
    assert_eq!(over["state"], "rolled_back", "{over}");
    let figures = &over["figures"];
    let reason = over["reason"].as_str().unwrap();
    let told = format!("it failed on {} of {} events", figures["errors"], figures["events"]);
    assert!(reason.starts_with(&told), "{reason}: {figures}");
    assert!(figures["events"].as_u64().unwrap() >= 100, "{figures}");
    let examples = over["examples"].as_array().unwrap();
    assert!((2..=10).contains(&examples.len()), "{over}");
    for example in examples {
        assert_eq!(example["what"], "trapped", "{example}");
        let event = example["event"].as_str().unwrap();
        let number = sent.iter().find(|(_, id)| *id == event).map(|(number, _)| *number).unwrap();
        assert_eq!(one_in_fifty(number), "panic", "{example}");
        let both = [(versions.hostile.clone(), Some("trapped".to_owned())), (versions.honest.clone(), None)];
        assert_eq!(ran(&client, event).await, both);
    }
    let plugin = client.get("/v1/plugins/p").await.expect(200);
    assert_eq!((&plugin["active"], &plugin["rollout"]), (&json!(versions.honest), &Value::Null));

    // What comes now gets the active version, and the bad one could be anywhere without harm.
    let after = load(&client, &pipeline, sent.len() as u64, 200, |_| "panic").await;
    for event in after.values().take(50) {
        assert_eq!(ran(&client, event).await, [(versions.honest.clone(), None)]);
    }
    sent.extend(after);
    let hits = sink.wait_for("/c", sent.len()).await;
    let numbers: HashSet<u64> = hits.iter().map(number).collect();
    assert_eq!((hits.len(), numbers.len()), (sent.len(), sent.len()), "each is delivered exactly once");
    assert!(hits.iter().all(|hit| hit.json() == json!({"number": number(hit)})), "with the expected body");
    let text = client.get("/metrics").await.text;
    let counted = "hookmill_rollouts_ended_total{kind=\"canary\",state=\"rolled_back\"} 1";
    assert!(text.contains(counted), "{text}");
    assert!(gateway.log().contains("rolled back by its guards"), "{}", gateway.log());
}

#[tokio::test]
async fn a_version_that_fails_on_everything_goes_at_once() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let versions = versions(&client).await;
    let pipeline = Plan::new("c", &sink.url("/c")).steps(steps()).make(&client).await;
    let canary = json!({"kind": "canary", "version": versions.hostile, "percent": 100,
        "guards": {"events_min": 1000, "errors_in_row_max": 3}});
    let rollout = start(&client, canary).await;
    for number in 0..6 {
        send(&client, &pipeline, number, "refuse").await;
    }
    sink.wait_for("/c", 6).await;
    let over = eventually("it is rolled back", || async {
        let now = client.get(&rollout).await.expect(200);
        (now["state"] == "rolled_back").then_some(now)
    })
    .await;
    assert_eq!(over["examples"][0]["detail"], "refused: no thanks", "{over}");
    assert!(over["reason"].as_str().unwrap().contains("in a row"), "{over}");
}

/// A destination that fails first, a crash, another configuration meanwhile: an event gets the version it had.
#[tokio::test]
async fn an_event_keeps_its_version() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let versions = versions(&client).await;
    sink.script("/c", |before, _| Reply::Status(if before < 300 { 503 } else { 200 }));
    let retry = json!({"delays": vec!["300ms"; 50]});
    let plan = Plan::new("c", &sink.url("/c")).steps(steps()).connection("retry", retry);
    let pipeline = plan.make(&client).await;
    let canary = json!({"kind": "canary", "version": versions.hostile, "percent": 50});
    let rollout = start(&client, canary).await;
    // The second version marks each event it gets.
    let sent = load(&client, &pipeline, 0, 200, |_| "mark").await;
    sink.wait_for("/c", 200).await;
    client.act(&format!("{rollout}/cancel")).await.expect(200);
    gateway.kill().await;
    gateway.restart().await;
    let client = client.fresh();
    hookmill_tests::settled(&client).await;
    let mut bodies: HashMap<String, HashSet<String>> = HashMap::new();
    for hit in sink.hits_at("/c") {
        let body = String::from_utf8(hit.body.to_vec()).unwrap();
        bodies.entry(hit.header("webhook-id").to_owned()).or_default().insert(body);
    }
    assert_eq!(bodies.len(), 200);
    assert!(bodies.values().all(|bodies| bodies.len() == 1), "one event, one body: {bodies:?}");
    let marked = bodies.values().flatten().filter(|body| body.contains("marked")).count();
    assert!((60..=140).contains(&marked), "{marked} of 200 were the canary's");
    // A comparison knows which version made what was sent.
    let same = json!({"connection": "c", "plugin": {"name": "p", "version": versions.honest}});
    let begun = client.post("/v1/comparisons", &same).await.expect(202);
    let compared = eventually("it is compared", || async {
        let now = client.get(&format!("/v1/comparisons/{}", begun["id"].as_str().unwrap())).await.expect(200);
        (now["state"] == "finished").then_some(now)
    })
    .await;
    assert_eq!(compared["compared_with"], json!({"sent": 200, "unproven": 0, "rerun": 0}), "{compared}");
    assert_eq!(compared["counts"]["changed"], marked, "{compared}");
    let event = &sent[&7];
    let delivery = crate::delivery::delivery_in(&client, event, "delivered").await;
    let shown = client.get(&format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap())).await.expect(200);
    let body = sink.hits_at("/c").into_iter().find(|hit| number(hit) == 7).unwrap().json();
    assert_eq!((&shown["request"]["payload"], &shown["proven"]), (&body, &json!(true)), "{shown}");
}

#[tokio::test]
async fn a_good_version_stays_through_a_restart_and_is_promoted() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let versions = versions(&client).await;
    let pipeline = Plan::new("c", &sink.url("/c")).steps(steps()).make(&client).await;
    let guards = json!({"events_min": 20, "changed_percent_max": 0});
    let canary = json!({"kind": "canary", "version": versions.hostile, "percent": 30, "guards": guards});
    let rollout = start(&client, canary.clone()).await;
    load(&client, &pipeline, 0, 400, |_| "behave").await;
    sink.wait_for("/c", 400).await;
    let now = eventually("the references ran", || async {
        let now = client.get(&rollout).await.expect(200);
        let figures = &now["figures"];
        let count = |name: &str| figures[name].as_u64().unwrap();
        (count("events") > 0 && count("compared") + count("skipped") == count("events")).then_some(now)
    })
    .await;
    assert_eq!((&now["state"], &now["figures"]["errors"]), (&json!("running"), &json!(0)), "{now}");
    assert_eq!(now["figures"]["classes"]["same"], now["figures"]["compared"], "{now}");
    assert!((80..=160).contains(&now["figures"]["events"].as_u64().unwrap()), "{now}");

    gateway.kill().await;
    gateway.restart().await;
    let client = client.fresh();
    let now = client.get(&rollout).await.expect(200);
    assert_eq!(now["state"], "running", "{now}");
    // Counting begins anew, with the few events that the crash left open.
    assert!(now["figures"]["events"].as_u64().unwrap() < 20, "{now}");
    client.post("/v1/plugins/p/rollouts", &canary).await.problem(409);
    client.delete(&format!("/v1/plugins/p/versions/{}", versions.hostile)).await.problem(409);
    let over = client.act(&format!("{rollout}/promote")).await.expect(200);
    assert_eq!(over["state"], "promoted", "{over}");
    assert_eq!(client.get("/v1/plugins/p").await.expect(200)["active"], json!(versions.hostile));
    client.act(&format!("{rollout}/cancel")).await.problem(409);
    let listed = client.get("/v1/plugins/p/rollouts").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");

    // Another version becomes active: what is tried beside it is over.
    let shadow = start(&client, json!({"kind": "shadow", "version": versions.honest})).await;
    client.act(&format!("/v1/plugins/p/versions/{}/activate", versions.honest)).await.expect(200);
    assert_eq!(client.get(&shadow).await.expect(200)["state"], "promoted");
}

#[tokio::test]
async fn a_canary_that_changes_too_much_is_rolled_back() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let versions = versions(&client).await;
    let pipeline = Plan::new("c", &sink.url("/c")).steps(steps()).make(&client).await;
    let guards = json!({"events_min": 20, "changed_percent_max": 10});
    let canary = json!({"kind": "canary", "version": versions.hostile, "percent": 100, "guards": guards});
    let rollout = start(&client, canary).await;
    load(&client, &pipeline, 0, 100, |number| if number % 4 == 0 { "mark" } else { "behave" }).await;
    let over = eventually("it is rolled back", || async {
        let now = client.get(&rollout).await.expect(200);
        (now["state"] == "rolled_back").then_some(now)
    })
    .await;
    assert!(over["reason"].as_str().unwrap().contains("came to another result"), "{over}");
    assert_eq!(over["examples"][0]["changes"], json!(["+$.marked"]), "{over}");
}

#[tokio::test]
async fn a_shadow_only_looks_on() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let versions = versions(&client).await;
    let pipeline = Plan::new("c", &sink.url("/c")).steps(steps()).make(&client).await;
    let rollout = start(&client, json!({"kind": "shadow", "version": versions.hostile})).await;
    let attack = |number: u64| match number % 10 {
        0 | 1 => "mark",
        2 => "drop",
        3 => "panic",
        _ => "behave",
    };
    load(&client, &pipeline, 0, 300, attack).await;
    let hits = sink.wait_for("/c", 300).await;
    assert!(
        hits.iter().all(|hit| hit.json() == json!({"number": number(hit)})),
        "nothing of it is delivered"
    );
    let seen = eventually("all are compared", || async {
        let now = client.get(&rollout).await.expect(200);
        (now["figures"]["events"] == 300).then_some(now)
    })
    .await;
    let classes = json!({"same": 180, "changed": 60, "newly_dropped": 30, "newly_forwarded": 0,
        "newly_failing": 30, "mended": 0});
    assert_eq!((&seen["figures"]["classes"], &seen["figures"]["skipped"]), (&classes, &json!(0)), "{seen}");
    let groups: Vec<(u64, &str, usize)> = seen["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let examples = group["events"].as_array().unwrap().len();
            (group["count"].as_u64().unwrap(), group["class"].as_str().unwrap(), examples)
        })
        .collect();
    assert_eq!(groups[0], (60, "changed", 10), "{seen}");
    assert_eq!(seen["groups"][0]["changes"], json!([{"place": "$.marked", "kind": "added"}]), "{seen}");
    assert_eq!(groups.len(), 3, "{seen}");
    let over = client.act(&format!("{rollout}/cancel")).await.expect(200);
    assert_eq!((&over["state"], &over["figures"]["events"]), (&json!("cancelled"), &json!(300)), "{over}");
}

#[tokio::test]
async fn what_cannot_be_tried_is_refused_with_the_reason() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let versions = versions(&client).await;
    let path = "/v1/plugins/p/rollouts";
    let answer = client.post(path, &json!({"kind": "shadow", "version": versions.hostile})).await;
    assert_eq!((answer.problem(422), answer.pointers()), ("invalid-rollout", vec!["/version"]), "{answer:?}");
    Plan::new("c", &sink.url("/c")).steps(steps()).make(&client).await;
    let unknown = format!("sha256:{}", "0".repeat(64));
    for (rollout, pointers) in [
        (json!({"kind": "ship", "version": "1"}), &["/kind", "/version"][..]),
        (json!({"kind": "canary", "version": versions.hostile}), &["/percent"]),
        (json!({"kind": "canary", "version": versions.honest, "percent": 0}), &["/percent", "/version"]),
        (json!({"kind": "shadow", "version": unknown, "guards": {}}), &["/guards", "/version"]),
        (
            json!({"kind": "canary", "version": versions.hostile, "percent": 1, "guards": {"events_min": 0}}),
            &["/guards/events_min"],
        ),
    ] {
        let answer = client.post(path, &rollout).await;
        answer.problem(422);
        assert_eq!(answer.pointers(), pointers, "{rollout}: {answer:?}");
    }
    // What it keeps would be lasting: only with consent, and never as a shadow.
    let keeps = client.upload("p", guests::plugin("only-changes")).await.expect(201)["digest"].clone();
    let answer = client.post(path, &json!({"kind": "shadow", "version": keeps})).await;
    answer.problem(422);
    assert!(answer.text.contains("uses kv"), "{answer:?}");
    let canary = json!({"kind": "canary", "version": keeps, "percent": 5});
    let answer = client.post(path, &canary).await;
    assert_eq!(answer.pointers(), ["/version"], "{answer:?}");
    assert!(answer.text.contains("in connection `c`"), "it wants a configuration: {answer:?}");
    let steps = json!([{"plugin": {"name": "p", "config": {"id": "/number"}}}]);
    client.patch("/v1/connections/c", &json!({"steps": steps})).await.expect(200);
    let answer = client.post(path, &canary).await;
    answer.problem(409);
    assert!(answer.text.contains("uses kv") && answer.text.contains("`c`"), "{answer:?}");
    let mut accepted = canary.clone();
    accepted["accept"] = json!(["kv"]);
    client.post(path, &accepted).await.expect(201);
    let connection = client.get("/v1/connections/c").await.expect(200);
    assert_eq!(connection["steps"][0]["plugin"]["grants"], json!(["kv"]), "{connection}");
    client.get("/v1/plugins/p/rollouts/rol_00000000000000000000000000").await.problem(404);
    client.get("/v1/plugins/none/rollouts").await.problem(404);
}
