//! What plugins cost, as it is counted and told; and limits that an operator sets, which hold.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

use crate::delivery::delivery_in;
use crate::hostile_guests::plugin_entry;

async fn hostile(client: &Client, sink: &Sink, name: &str) -> Pipeline {
    let steps = json!([{"plugin": {"name": "h", "version": "active", "config": {}}}]);
    Plan::new(name, &sink.url(&format!("/{name}"))).steps(steps).make(client).await
}

async fn send(client: &Client, pipeline: &Pipeline, attack: &str) -> String {
    let headers = [("x-attack", attack), ("content-type", "application/json")];
    let body = b"{\"n\":1}".to_vec();
    let answer = client.with_key("").send("POST", &pipeline.path, &headers, body).await.expect(202);
    answer["id"].as_str().unwrap().to_owned()
}

/// The fault of an attack: its name and its words.
async fn fault(client: &Client, pipeline: &Pipeline, attack: &str) -> (String, String) {
    let event = send(client, pipeline, attack).await;
    let entry = plugin_entry(client, &event).await;
    let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    (text("code"), entry.to_string())
}

async fn usage(client: &Client) -> Value {
    client.get("/v1/plugins/h/usage").await.expect(200)
}

#[tokio::test]
async fn calls_are_counted_by_version_and_connection() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let version = client.upload("h", guests::fixture("hostile")).await.expect(201);
    let (one, two) = (hostile(&client, &sink, "one").await, hostile(&client, &sink, "two").await);
    let empty = usage(&client).await;
    assert_eq!((&empty["calls"], &empty["rows"]), (&json!(0), &json!([])));
    for _ in 0..3 {
        send(&client, &one, "behave").await;
    }
    sink.wait_for("/one", 3).await;
    for attack in ["panic", "refuse"] {
        let event = send(&client, &two, attack).await;
        delivery_in(&client, &event, "failed_by_gateway").await;
    }
    // A preview is no live event.
    let preview =
        json!({"payload": {}, "steps": [{"plugin": {"name": "h", "version": "active", "config": {}}}]});
    client.post("/v1/preview", &preview).await.expect(200);

    let seen = usage(&client).await;
    assert_eq!((&seen["calls"], &seen["faults"]), (&json!(5), &json!(2)), "{seen}");
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{seen}");
    let (first, second) = (&rows[0], &rows[1]);
    assert_eq!((&first["connection_name"], &first["version"]), (&json!("one"), &version["digest"]));
    assert_eq!(
        (&first["calls"], &first["faults"], &first["output_bytes"]),
        (&json!(3), &json!({}), &json!(21))
    );
    assert_eq!(second["connection"], json!(two.connection));
    assert_eq!(second["faults"], json!({"trapped": 1, "refused": 1}), "{seen}");
    let number = |value: &Value| value.as_u64().unwrap();
    for row in rows {
        let cpu = &row["cpu"];
        assert!(number(&cpu["p50_us"]) > 0 && number(&cpu["p50_us"]) <= number(&cpu["max_us"]), "{row}");
        assert!(number(&row["memory_peak_bytes"]) >= 64 << 10, "{row}");
        let of = |series: &str| -> u64 {
            row[series].as_array().unwrap().iter().map(|point| number(&point["calls"])).sum()
        };
        assert_eq!((of("minutes"), of("hours")), (number(&row["calls"]), number(&row["calls"])), "{row}");
    }
    let stats = client.get("/v1/stats").await.expect(200);
    let in_stats: u64 =
        stats["plugins"].as_array().unwrap().iter().map(|point| number(&point["calls"])).sum();
    assert_eq!(in_stats, 5, "{stats}");
    let metrics = client.get("/metrics").await.text;
    for line in [
        "hookmill_plugin_calls_total{plugin=\"h\"} 5",
        "hookmill_plugin_faults_total{plugin=\"h\",fault=\"trapped\"} 1",
        "hookmill_plugin_faults_total{plugin=\"h\",fault=\"refused\"} 1",
        "hookmill_plugin_output_bytes_total{plugin=\"h\"} 21",
    ] {
        assert!(metrics.lines().any(|have| have == line), "no `{line}` in\n{metrics}");
    }
    assert!(!metrics.contains("hookmill_plugin_cpu_microseconds_total{plugin=\"h\"} 0"), "{metrics}");
    table(&gateway).await;
}

/// The same as people see it.
async fn table(gateway: &Gateway) {
    let mut command = hookmill();
    command.args(["plugin", "usage", "h", "--url", &gateway.url(), "--key", ADMIN_KEY]);
    let shown = command.output().await.unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success(), "{text}");
    let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((words.len(), words[0][0], words[1][1], words[2][1]), (3, "version", "one", "two"), "{text}");
    assert_eq!((words[1][2], words[1][3], words[2][2], words[2][3]), ("3", "0", "2", "2"), "{text}");
    assert!(words.iter().skip(1).all(|line| line.last().unwrap().contains('█')), "{text}");
}

#[tokio::test]
async fn limits_of_a_plugin_hold_from_its_next_call_on() {
    let gateway = Gateway::start_with(|options| options.env("HOOKMILL_PLUGINS_QUARANTINE_AFTER", "0")).await;
    let sink = Sink::start().await;
    let client = gateway.client();
    client.upload("h", guests::fixture("hostile")).await.expect(201);
    let pipeline = hostile(&client, &sink, "h").await;
    let (code, detail) = fault(&client, &pipeline, "endless-loop").await;
    assert_eq!(code, "out_of_time");
    assert!(detail.contains("more than 50ms"), "{detail}");
    let before = usage(&client).await["cpu_us"].as_u64().unwrap();
    assert!(before >= 50_000, "{before}");

    let limits = json!({"cpu_ms": 5, "memory_bytes": 4 << 20, "output_bytes": 3, "in_flight": 1});
    let plugin = client.patch("/v1/plugins/h", &json!({"limits": limits})).await.expect(200);
    assert_eq!(plugin["limits"], limits);
    assert_eq!(client.get("/v1/plugins/h").await.expect(200)["limits"], limits);
    let (code, detail) = fault(&client, &pipeline, "endless-loop").await;
    assert_eq!(code, "out_of_time");
    assert!(detail.contains("more than 5ms"), "{detail}");
    let took = usage(&client).await["cpu_us"].as_u64().unwrap() - before;
    assert!((5_000..50_000).contains(&took), "charged {took} µs of CPU");
    let (code, detail) = fault(&client, &pipeline, "grow").await;
    assert_eq!(code, "out_of_memory");
    assert!(detail.contains(&(4 << 20).to_string()), "{detail}");
    let (code, detail) = fault(&client, &pipeline, "behave").await;
    assert_eq!(code, "output_too_large");
    assert!(detail.contains("of at most 3"), "{detail}");

    let limit = async |flags: &[&str]| {
        let mut command = hookmill();
        command.args(["plugin", "limits", "h", "--json", "--url", &gateway.url(), "--key", ADMIN_KEY]);
        let output = command.args(flags).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let wider = json!({"cpu_ms": 7, "memory_bytes": 4 << 20, "output_bytes": 3, "in_flight": 1});
    assert_eq!(limit(&[]).await, limits);
    assert_eq!(limit(&["--cpu-ms", "7"]).await, wider);
    assert_eq!(client.get("/v1/plugins/h").await.expect(200)["limits"], wider);

    // Only `limits` of null takes them away, and then all of them.
    client.patch("/v1/plugins/h", &json!({})).await.expect(200);
    let (code, _) = fault(&client, &pipeline, "behave").await;
    assert_eq!(code, "output_too_large");
    let plugin = client.patch("/v1/plugins/h", &json!({"limits": null})).await.expect(200);
    assert!(plugin["limits"].as_object().unwrap().values().all(Value::is_null), "{plugin}");
    assert!(limit(&["--reset"]).await.as_object().unwrap().values().all(Value::is_null));
    send(&client, &pipeline, "behave").await;
    assert_eq!(sink.wait_for("/h", 1).await[0].json(), json!({"n": 1}));
}

/// One call at a time, and after a restart too.
#[tokio::test]
async fn a_cap_of_calls_loses_nothing() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.upload("h", guests::fixture("hostile")).await.expect(201);
    let pipeline = hostile(&client, &sink, "h").await;
    client.patch("/v1/plugins/h", &json!({"limits": {"in_flight": 1}})).await.expect(200);
    gateway.kill().await;
    gateway.restart().await;
    let client = gateway.client();
    let plugin = client.get("/v1/plugins/h").await.expect(200);
    assert_eq!(plugin["limits"]["in_flight"], 1, "it is on the disk: {plugin}");
    futures::future::join_all((0..50).map(|_| send(&client, &pipeline, "behave"))).await;
    sink.wait_for("/h", 50).await;
    eventually("all are counted", || async { (usage(&client).await["calls"] == 50).then_some(()) }).await;
}

#[tokio::test]
async fn limits_beyond_the_servers_are_all_named() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    client.upload("h", guests::fixture("hostile")).await.expect(201);
    let limits = json!({"cpu_ms": 0, "memory_bytes": 1_u64 << 40, "output_bytes": -1, "in_flight": 1_000_000, "fuel": 1});
    let answer = client.patch("/v1/plugins/h", &json!({"limits": limits})).await;
    answer.problem(422);
    let mut pointers = answer.pointers();
    pointers.sort_unstable();
    let all = ["cpu_ms", "fuel", "in_flight", "memory_bytes", "output_bytes"];
    assert_eq!(pointers, all.map(|field| format!("/limits/{field}")), "{answer:?}");
    client.patch("/v1/plugins/nobody", &json!({"limits": null})).await.problem(404);
    let plugin = client.get("/v1/plugins/h").await.expect(200);
    assert_eq!(plugin["limits"]["in_flight"], Value::Null);
}
