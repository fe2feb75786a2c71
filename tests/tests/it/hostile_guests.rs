//! Plugins that attack: each ends in a named error within its limit, and nobody else notices.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

/// The plugin's entry in an event's trace.
pub(crate) async fn plugin_entry(client: &Client, event: &str) -> Value {
    eventually(&format!("the plugin's entry in the trace of {event}"), || async {
        let trace = client.get(&format!("/v1/events/{event}/trace")).await.expect(200);
        let entries = trace["entries"].as_array()?;
        entries.iter().find(|entry| entry["stage"] == "plugin").cloned()
    })
    .await
}

const ATTACKS: &[(&str, &str)] = &[
    ("endless-loop", "out_of_time"),
    ("fill-memory", "out_of_time"),
    ("grow", "out_of_memory"),
    ("recurse", "trapped"),
    ("recurse-thin", "trapped"),
    ("panic", "trapped"),
    ("bad-pointer", "trapped"),
    ("big-output", "output_too_large"),
    ("five-megabytes", "output_too_large"),
    ("many-outputs", "output_too_large"),
    ("aliased-outputs", "output_too_large"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_is_named_and_honest_plugins_run_meanwhile() {
    // No quarantine: every attack is run.
    let gateway = Gateway::start_with(|options| options.env("HOOKMILL_PLUGINS_QUARANTINE_AFTER", "0")).await;
    let sink = Sink::start().await;
    let client = gateway.client();
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    client.upload("honest", guests::plugin("split-batch")).await.expect(201);
    let step = |name: &str, config: Value| json!([{"plugin": {"name": name, "version": "active", "config": config}}]);
    let hostile =
        Plan::new("hostile", &sink.url("/hostile")).steps(step("hostile", json!({}))).make(&client).await;
    let honest = Plan::new("honest", &sink.url("/honest"))
        .steps(step("honest", json!({"items": ""})))
        .make(&client)
        .await;
    let before = gateway.resident_bytes();

    let mut events = Vec::new();
    for round in 0..3 {
        for (attack, _) in ATTACKS {
            let headers = [("x-attack", *attack), ("content-type", "application/json")];
            let answer =
                client.with_key("").send("POST", &hostile.path, &headers, b"{}".to_vec()).await.expect(202);
            if round == 0 {
                events.push(answer["id"].as_str().unwrap().to_owned());
            }
            honest.accept(&client, &json!([{"round": round}])).await;
        }
    }
    sink.wait_for("/honest", 3 * ATTACKS.len()).await;
    for ((attack, fault), event) in ATTACKS.iter().zip(&events) {
        let entry = plugin_entry(&client, event).await;
        assert!(entry.to_string().contains(&format!("\"{fault}\"")), "{attack} is no {fault}: {entry}");
        crate::delivery::delivery_in(&client, event, "failed_by_gateway").await;
    }
    assert!(sink.hits_at("/hostile").is_empty());
    let after = gateway.resident_bytes();
    assert!(after < before + (200 << 20), "memory went from {before} to {after}");
    gateway.client().get("/healthz").await;
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    let steps = json!([{"plugin": {"name": "hostile", "version": "active", "config": {}}}]);
    let pipeline = Plan::new("h", &sink.url("/h")).steps(steps).make(&client).await;
    let headers = [("x-attack", "log-much"), ("content-type", "application/json")];
    let answer = client.with_key("").send("POST", &pipeline.path, &headers, b"{}".to_vec()).await.expect(202);
    sink.wait_for("/h", 1).await;
    let entry = plugin_entry(&client, answer["id"].as_str().unwrap()).await;
    assert!(entry.to_string().len() < 300_000, "{} bytes of log in a trace", entry.to_string().len());
}

async fn refused(gateway: &Gateway, what: &str, module: Vec<u8>, codes: &[&str]) {
    let answer = gateway.client().upload("bad", module).await;
    let kind = answer.problem(answer.status).to_owned();
    assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    assert!(codes.iter().any(|code| answer.text.contains(code)), "{what}: {kind} {}", answer.text);
}

fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return bytes;
        }
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], leb(content.len() as u32), content.to_vec()].concat()
}

/// A module of functions without parameters, all with the same body.
fn module(functions: u32, body: &[u8]) -> Vec<u8> {
    let sized = [leb(body.len() as u32), body.to_vec()].concat();
    let mut code = leb(functions);
    (0..functions).for_each(|_| code.extend_from_slice(&sized));
    let mut declared = leb(functions);
    declared.extend(std::iter::repeat_n(0, functions as usize));
    let header = b"\0asm\x01\0\0\0".to_vec();
    [header, section(1, &[1, 0x60, 0, 0]), section(3, &declared), section(10, &code)].concat()
}

#[tokio::test]
async fn uploads_that_are_no_plugins_are_refused_with_the_reason() {
    let gateway = Gateway::start().await;
    let good = guests::fixture("hostile");
    refused(&gateway, "text", b"hello".to_vec(), &["not_wasm"]).await;
    refused(&gateway, "nothing", Vec::new(), &["not_wasm", "body"]).await;
    refused(&gateway, "half a plugin", good[..good.len() / 2].to_vec(), &["invalid"]).await;
    refused(&gateway, "no exports", module(1, &[0, 0x0b]), &["missing_export", "invalid"]).await;
    refused(
        &gateway,
        "too large",
        [good.clone(), vec![0; 33 << 20]].concat(),
        &["too_large", "too-large", "large"],
    )
    .await;
    let answer = gateway.client().upload("bad name!", good).await;
    assert!(matches!(answer.status, 400 | 404 | 422), "{answer:?}");
    assert_eq!(gateway.client().get("/v1/plugins").await.expect(200)["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compile_bombs_burst_in_a_child() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let before = gateway.resident_bytes();
    let locals = {
        let mut body = [leb(1), leb(20_000), vec![0x7f]].concat();
        (0..2000).for_each(|_| body.extend_from_slice(&[0x03, 0x40]));
        body.extend(std::iter::repeat_n(0x0b, 2001));
        module(1, &body)
    };
    let tables = {
        let mut body = vec![0, 0x02, 0x40];
        for _ in 0..17 {
            body.extend_from_slice(&[0x41, 0, 0x0e]);
            body.extend(leb(99_999));
            body.extend(std::iter::repeat_n(0, 100_000));
        }
        body.extend_from_slice(&[0x0b, 0x0b]);
        module(1, &body)
    };
    let functions = module(100_000, &[0, 0x0b]);
    let calls = {
        let mut body = vec![0];
        (0..150).for_each(|_| body.extend_from_slice(&[0x10, 0]));
        body.push(0x0b);
        module(2000, &body)
    };
    let bombs = [
        ("locals times loops", locals),
        ("branch tables", tables),
        ("functions", functions),
        ("calls", calls),
    ];
    for (what, bomb) in bombs {
        let named = ["too_complex", "too_costly_to_compile", "missing_export", "invalid"];
        refused(&gateway, what, bomb, &named).await;
        client.get("/v1/sources").await.expect(200);
    }
    let after = gateway.resident_bytes();
    assert!(after < before + (150 << 20), "memory went from {before} to {after}");
}
