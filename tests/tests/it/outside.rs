//! Plugins that ask other systems, and the secrets they do it with: only what a step names, asked once, told in the
//! trace, and no secret anywhere it could be read.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::load::Load;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

use crate::hostile_guests::plugin_entry;

const TOKEN: &str = "t0ken-0f-the-crm-9f8e7d";

fn json_reply(value: &Value) -> Reply {
    Reply::Full(200, vec![("content-type", "application/json".to_owned())], Bytes::from(value.to_string()))
}

fn step(url: &str, grants: &Value) -> Value {
    json!([{"plugin": {"name": "lookup", "config": {"url": url, "id": "/by/id"}, "grants": grants}}])
}

/// Host and token, as most tests grant them.
fn grants(host: &str) -> Value {
    json!([{"http": [host]}, {"secrets": ["lookup_token"]}])
}

async fn prepare(client: &Client) {
    client.upload("lookup", guests::plugin("lookup")).await.expect(201);
    set_token(client, TOKEN).await;
}

async fn set_token(client: &Client, value: &str) -> Value {
    let body = json!({"value": value}).to_string().into_bytes();
    let headers = [("content-type", "application/json")];
    let answer = client.send("PUT", "/v1/secrets/lookup_token", &headers, body).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    assert!(!answer.text.contains(value), "{answer:?}");
    answer.body
}

/// A gateway with the plugin, and a pipeline that asks `crm` and delivers to `/d` of it.
async fn asking(crm: &Sink) -> (Gateway, Client, Pipeline) {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    prepare(&client).await;
    let steps = step(&crm.url("/who/{}"), &grants(crm.address()));
    let plan = Plan::new("orders", &crm.url("/d")).steps(steps);
    let pipeline = plan.connection("retry", json!({"delays": ["50ms", "50ms", "50ms"]})).make(&client).await;
    (gateway, client, pipeline)
}

fn order(id: impl Into<Value>) -> Value {
    json!({"order": 1, "by": {"id": id.into()}})
}

/// Whether these bytes stand in a file of a folder, whatever it is.
fn stands_in(folder: &Path, needle: &[u8]) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find_map(|path| {
        if path.is_dir() {
            return stands_in(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle).then_some(path)
    })
}

#[tokio::test]
async fn another_system_is_asked_once_and_the_trace_tells_it() {
    let crm = Sink::start().await;
    crm.script("/who/7", |before, hit| {
        json_reply(&json!({"name": "Ada", "asked": before, "with": hit.header("authorization")}))
    });
    crm.script("/d", |before, _| Reply::Status(if before < 2 { 503 } else { 200 }));
    let (gateway, client, pipeline) = asking(&crm).await;
    let event = pipeline.accept(&client, &order(7)).await;
    let hits = crm.wait_for("/d", 3).await;
    let asked = crm.hits_at("/who/7");
    assert_eq!(asked.len(), 1, "a retry asks nobody: {asked:?}");
    assert_eq!(asked[0].header("authorization"), format!("Bearer {TOKEN}"));
    assert!(
        hits.iter().all(|hit| hit.body == hits[0].body && hit.json()["customer"]["asked"] == 0),
        "{hits:?}"
    );

    let entry = plugin_entry(&client, &event).await;
    let fetch = &entry["fetches"][0];
    assert_eq!((&fetch["method"], &fetch["status"]), (&json!("GET"), &json!(200)), "{entry}");
    assert_eq!(fetch["url"], crm.url("/who/7"));
    let kept = fetch["body"].as_str().unwrap();
    assert!(kept.contains("Ada") && kept.contains("[secret lookup_token]"), "{kept}");

    let trace = client.get(&format!("/v1/events/{event}/trace")).await;
    let secrets = client.get("/v1/secrets").await;
    assert!(!trace.text.contains(TOKEN) && !secrets.text.contains(TOKEN) && !gateway.log().contains(TOKEN));
    assert_eq!(secrets.body["items"][0]["used_by"], json!(["orders"]));
}

#[tokio::test]
async fn the_secret_lies_on_the_disk_encrypted() {
    let crm = Sink::start().await;
    crm.always("/who/7", json_reply(&json!({"name": "Ada"})));
    let (mut gateway, client, pipeline) = asking(&crm).await;
    pipeline.accept(&client, &order(7)).await;
    crm.wait_for("/d", 1).await;
    gateway.terminate().await;
    assert_eq!(stands_in(gateway.data(), TOKEN.as_bytes()), None, "the secret in clear on the disk");
    assert!(stands_in(gateway.data(), b"lookup_token").is_some(), "the search finds what is there");

    gateway.restart().await;
    pipeline.accept(&gateway.client(), &order(7)).await;
    let hits = crm.wait_for("/d", 2).await;
    assert_eq!(hits[1].json()["customer"], json!({"name": "Ada"}), "it opens after a restart");
    gateway.terminate().await;

    let (key, aside) = (gateway.data().join("secret.key"), gateway.data().join("elsewhere"));
    std::fs::rename(&key, &aside).unwrap();
    let gone = Gateway::try_launch(gateway.options().clone()).await.expect_err("no key, no start");
    assert!(gone.1.contains("secret.key") && gone.1.contains("put it back"), "{}", gone.1);
    std::fs::write(&key, "ab".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let other = Gateway::try_launch(gateway.options().clone()).await.expect_err("another key, no start");
    assert!(other.1.contains("`lookup_token`") && other.1.contains("another key"), "{}", other.1);
    std::fs::rename(&aside, &key).unwrap();
    gateway.restart().await;
}

#[tokio::test]
async fn only_named_hosts_are_asked_and_none_inside() {
    let (crm, other) = (Sink::start().await, Sink::start().await);
    let gateway = Gateway::start().await;
    let client = gateway.client();
    prepare(&client).await;
    // What is asked, what is granted, and what the trace says.
    let cases = [
        (other.url("/who/{}"), crm.address(), "is not among the hosts"),
        (format!("http://{}@{}/{{}}", crm.address(), other.address()), crm.address(), "credentials"),
        ("http://10.0.0.1/{}".to_owned(), "10.0.0.1", "10.0.0.1"),
        ("http://169.254.169.254/{}".to_owned(), "169.254.169.254", "169.254.169.254"),
        ("http://[::ffff:10.0.0.1]/{}".to_owned(), "[::ffff:10.0.0.1]", "10.0.0.1"),
        ("http://2130706433.nip.invalid/{}".to_owned(), "*.nip.invalid", "invalid"),
        ("file:///etc/passwd?{}".to_owned(), crm.address(), "http"),
        ("gopher://10.0.0.1/{}".to_owned(), "10.0.0.1", "http"),
        ("nonsense {}".to_owned(), crm.address(), "URL"),
    ];
    for (at, (url, host, said)) in cases.iter().enumerate() {
        let plan = Plan::new(&format!("case-{at}"), &crm.url("/d")).steps(step(url, &grants(host)));
        let pipeline = plan.make(&client).await;
        let event = pipeline.accept(&client, &order(7)).await;
        let entry = plugin_entry(&client, &event).await;
        let told = entry["fetches"][0].to_string();
        assert_eq!(entry["verdict"], "error", "{url}: {entry}");
        assert!(told.contains(said), "{url}: {said} is not in {told}");
    }
    assert!(crm.hits().is_empty() && other.hits().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn answers_are_bounded_and_redirects_are_answers() {
    let crm = Sink::start().await;
    crm.always("/who/big", Reply::Full(200, Vec::new(), Bytes::from(vec![b'x'; 2 << 20])));
    let moved = vec![("location", crm.url("/who/other"))];
    crm.always("/who/moved", Reply::Full(302, moved, Bytes::new()));
    crm.always("/who/closed", Reply::Close);
    crm.always("/who/silent", Reply::Never);
    crm.always("/who/quick", json_reply(&json!("quick")));
    let (_gateway, client, pipeline) = asking(&crm).await;
    let silent = pipeline.accept(&client, &order("silent")).await;
    let mut told = Vec::new();
    for id in ["big", "moved", "closed"] {
        let event = pipeline.accept(&client, &order(id)).await;
        told.push((id, plugin_entry(&client, &event).await.to_string()));
    }
    pipeline.accept(&client, &order("quick")).await;
    crm.wait_for("/d", 1).await;
    let still = client.get(&format!("/v1/events/{silent}/trace")).await.text;
    assert!(!still.contains("\"plugin\":\"lookup\""), "others went on while one waits: {still}");
    for ((id, told), expected) in told.iter().zip(["1048576 bytes", "302", "failed"]) {
        assert!(told.contains(expected), "{id}: {told}");
    }
    assert!(crm.hits_at("/who/other").is_empty(), "a redirect was followed");
    let entry = plugin_entry(&client, &silent).await.to_string();
    assert!(entry.contains("timed out"), "{entry}");
}

/// Each answer is another: what an event was told before a crash, it must be told after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_changes_no_answer_that_was_delivered() {
    let crm = Sink::start().await;
    crm.script("/who/7", |before, _| json_reply(&json!(before)));
    crm.script("/d", |before, _| Reply::Status(if before / 20 % 2 == 0 { 200 } else { 503 }));
    let gateway = Gateway::start().await;
    let client = gateway.client();
    prepare(&client).await;
    let steps = json!([
        {"mapping": {"version": 1, "output": {"number": "$.number", "by": {"id": 7}}}},
        {"plugin": {"name": "lookup", "config": {"url": crm.url("/who/{}"), "id": "/by/id"}, "grants": grants(crm.address())}},
    ]);
    let retry = json!({"delays": vec!["100ms"; 100]});
    let plan = Plan::new("asks", &crm.url("/d")).steps(steps).connection("retry", retry);
    let pipeline = plan.make(&client).await;
    let mut gateway = gateway;
    let load = Load::start(&client, &pipeline.path, 8, 50);
    for kill in 1..=4 {
        eventually("load flows", || async { (load.acknowledged() >= kill * 40).then_some(()) }).await;
        gateway.kill().await;
        gateway.restart().await;
    }
    let outcome = load.stop().await;
    crm.wait_until("every acknowledged number arrives", |hits| {
        let arrived: std::collections::HashSet<u64> = hits
            .iter()
            .filter(|hit| hit.path == "/d")
            .filter_map(|hit| hit.json()["number"].as_u64())
            .collect();
        outcome.acknowledged.keys().all(|number| arrived.contains(number))
    })
    .await;
    let mut told: std::collections::HashMap<String, Bytes> = std::collections::HashMap::new();
    for hit in crm.hits_at("/d") {
        let first = told.entry(hit.header("webhook-id").to_owned()).or_insert_with(|| hit.body.clone());
        assert_eq!(*first, hit.body, "a delivery that came again is the same");
    }
}

#[tokio::test]
async fn what_a_step_does_not_name_is_not_there() {
    let crm = Sink::start().await;
    let gateway = Gateway::start().await;
    let client = gateway.client();
    prepare(&client).await;
    client.post("/v1/sources", &json!({"name": "s"})).await.expect(201);
    client.post("/v1/destinations", &json!({"name": "d", "url": crm.url("/d")})).await.expect(201);
    let url = crm.url("/who/{}");
    let host = crm.address();
    for (grants, pointer) in [
        (json!([]), "/steps/0/plugin/grants"),
        (json!(["http"]), "/steps/0/plugin/grants/0"),
        (json!([{"http": []}]), "/steps/0/plugin/grants/0/http"),
        (json!([{"http": ["a b"]}]), "/steps/0/plugin/grants/0/http/0"),
        (json!([{"http": ["*.com"]}]), "/steps/0/plugin/grants/0/http/0"),
        (json!([{"http": [host]}, {"secrets": ["nobody_set_it"]}]), "/steps/0/plugin/grants"),
    ] {
        let body = json!({"name": "c", "source": "s", "destination": "d", "steps": step(&url, &grants)});
        let answer = client.post("/v1/connections", &body).await;
        answer.problem(422);
        assert!(answer.pointers().contains(&pointer), "{grants}: {answer:?}");
    }
    let body = json!({"name": "c", "source": "s", "destination": "d", "steps": step(&url, &grants(host))});
    let made = client.post("/v1/connections", &body).await.expect(201);
    assert_eq!(made["steps"][0]["plugin"]["grants"], grants(host));
    let refused = client.delete("/v1/secrets/lookup_token").await;
    refused.problem(409);
    assert!(refused.text.contains('c'), "{refused:?}");
    let preview = json!({"steps": step(&url, &grants(host)), "payload": order(7)});
    let seen = client.post("/v1/preview", &preview).await.expect(200);
    assert!(seen.to_string().contains("no requests are made in a preview"), "{seen}");
    assert!(crm.hits().is_empty(), "a preview asked somebody");
}

#[tokio::test]
async fn a_version_that_asks_for_hosts_becomes_active_when_the_step_names_them() {
    let crm = Sink::start().await;
    crm.always("/who/7", json_reply(&json!("Ada")));
    let gateway = Gateway::start().await;
    let client = gateway.client();
    set_token(&client, TOKEN).await;
    client.upload("lookup", guests::fixture("hostile")).await.expect(201);
    let config = json!({"url": crm.url("/who/{}"), "id": "/by/id"});
    let steps = json!([{"plugin": {"name": "lookup", "config": config}}]);
    let pipeline = Plan::new("follows", &crm.url("/d")).steps(steps).make(&client).await;
    let second = client.upload("lookup", guests::plugin("lookup")).await.expect(201);
    let activate = format!("/v1/plugins/lookup/versions/{}/activate", second["digest"].as_str().unwrap());
    let refused = client.act(&activate).await;
    refused.problem(409);
    assert!(refused.text.contains("crm.example.com") && refused.text.contains("`follows`"), "{refused:?}");
    let by_name = client.act(&format!("{activate}?accept=http,secrets")).await;
    by_name.problem(400);
    assert!(by_name.text.contains("named in a step's `grants`"), "{by_name:?}");
    let steps = step(&crm.url("/who/{}"), &grants(crm.address()));
    client
        .patch(&format!("/v1/connections/{}", pipeline.connection), &json!({"steps": steps}))
        .await
        .expect(200);
    client.act(&activate).await.expect(200);
    pipeline.accept(&client, &order(7)).await;
    let hits = crm.wait_for("/d", 1).await;
    assert_eq!(hits[0].json()["customer"], "Ada");
}

/// What waits for another system waits beside the others: a hundred of them hold up nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_wait_hold_up_nobody() {
    let crm = Sink::start().await;
    crm.always("/who/silent", Reply::Never);
    let (_gateway, client, pipeline) = asking(&crm).await;
    let quick = Plan::new("quick", &crm.url("/quick")).make(&client).await;
    for _ in 0..100 {
        pipeline.accept(&client, &order("silent")).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for number in 0..50 {
        quick.accept(&client, &json!({"number": number})).await;
    }
    crm.wait_for("/quick", 50).await;
    assert!(crm.hits_at("/d").is_empty());
}
