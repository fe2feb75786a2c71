//! Requests no honest client sends: each gets its 4xx, and the gateway goes on as if nothing was.

use std::time::Duration;
use std::time::Instant;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::raw;
use serde_json::json;
use tokio::io::AsyncWriteExt;

/// A gateway with short deadlines and a source that needs no key.
async fn gateway() -> (Gateway, Client, String) {
    let gateway = Gateway::start_with(|options| {
        options.env("HOOKMILL_SERVER_HEADER_TIMEOUT", "1s").env("HOOKMILL_SERVER_BODY_TIMEOUT", "1s")
    })
    .await;
    let client = gateway.client();
    let pipeline = Plan::new("in", "http://127.0.0.1:9/").make(&client).await;
    (gateway, client, pipeline.path)
}

async fn is_well(client: &Client, path: &str) {
    client.fresh().with_key("").post(path, &json!({"well": true})).await.expect(202);
}

#[tokio::test]
async fn json_of_the_api_is_checked() {
    let (_gateway, client, path) = gateway().await;
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let cases: [(&str, Vec<u8>); 7] = [
        ("cut off", b"{\"name\":".to_vec()),
        ("two documents", b"{} {}".to_vec()),
        ("not UTF-8", b"{\"name\":\"\xff\xfe\"}".to_vec()),
        ("half a surrogate pair", b"{\"name\":\"\\ud800\"}".to_vec()),
        ("a lone comma", b"{\"name\":\"x\",}".to_vec()),
        ("deep", deep),
        ("empty", Vec::new()),
    ];
    for (what, body) in cases {
        let headers = [("content-type", "application/json")];
        let answer = client.send("POST", "/v1/sources", &headers, body).await;
        assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
        answer.problem(answer.status);
    }
    let answer = client.post("/v1/sources", &json!({"name": 5, "nam": 1, "methods": "POST"})).await;
    answer.problem(422);
    assert!(answer.pointers().len() >= 3, "{answer:?}");
    is_well(&client, &path).await;
}

#[tokio::test]
async fn deep_and_broken_payloads_do_no_harm() {
    let (_gateway, client, path) = gateway().await;
    // A source takes any bytes; a step that cannot read them says so in the trace.
    let steps = json!([{"mapping": {"version": 1, "output": {"a": "$..a"}}}]);
    let mapped = Plan::new("mapped", "http://127.0.0.1:9/").steps(steps).make(&client).await;
    let deep = [vec![b'['; 200_000], vec![b']'; 200_000]].concat();
    for body in [deep, b"{\"a\":".to_vec(), b"\xff\xff".to_vec(), Vec::new()] {
        let headers = [("content-type", "application/json")];
        let answer = client.with_key("").send("POST", &mapped.path, &headers, body).await;
        if answer.status == 202 {
            let path = format!("/v1/events/{}/trace", answer.body["id"].as_str().unwrap());
            hookmill_tests::eventually("the mapping's fault is told", || async {
                let trace = client.get(&path).await.expect(200);
                trace["entries"].as_array()?.iter().any(|entry| entry["stage"] == "mapping").then_some(())
            })
            .await;
        } else {
            answer.problem(answer.status);
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    is_well(&client, &path).await;
}

#[tokio::test]
async fn lengths_that_lie_are_refused_at_once() {
    let (gateway, client, path) = gateway().await;
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
    let start = Instant::now();
    let answer = raw::exchange(&gateway, format!("{head}content-length: 1000000000000\r\n\r\n"));
    raw::problem(&answer.await, 413);
    assert!(start.elapsed() < Duration::from_secs(20), "a terabyte was waited for");
    for lie in [
        "content-length: -1",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 99999999999999999999999",
    ] {
        let answer = raw::exchange(&gateway, format!("{head}{lie}\r\n\r\n{{}}")).await;
        raw::problem(&answer, 400);
    }
    // Chunks beyond the limit, and chunks that are none.
    let mut chunked = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..40 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b'x'; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let answer = raw::exchange(&gateway, &chunked).await;
    raw::problem(&answer, 413);
    let answer = raw::exchange(&gateway, format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n"));
    raw::problem(&answer.await, 400);
    is_well(&client, &path).await;
}

#[tokio::test]
async fn slow_senders_are_cut_off() {
    let (gateway, client, path) = gateway().await;
    let mut headers = raw::connect(&gateway).await;
    headers.write_all(format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-sl").as_bytes()).await.unwrap();
    let mut body = raw::connect(&gateway).await;
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{{\"a");
    body.write_all(head.as_bytes()).await.unwrap();
    let answer = raw::read_answer(&mut headers).await;
    raw::problem(&answer, 408);
    let answer = raw::read_answer(&mut body).await;
    raw::problem(&answer, 408);
    is_well(&client, &path).await;
}

#[tokio::test]
async fn three_hundred_slow_connections_hold_nobody_up() {
    let (gateway, client, path) = gateway().await;
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = raw::connect(&gateway).await;
        stream.write_all(b"POST /in/x HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        slow.push(stream);
    }
    is_well(&client, &path).await;
    for mut stream in slow {
        let answer = raw::read_answer(&mut stream).await;
        raw::problem(&answer, 408);
    }
    is_well(&client, &path).await;
}

#[tokio::test]
async fn headers_have_a_limit() {
    let (gateway, client, path) = gateway().await;
    let big = format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-big: {}\r\n\r\n", "x".repeat(200_000));
    let answer = raw::exchange(&gateway, &big).await;
    raw::problem(&answer, 431);
    let many: String = (0..5000).map(|at| format!("x-{at}: y\r\n")).collect();
    let answer = raw::exchange(&gateway, format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{many}\r\n"));
    let answer = answer.await;
    raw::problem(&answer, 431);
    is_well(&client, &path).await;
}

#[tokio::test]
async fn garbage_is_no_request() {
    let (gateway, client, path) = gateway().await;
    let tls_hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for bytes in [&b"\x00\x01\x02\x03\r\n\r\n"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", tls_hello] {
        let answer = raw::exchange(&gateway, bytes).await;
        raw::problem(&answer, 400);
    }
    // Whoever begins as HTTP/2 does is answered so: settings first, and then it is told to go.
    let answer = raw::exchange(&gateway, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno frames at all").await;
    assert_eq!(answer.as_bytes().get(3), Some(&4), "{answer:?}");
    is_well(&client, &path).await;
}

#[tokio::test]
async fn bad_ids_are_not_found() {
    let (_gateway, client, path) = gateway().await;
    let long = "x".repeat(5000);
    let ids = [
        "evt_",
        "evt_!!!",
        "dlv_00000000000000000000000000",
        "..%2f..%2fetc",
        "%00",
        "%ff%fe",
        "evt_\u{20ac}",
        &long,
    ];
    for id in ids {
        for resource in ["events", "deliveries", "sources", "destinations", "connections", "plugins"] {
            let answer = client.get(&format!("/v1/{resource}/{id}")).await;
            assert!(matches!(answer.status, 400 | 404 | 414), "{resource} {id}: {answer:?}");
            answer.problem(answer.status);
        }
        let answer = client.with_key("").post(&format!("/in/{id}"), &json!({})).await;
        assert!(matches!(answer.status, 400 | 404 | 414), "{id}: {answer:?}");
    }
    for query in [
        "limit=0",
        "limit=-1",
        "limit=100000",
        "limit=x",
        "cursor=%00",
        "cursor=zzzz",
        "state=nope",
        "colour=red",
    ] {
        client.get(&format!("/v1/deliveries?{query}")).await.problem(400);
    }
    is_well(&client, &path).await;
}

#[tokio::test]
async fn unknown_paths_methods_and_types_are_problems() {
    let (_gateway, client, path) = gateway().await;
    client.get("/v1/nothing").await.problem(404);
    client.get("/v2/sources").await.problem(404);
    client.send("PUT", "/v1/sources", &[], Vec::new()).await.problem(405);
    client.send("POST", "/v1/sources", &[("content-type", "text/plain")], b"{}".to_vec()).await.problem(415);
    let answer = client.with_key("").send("GET", &path, &[], Vec::new()).await;
    answer.problem(405);
    is_well(&client, &path).await;
}
