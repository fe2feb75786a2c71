//! Time travel: another version of a plugin, or another mapping, over what came in, compared with
//! what was sent.

use std::process::Output;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Pipeline;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

const EVENTS: u32 = 300;

fn signal(number: u32) -> Value {
    let kind = if number.is_multiple_of(3) { "intent_spike" } else { "product_qualified_lead" };
    json!({"signal_type": kind, "confidence": confidence(number), "events": ["a", "b"],
        "account": {"name": format!("Company {number}"), "domain": "acme.com"},
        "enrichment": {"industry": "x"}, "detected_at": "2026-04-29T14:31:08Z"})
}

fn confidence(number: u32) -> f64 {
    f64::from(number % 100) / 100.0
}

/// What `filter-leads` forwards from 0.5 on.
fn is_sent(number: u32) -> bool {
    !number.is_multiple_of(3) && confidence(number) >= 0.5
}

/// A pipeline with `filter-leads` as the plugin `leads`, and signals that went through it: some
/// forwarded, some dropped, five without an account that the plugin refused.
async fn signals(gateway: &Gateway, sink: &Sink) -> Pipeline {
    let client = gateway.client();
    client.upload("leads", guests::plugin("filter-leads")).await.expect(201);
    let steps =
        json!([{"plugin": {"name": "leads", "version": "active", "config": {"min_confidence": 0.5}}}]);
    let pipeline = Plan::new("leads", &sink.url("/leads")).steps(steps).make(&client).await;
    for number in 0..EVENTS {
        pipeline.accept(&client, &signal(number)).await;
    }
    let mut last = String::new();
    for _ in 0..5 {
        let refused = json!({"signal_type": "product_qualified_lead", "confidence": 0.9});
        last = pipeline.accept(&client, &refused).await;
    }
    sink.wait_for("/leads", (0..EVENTS).filter(|number| is_sent(*number)).count()).await;
    crate::delivery::delivery_in(&client, &last, "failed_by_gateway").await;
    pipeline
}

async fn compared(client: &Client, request: &Value) -> Value {
    let begun = client.post("/v1/comparisons", request).await.expect(202);
    let path = format!("/v1/comparisons/{}", begun["id"].as_str().unwrap());
    eventually("the comparison is over", || async {
        let now = client.get(&path).await.expect(200);
        (!matches!(now["state"].as_str(), Some("queued" | "running"))).then_some(now)
    })
    .await
}

/// Count, class, places with their signs, and why.
fn groups(comparison: &Value) -> Vec<(usize, String, String)> {
    let sign = |change: &Value| {
        let sign = match change["kind"].as_str().unwrap() {
            "added" => '+',
            "removed" => '-',
            _ => '~',
        };
        format!("{sign}{}", change["place"].as_str().unwrap())
    };
    let group = |group: &Value| {
        let places = group["changes"].as_array().unwrap().iter().map(sign);
        let words: Vec<String> = places.chain(group["why"].as_str().map(str::to_owned)).collect();
        let count = usize::try_from(group["count"].as_u64().unwrap()).unwrap();
        (count, group["class"].as_str().unwrap().to_owned(), words.join(" "))
    };
    comparison["groups"].as_array().unwrap().iter().map(group).collect()
}

#[tokio::test]
async fn a_version_is_compared_with_what_was_sent() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    signals(&gateway, &sink).await;
    let version = client.upload("leads", guests::fixture("lead")).await.expect(201)["digest"].clone();
    let hits = sink.hits().len();
    let request = json!({"connection": "leads", "plugin": {"name": "leads", "version": version}});
    let over = compared(&client, &request).await;
    assert_eq!((&over["state"], &over["done"]), (&json!("finished"), &json!(EVENTS + 5)), "{over}");
    let all = || 0..EVENTS;
    let newly = all().filter(|number| number.is_multiple_of(3) && confidence(*number) >= 0.5).count();
    // The fixture cuts where filter-leads rounds.
    let is_cut = |number: &u32| {
        let score = confidence(*number) * 100.0;
        score.round() as i64 != score as i64
    };
    let (changed, cut) =
        (all().filter(|n| is_sent(*n)).count(), all().filter(|n| is_sent(*n) && is_cut(n)).count());
    let counts = json!({"same": EVENTS as usize - changed - newly, "changed": changed, "newly_dropped": 0,
        "newly_forwarded": newly, "newly_failing": 0, "mended": 5});
    assert_eq!(over["counts"], counts, "{over}");
    assert_eq!(over["compared_with"], json!({"sent": EVENTS + 5, "unproven": 0, "rerun": 0}));
    let shape = |score: &str| {
        format!(
            "+$.activity +$.company.industry +$.company.size +$.detectedAt -$.firmographics +$.hypothesisId \
             +$.origin -$.reasons {score}+$.signals -$.since +$.type"
        )
    };
    let mut expected = vec![
        (changed - cut, "changed".to_owned(), shape("")),
        (newly, "newly_forwarded".to_owned(), "leads (step 0): not a lead but intent_spike".to_owned()),
        (cut, "changed".to_owned(), shape("~$.score ")),
        (5, "mended".to_owned(), "refused".to_owned()),
    ];
    expected.retain(|(count, ..)| *count > 0);
    expected.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    assert_eq!(groups(&over), expected);

    let listed = client.all(&format!("/v1/comparisons/{}/differences", over["id"].as_str().unwrap())).await;
    assert_eq!(listed.len(), changed + newly + 5);
    // It only looked.
    assert_eq!(sink.hits().len(), hits);
    let planned = client.all("/v1/deliveries").await;
    assert_eq!(planned.len(), hits + 5, "no delivery was written");
    assert_ne!(client.get("/v1/plugins/leads").await.expect(200)["active"], version);

    let made = client.post("/v1/workspaces", &json!({"name": "other"})).await.expect(201);
    let other = client.with_key(made["key"]["secret"].as_str().unwrap());
    assert_eq!(other.get("/v1/comparisons").await.expect(200)["items"], json!([]));
    other.get(&format!("/v1/comparisons/{}", over["id"].as_str().unwrap())).await.problem(404);
    let answer = other.post("/v1/comparisons", &request).await;
    answer.problem(422);
    assert_eq!(answer.pointers(), ["/connection", "/plugin/name"], "{answer:?}");
}

#[tokio::test]
async fn what_was_sent_is_known_after_changes_and_a_crash() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    signals(&gateway, &sink).await;
    // The connection runs other steps now, and the process forgot everything.
    let steps = json!([{"filter": {"path": "$.confidence", "lt": 0.0}}]);
    client.patch("/v1/connections/leads", &json!({"steps": steps})).await.expect(200);
    gateway.kill().await;
    gateway.restart().await;
    let client = client.fresh();
    let before = json!([{"plugin": {"name": "leads", "config": {"min_confidence": 0.5}}}]);
    let over = compared(&client, &json!({"connection": "leads", "steps": before})).await;
    assert_eq!(over["counts"]["same"], EVENTS + 5, "{over}");
    assert_eq!(over["compared_with"]["sent"], EVENTS + 5);
    let over = compared(&client, &json!({"connection": "leads", "steps": steps, "last": 10})).await;
    assert_eq!(over["done"], 10, "{over}");
}

#[tokio::test]
async fn a_long_one_can_be_cancelled_and_the_next_has_its_turn() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    let pipeline = Plan::new("c", &sink.url("/c")).make(&client).await;
    let headers = [("x-attack", "endless-loop"), ("content-type", "application/json")];
    for _ in 0..200 {
        client.with_key("").send("POST", &pipeline.path, &headers, b"{}".to_vec()).await.expect(202);
    }
    sink.wait_for("/c", 200).await;
    let hostile = json!({"connection": "c", "steps": [{"plugin": {"name": "hostile"}}]});
    let slow = client.post("/v1/comparisons", &hostile).await.expect(202);
    let path = format!("/v1/comparisons/{}", slow["id"].as_str().unwrap());
    let waiting = client.post("/v1/comparisons", &hostile).await.expect(202);
    let waiting = format!("/v1/comparisons/{}", waiting["id"].as_str().unwrap());
    assert_eq!(client.act(&format!("{waiting}/cancel")).await.expect(200)["state"], "cancelled");
    // Live events do not wait for it.
    client.with_key("").send("POST", &pipeline.path, &headers[1..], b"{}".to_vec()).await.expect(202);
    sink.wait_for("/c", 201).await;
    client.act(&format!("{path}/cancel")).await.expect(200);
    let over = eventually("it is cancelled", || async {
        let now = client.get(&path).await.expect(200);
        (now["state"] == "cancelled").then_some(now)
    })
    .await;
    assert!(over["done"].as_u64().unwrap() < 200, "{over}");
    let next = compared(&client, &json!({"connection": "c", "steps": []})).await;
    assert_eq!((&next["state"], &next["counts"]["same"]), (&json!("finished"), &json!(201)), "{next}");
    client.act(&format!("{path}/cancel")).await.problem(409);
}

#[tokio::test]
async fn what_was_granted_then_is_not_known_now() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    let granted = json!([{"plugin": {"name": "hostile", "grants": ["clock"]}}]);
    Plan::new("c", &sink.url("/c")).make(&client).await;
    let answer = client.post("/v1/comparisons", &json!({"connection": "c", "steps": granted})).await;
    assert_eq!(
        (answer.problem(422), answer.pointers()),
        ("invalid-comparison", vec!["/steps"]),
        "{answer:?}"
    );
    client.patch("/v1/connections/c", &json!({"steps": granted})).await.expect(200);
    let answer = client.post("/v1/comparisons", &json!({"connection": "c", "steps": []})).await;
    assert_eq!((answer.problem(422), answer.pointers()), ("invalid-comparison", vec!["/connection"]));
}

async fn run(gateway: &Gateway, arguments: &[&str]) -> Output {
    let mut command = hookmill();
    command.args(arguments).args(["--connection", "leads", "--url", &gateway.url(), "--key", ADMIN_KEY]);
    command.output().await.expect("the binary starts")
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn the_command_line_tells_ci() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    signals(&gateway, &sink).await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // The same code in other bytes: a custom section more.
    let mut same = guests::plugin("filter-leads");
    same.extend([0, 2, 1, b'x']);
    let (same, other) = (file("same.wasm", &same), file("other.wasm", &guests::fixture("lead")));
    let active = client.get("/v1/plugins/leads").await.expect(200)["active"].clone();

    let output = run(&gateway, &["plugin", "compare", "leads", "--file", &same]).await;
    let (code, out, err) = said(&output);
    assert_eq!((code, out.as_str()), (Some(0), "      305  same\n"), "{err}");
    assert!(err.contains("finished: 305 of at most 1000 events"), "{err}");
    let output = run(&gateway, &["plugin", "compare", "leads", "--file", &other, "--last", "100"]).await;
    let (code, out, err) = said(&output);
    assert_eq!(code, Some(1), "{err}");
    assert!(out.contains("        5  mended") && out.contains("-$.firmographics"), "{out}");
    // What was uploaded is now the newest version, and still not what runs.
    let output = run(&gateway, &["plugin", "compare", "leads", "--json", "--since", "1h"]).await;
    let (code, out, err) = said(&output);
    let over: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!((code, &over["done"]), (Some(1), &json!(305)), "{err}");
    assert_eq!(client.get("/v1/plugins/leads").await.expect(200)["active"], active);

    for (arguments, words) in [
        (&["plugin", "compare", "none"][..], "there is no plugin `none`"),
        (&["plugin", "compare", "leads", "--last", "0"], "/last"),
        (&["plugin", "compare", "leads", "--since", "tomorrow"], "--since"),
        (&["plugin", "compare", "leads", "--event-type", "none"], "nothing was compared"),
        (&["map", "compare", "{\"version\":1,\"output\":{}}"], "has no mapping"),
        (
            &["map", "compare", "{\"version\":1,\"output\":{\"a\":\"$[\"}}", "--step", "0"],
            "/steps/0/mapping/output/a",
        ),
    ] {
        let (code, _, err) = said(&run(&gateway, arguments).await);
        assert!(code == Some(2) && err.contains(words), "{arguments:?}: {code:?} {err}");
    }
    let steps = json!([{"mapping": {"version": 1, "output": {"who": "$.account.name"}}}]);
    client.patch("/v1/connections/leads", &json!({"steps": steps})).await.expect(200);
    let mapping =
        file("m.json", br#"{"version": 1, "output": {"who": "$.account.name", "score": "$.confidence"}}"#);
    let (code, out, err) = said(&run(&gateway, &["map", "compare", &mapping, "--last", "200"]).await);
    assert_eq!(code, Some(1), "{err}");
    assert!(out.contains("~$.score") && out.contains("+$.who"), "{out}");
}
