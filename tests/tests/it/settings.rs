//! Each setting is changed and its effect is seen; a new one without a case fails. By the names of their variables, in
//! groups that need one gateway each. Not here: how settings are read and what is refused (`config` in the gateway).

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use hookmill_tests::Answer;
use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::eventually::eventually_within;
use hookmill_tests::gateway::Options;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::gateway::root;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::raw;
use serde_json::Value;
use serde_json::json;

/// Those whose effect takes longer than this test may, or is shown at length: where.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "ALERTS_RECOVERED_AFTER",
        "tests/tests/it/alerts.rs",
        "a_receiver_that_fails_is_told_once_and_so_is_that_it_is_well_again",
    ),
    (
        "ALERTS_BACKLOG_AFTER",
        "tests/tests/it/alerts.rs",
        "a_receiver_that_is_gone_and_what_waits_for_long_are_told",
    ),
    (
        "INTERPRETED_PLUGINS_DIRECT",
        "tests/tests/it/plugins.rs",
        "interpreted_plugins_have_instances_as_the_setting_says",
    ),
    (
        "PLUGINS_QUARANTINE_AFTER",
        "tests/tests/it/quarantine.rs",
        "events_that_meet_it_are_held_and_released_with_another_version",
    ),
    ("STORE_HOT_BYTES_MAX", "host/src/store/contract/events.rs", "what_does_not_fit_in_memory_is_read_again"),
    ("STORE_RETENTION_EVENTS", "host/src/store/contract/expiry.rs", "what_is_old_goes"),
    ("STORE_RETENTION_LOG", "host/src/store/contract/expiry.rs", "what_is_old_goes"),
];
/// Less than any default that a changed time stands against.
const SOON: Duration = Duration::from_secs(4);

/// The variables whose effect was seen, without what all begin with.
#[derive(Default)]
struct Seen(Mutex<BTreeSet<&'static str>>);

impl Seen {
    fn note(&self, variables: &[&'static str]) {
        self.0.lock().unwrap().extend(variables);
    }
}

/// A gateway with these settings.
async fn with(settings: &[(&str, &str)]) -> Gateway {
    let set = |options: Options| {
        settings
            .iter()
            .fold(options, |options, (name, value)| options.env(&format!("HOOKMILL_{name}"), value))
    };
    Gateway::start_with(set).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_setting_has_an_effect() {
    let seen = Seen::default();
    // A folder for compiled code that others may look into is warned of.
    let loose = tempfile::tempdir().unwrap();
    std::fs::set_permissions(loose.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = loose.path().to_str().unwrap();
    tokio::join!(
        requests(&seen, path),
        connections(&seen, path),
        storage(&seen),
        limits(&seen),
        tables(&seen)
    );
    tokio::join!(at_a_time(&seen), attempts(&seen), reach(&seen), hosts(&seen), slow_peers(&seen));
    tokio::join!(plugins(&seen), interpreted(&seen), waits(&seen));
    let mut seen = seen.0.into_inner().unwrap();
    for (variable, file, test) in ELSEWHERE {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(&format!("fn {test}(")), "{file} has no {test} for {variable}");
        seen.insert(variable);
    }
    let output = hookmill().args(["serve", "--print-config"]).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let all: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("# HOOKMILL_")).collect();
    assert!(all.len() > 40, "{text}");
    assert_eq!(seen, all, "what was seen, and what there is");
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

async fn requests(seen: &Seen, loose: &str) {
    let elsewhere = tempfile::tempdir().unwrap();
    let key_file = elsewhere.path().join("secret.key");
    let gateway = with(&[
        ("PUBLIC_URL", "https://hooks.example:8443"),
        ("SERVER_HEADER_TIMEOUT", "300ms"),
        ("SERVER_BODY_TIMEOUT", "300ms"),
        ("SERVER_BODY_BYTES_MAX", "2KiB"),
        ("SERVER_HEADERS_BYTES_MAX", "8KiB"),
        ("SERVER_JSON_DEPTH_MAX", "8"),
        ("STORE_SECRET_KEY_FILE", key_file.to_str().unwrap()),
        ("STORE_IDEMPOTENCY_WINDOW", "1s"),
        ("LOG_FORMAT", "json"),
        ("PLUGINS_CODE_CACHE", loose),
    ])
    .await;
    let (client, sink) = (gateway.client(), Sink::start().await);
    let path = Plan::new("door", &sink.url("/door")).make(&client).await.path;
    let source = client.get("/v1/sources/door").await.expect(200);
    client.with_key("hm_admin_other").get("/v1/sources").await.problem(401);
    assert!(!gateway.address().ends_with(":8080") && gateway.data().join("plugins").exists());
    seen.note(&["LISTEN", "DATA", "ADMIN_KEY"]);
    assert!(source["url"].as_str().unwrap().starts_with("https://hooks.example:8443/in/"), "{source}");
    assert!(key_file.exists());
    seen.note(&["PUBLIC_URL", "STORE_SECRET_KEY_FILE"]);

    let send = async |body: String, more: &[(&str, &str)]| -> Answer {
        let headers = [&[("content-type", "application/json")], more].concat();
        client.with_key("").send("POST", &path, &headers, body.into_bytes()).await
    };
    let first = json!([{"filter": {"path": "$[0]", "exists": true}}]);
    let deep = Plan::new("deep", &sink.url("/deep")).steps(first).make(&client).await.path;
    for (depth, state) in [(8, "delivered"), (9, "failed_by_gateway")] {
        let headers = [("content-type", "application/json")];
        let answer =
            client.with_key("").send("POST", &deep, &headers, nested(depth).into_bytes()).await.expect(202);
        crate::delivery::delivery_in(&client, answer["id"].as_str().unwrap(), state).await;
    }
    let preview = client.post("/v1/preview", &json!({"steps": [], "payload": [[[[[[[[1]]]]]]]]})).await;
    assert_eq!(preview.problem(400), "malformed-json");
    send(format!("\"{}\"", "x".repeat(3 << 10)), &[]).await.problem(413);
    let long = "x".repeat(9000);
    let answer =
        raw::exchange(&gateway, format!("GET /healthz HTTP/1.1\r\nhost: a\r\nx-long: {long}\r\n\r\n")).await;
    assert_eq!(raw::status(&answer), 431);
    seen.note(&["SERVER_JSON_DEPTH_MAX", "SERVER_BODY_BYTES_MAX", "SERVER_HEADERS_BYTES_MAX"]);

    let soon = |request: String| tokio::time::timeout(SOON, raw::exchange(&gateway, request));
    soon("GET /healthz HTTP/1.1\r\n".to_owned()).await.expect("it is not waited for");
    let half = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf");
    assert_eq!(raw::status(&soon(half).await.expect("it is not waited for")), 408);
    seen.note(&["SERVER_HEADER_TIMEOUT", "SERVER_BODY_TIMEOUT"]);

    let once = async || send("{}".to_owned(), &[("idempotency-key", "k")]).await.expect(202)["id"].clone();
    let first = once().await;
    eventually("the key is new again", async || (once().await != first).then_some(())).await;
    seen.note(&["STORE_IDEMPOTENCY_WINDOW"]);
    eventually("it warns, as JSON", async || {
        let log = gateway.log();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.any(|line| line["level"] == "WARN").then_some(())
    })
    .await;
    seen.note(&["LOG_FORMAT"]);
}

async fn connections(seen: &Seen, loose: &str) {
    let settings = [("SERVER_CONNECTIONS_MAX", "1"), ("LOG_FILTER", "error"), ("PLUGINS_CODE_CACHE", loose)];
    let gateway = with(&settings).await;
    let first = raw::connect(&gateway).await;
    let second = raw::exchange(&gateway, "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut second = std::pin::pin!(second);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(early.is_err(), "there is one already");
    drop(first);
    assert_eq!(raw::status(&second.await), 200);
    seen.note(&["SERVER_CONNECTIONS_MAX"]);
    assert_eq!(gateway.log(), "", "only errors are told");
    seen.note(&["LOG_FILTER"]);
}

async fn storage(seen: &Seen) {
    let gateway = with(&[("STORE_FREE_BYTES_MIN", "100000TiB")]).await;
    let event = json!({"type": "a", "payload": {}});
    gateway.client().post("/v1/events", &event).await.problem(507);
    seen.note(&["STORE_FREE_BYTES_MIN"]);
}

async fn tables(seen: &Seen) {
    let settings =
        [("LIMITS_TABLES_MAX", "1"), ("LIMITS_TABLE_ROWS_MAX", "2"), ("LIMITS_TABLE_BYTES_MAX", "1KiB")];
    let gateway = with(&settings).await;
    let client = gateway.client();
    let table = json!({"name": "a", "columns": [{"name": "text", "type": "text"}]});
    client.post("/v1/tables", &table).await.expect(201);
    let more = json!({"name": "b", "columns": [{"name": "text", "type": "text"}]});
    client.post("/v1/tables", &more).await.problem(409);
    let row = |text: String| json!({"values": {"text": text}});
    let long = client.post("/v1/tables/a/rows", &row("x".repeat(2000))).await;
    long.problem(422);
    assert!(long.text.contains("1024"), "{long:?}");
    for text in ["first", "second"] {
        client.post("/v1/tables/a/rows", &row(text.to_owned())).await.expect(201);
    }
    let third = client.post("/v1/tables/a/rows", &row("third".to_owned())).await;
    third.problem(422);
    assert!(third.text.contains("2 rows"), "{third:?}");
    seen.note(&["LIMITS_TABLES_MAX", "LIMITS_TABLE_ROWS_MAX", "LIMITS_TABLE_BYTES_MAX"]);
}

async fn limits(seen: &Seen) {
    let (gateway, sink) = (
        with(&[
            ("LIMITS_CONNECTIONS_MAX", "1"),
            ("LIMITS_STEPS_MAX", "2"),
            ("LIMITS_DELIVERIES_PER_EVENT_MAX", "2"),
            ("LIMITS_EVENTS_PER_REQUEST_MAX", "2"),
            ("PLUGINS_OUTPUT_BYTES_MAX", "1KiB"),
            ("PLUGINS_OUTPUTS_MAX", "3"),
        ])
        .await,
        Sink::start().await,
    );
    let client = gateway.client();
    let event = json!({"type": "a", "payload": {}});
    client.post("/v1/events", &json!({"events": [event, event, event]})).await.problem(422);
    client.upload("split", guests::plugin("split-batch")).await.expect(201);
    let step = json!({"plugin": {"name": "split", "config": {"items": ""}}});
    let pipeline = Plan::new("only", &sink.url("/only")).steps(json!([step])).make(&client).await;
    let more =
        json!({"name": "more", "source": pipeline.source, "destination": pipeline.destination, "steps": []});
    client.post("/v1/connections", &more).await.problem(409);
    let pass = json!({"filter": {"path": "$", "exists": true}});
    let steps = json!({"steps": [pass, pass, pass]});
    client.patch(&format!("/v1/connections/{}", pipeline.connection), &steps).await.problem(422);
    pipeline.accept(&client, &json!([{"n": 1}, {"n": 2}, {"n": 3}])).await;
    sink.wait_for("/only", 2).await;
    pipeline.accept(&client, &json!([{"n": 4}])).await;
    let hits = sink.wait_for("/only", 3).await;
    let numbers: Vec<Value> = hits.iter().map(|hit| hit.json()["n"].clone()).collect();
    assert!(!numbers.contains(&json!(3)) && numbers.contains(&json!(4)), "{numbers:?}");
    seen.note(&["LIMITS_CONNECTIONS_MAX", "LIMITS_STEPS_MAX", "LIMITS_DELIVERIES_PER_EVENT_MAX"]);
    seen.note(&["LIMITS_EVENTS_PER_REQUEST_MAX"]);
    client.upload("hostile", hostile(false)).await.expect(201);
    assert_says(&attacked(&client, "five-megabytes").await, "1024");
    assert_says(&attacked(&client, "many-outputs").await, "3");
    seen.note(&["PLUGINS_OUTPUT_BYTES_MAX", "PLUGINS_OUTPUTS_MAX"]);
}

async fn at_a_time(seen: &Seen) {
    let settings = [
        ("DELIVERY_CONCURRENCY", "2"),
        ("DELIVERY_IN_FLIGHT_MAX", "5"),
        ("DELIVERY_TIMEOUT", "10m"),
        ("SERVER_GRACE", "100ms"),
    ];
    let (mut gateway, sink) = (with(&settings).await, Sink::start().await);
    let client = gateway.client();
    let on_the_wire = async |expected: usize| {
        eventually("as many are on the wire as may be", async || {
            (sink.hits().len() >= expected).then_some(())
        })
        .await;
        // More would come at once.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(sink.hits().len(), expected);
    };
    for (name, expected) in [("one", 2), ("two", 3), ("three", 3)] {
        let path = format!("/{name}");
        sink.always(&path, Reply::Never);
        let pipeline = Plan::new(name, &sink.url(&path)).make(&client).await;
        for number in 0..5 {
            pipeline.accept(&client, &json!({"number": number})).await;
        }
        on_the_wire(expected).await;
    }
    seen.note(&["DELIVERY_CONCURRENCY", "DELIVERY_IN_FLIGHT_MAX"]);
    tokio::time::timeout(SOON * 3, gateway.terminate()).await.expect("nobody waits for what is on the wire");
    seen.note(&["SERVER_GRACE"]);
}

async fn attempt(client: &Client) -> Value {
    let what = "an attempt is over";
    eventually_within(SOON * 3, what, async || {
        let deliveries = client.all("/v1/deliveries").await;
        let id = deliveries.first()?["id"].as_str()?.to_owned();
        let attempts = client.get(&format!("/v1/deliveries/{id}/attempts")).await.expect(200);
        attempts["items"].as_array()?.first().cloned()
    })
    .await
}

async fn attempts(seen: &Seen) {
    let settings = [
        ("DELIVERY_TIMEOUT", "200ms"),
        ("DELIVERY_RETRY", "none"),
        ("DELIVERY_RESPONSE_BYTES_MAX", "10B"),
        ("EGRESS_USER_AGENT", "tester/7"),
    ];
    let (gateway, sink) = (with(&settings).await, Sink::start().await);
    let client = gateway.client();
    sink.script("/late", |before, _| match before {
        0 => Reply::Never,
        _ => Reply::Full(200, Vec::new(), "more than ten bytes".into()),
    });
    let pipeline = Plan::new("late", &sink.url("/late")).make(&client).await;
    pipeline.accept(&client, &json!({"number": 1})).await;
    let first = attempt(&client).await;
    assert_eq!(first["error"]["code"], "timeout", "{first}");
    assert_eq!(first["state"], "failed", "it is not tried again: {first}");
    assert_eq!(sink.wait_for("/late", 1).await[0].header("user-agent"), "tester/7");
    pipeline.accept(&client, &json!({"number": 2})).await;
    let second = eventually("the second is over", async || {
        let attempt = attempt(&client).await;
        (attempt["status"] == 200).then_some(attempt)
    });
    let second = second.await;
    assert_eq!(second["response"]["truncated"], true, "{second}");
    seen.note(&["DELIVERY_TIMEOUT", "DELIVERY_RETRY", "DELIVERY_RESPONSE_BYTES_MAX", "EGRESS_USER_AGENT"]);
}

async fn reach(seen: &Seen) {
    let sink = Sink::start().await;
    let there = json!({"name": "there", "url": sink.url("/there")});
    let closed = Gateway::start_with(|options| options.without("HOOKMILL_EGRESS_ALLOW")).await;
    let plain = Gateway::start_with(|options| options.without("HOOKMILL_EGRESS_ALLOW_HTTP")).await;
    let open = Gateway::start().await;
    closed.client().post("/v1/destinations", &there).await.problem(422);
    plain.client().post("/v1/destinations", &there).await.problem(422);
    open.client().post("/v1/destinations", &there).await.expect(201);
    seen.note(&["EGRESS_ALLOW", "EGRESS_ALLOW_HTTP"]);
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("nobody.pem");
    let options = Options::new(&directory.path().join("data"))
        .env("HOOKMILL_EGRESS_EXTRA_CA", missing.to_str().unwrap());
    let (_, said) = Gateway::try_launch(options).await.expect_err("the authorities cannot be read");
    assert!(said.contains("nobody.pem"), "{said}");
    seen.note(&["EGRESS_EXTRA_CA"]);
}

async fn hosts(seen: &Seen) {
    let sink = Sink::start().await;
    let gateway = Gateway::start_with(|options| {
        options.without("HOOKMILL_EGRESS_ALLOW").env("HOOKMILL_EGRESS_ALLOW_HOSTS", "localhost")
    });
    let gateway = gateway.await;
    let client = gateway.client();
    let url = sink.url("/named").replace("127.0.0.1", "localhost");
    let pipeline = Plan::new("named", &url).make(&client).await;
    pipeline.accept(&client, &json!({})).await;
    sink.wait_for("/named", 1).await;
    seen.note(&["EGRESS_ALLOW_HOSTS"]);
}

/// A peer that takes connections and says nothing: the handshake is a part of connecting.
async fn slow_peers(seen: &Seen) {
    let settings = [("EGRESS_CONNECT_TIMEOUT", "100ms"), ("DELIVERY_TIMEOUT", "10m")];
    let gateway = with(&settings).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let _silent = tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok(connection) = listener.accept().await {
            taken.push(connection);
        }
    });
    let client = gateway.client();
    let pipeline = Plan::new("silent", &format!("https://{address}/")).make(&client).await;
    pipeline.accept(&client, &json!({})).await;
    let attempt = attempt(&client).await;
    assert!(attempt["error"]["detail"].as_str().unwrap().contains("within 100ms"), "{attempt}");
    seen.note(&["EGRESS_CONNECT_TIMEOUT"]);
}

/// A guest that attacks; one with a large table counts as interpreted, as those that bring an interpreter do.
fn hostile(interpreted: bool) -> Vec<u8> {
    let module = guests::fixture("hostile");
    if !interpreted {
        return module;
    }
    let (mut made, mut at) = (module[..8].to_vec(), 8);
    while at < module.len() {
        let (length, begins) = number(&module, at + 1);
        let end = begins + length;
        match module[at] {
            // One table of functions, 50,000 long, without a maximum.
            4 => made.extend([4, 6, 1, 0x70, 0, 0xd0, 0x86, 0x03]),
            _ => made.extend(&module[at..end]),
        }
        at = end;
    }
    made
}

/// An unsigned LEB128 number, and where what follows begins.
fn number(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let (mut value, mut shift) = (0, 0);
    loop {
        value |= usize::from(bytes[at] & 0x7f) << shift;
        at += 1;
        if bytes[at - 1] & 0x80 == 0 {
            return (value, at);
        }
        shift += 7;
    }
}

/// What an attack comes to in a preview.
async fn attacked(client: &Client, attack: &str) -> Value {
    let steps = json!([{"plugin": {"name": "hostile", "config": {}}}]);
    let asked = json!({"steps": steps, "payload": {}, "headers": {"x-attack": attack}});
    client.post("/v1/preview", &asked).await.expect(200)["steps"][0].clone()
}

fn assert_says(step: &Value, words: &str) {
    assert!(step["reason"].as_str().is_some_and(|reason| reason.contains(words)), "no {words} in {step}");
}

/// Threads for calls that compute for long: as many as there are for short ones, and no others have the name.
fn workers(gateway: &Gateway) -> usize {
    let threads = std::fs::read_dir(format!("/proc/{}/task", gateway.pid())).unwrap().flatten();
    let name = |task: &Path| std::fs::read_to_string(task.join("comm")).unwrap_or_default();
    threads.filter(|task| name(&task.path()).trim() == "guest-long").count()
}

async fn plugins(seen: &Seen) {
    let shared = tempfile::tempdir().unwrap();
    let cache = shared.path().join("code");
    let gateway = with(&[
        ("PLUGINS_WORKERS", "3"),
        ("PLUGINS_CPU", "7ms"),
        ("PLUGINS_MEMORY", "4MiB"),
        ("PLUGINS_IN_FLIGHT_MAX", "37"),
        ("PLUGINS_LOG_LINES_MAX", "2"),
        ("PLUGINS_LOG_LINE_BYTES_MAX", "16B"),
        ("PLUGINS_CODE_CACHE", cache.to_str().unwrap()),
        ("INTERPRETED_PLUGINS_MODULE_BYTES_MAX", "1KiB"),
    ])
    .await;
    let client = gateway.client();
    client.upload("hostile", hostile(false)).await.expect(201);
    assert_eq!(client.upload("large", hostile(true)).await.problem(422), "plugin-refused");
    seen.note(&["INTERPRETED_PLUGINS_MODULE_BYTES_MAX"]);
    assert_eq!(workers(&gateway), 3);
    assert!(std::fs::read_dir(&cache).unwrap().count() >= 2, "a key and code");
    seen.note(&["PLUGINS_WORKERS", "PLUGINS_CODE_CACHE"]);
    assert_says(&attacked(&client, "endless-loop").await, "7ms");
    assert_says(&attacked(&client, "grow").await, "4194304");
    seen.note(&["PLUGINS_CPU", "PLUGINS_MEMORY"]);
    let logged = attacked(&client, "log-flood").await;
    let lines = logged["logs"].as_array().unwrap();
    assert!(!lines.is_empty() && lines.len() <= 3, "{logged}");
    assert!(lines.iter().all(|line| line["message"].as_str().unwrap().len() <= 64), "{logged}");
    seen.note(&["PLUGINS_LOG_LINES_MAX", "PLUGINS_LOG_LINE_BYTES_MAX"]);
    let wide = json!({"limits": {"in_flight": 1000}});
    let refused = client.patch("/v1/plugins/hostile", &wide).await;
    assert!(refused.status == 422 && refused.text.contains("37"), "{refused:?}");
    seen.note(&["PLUGINS_IN_FLIGHT_MAX"]);
}

async fn interpreted(seen: &Seen) {
    let gateway = with(&[
        ("PLUGINS_MODULE_BYTES_MAX", "1KiB"),
        ("PLUGINS_WORKERS", "1"),
        ("PLUGINS_IN_FLIGHT_MAX", "2"),
        ("INTERPRETED_PLUGINS_WORKERS", "2"),
        ("INTERPRETED_PLUGINS_CPU", "9ms"),
        ("INTERPRETED_PLUGINS_MEMORY", "16MiB"),
        ("INTERPRETED_PLUGINS_IN_FLIGHT_MAX", "19"),
    ])
    .await;
    let client = gateway.client();
    assert_eq!(client.upload("small", hostile(false)).await.problem(422), "plugin-refused");
    seen.note(&["PLUGINS_MODULE_BYTES_MAX"]);
    assert_eq!(workers(&gateway), 1);
    client.upload("hostile", hostile(true)).await.expect(201);
    assert_says(&attacked(&client, "endless-loop").await, "9ms");
    assert_says(&attacked(&client, "grow").await, "16777216");
    assert_eq!(workers(&gateway), 3, "one and two");
    let wide = json!({"limits": {"in_flight": 1000}});
    let refused = client.patch("/v1/plugins/hostile", &wide).await;
    assert!(refused.status == 422 && refused.text.contains("19"), "{refused:?}");
    seen.note(&["INTERPRETED_PLUGINS_WORKERS", "INTERPRETED_PLUGINS_CPU", "INTERPRETED_PLUGINS_MEMORY"]);
    seen.note(&["INTERPRETED_PLUGINS_IN_FLIGHT_MAX"]);
}

/// A loop that is out of wall time before it is out of CPU time.
async fn waits(seen: &Seen) {
    for (interpreted, prefix) in [(false, "PLUGINS"), (true, "INTERPRETED_PLUGINS")] {
        let (cpu, wall) = (format!("{prefix}_CPU"), format!("{prefix}_WALL"));
        let gateway = with(&[(&cpu, "60s"), (&wall, "150ms")]).await;
        let client = gateway.client();
        client.upload("hostile", hostile(interpreted)).await.expect(201);
        assert_says(&attacked(&client, "endless-loop").await, "150ms");
    }
    seen.note(&["PLUGINS_WALL", "INTERPRETED_PLUGINS_WALL"]);
}
