//! The inbox: a destination that keeps what a receiver would have got. Its promises are those of deliveries: what it
//! kept is there after a kill, under the delivery's id, signed; and it has an end.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::node;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::raw;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::delivery::delivery_in;

fn requests(pipeline: &Pipeline) -> String {
    format!("/v1/destinations/{}/requests", pipeline.destination)
}

/// Waits until the inbox has so many requests, and gives them.
async fn kept(client: &Client, pipeline: &Pipeline, wanted: usize) -> Vec<Value> {
    eventually(&format!("{wanted} requests in the inbox"), || async {
        let items = client.all(&requests(pipeline)).await;
        (items.len() >= wanted).then_some(items)
    })
    .await
}

/// As a receiver would have got it.
fn hit(request: &Value) -> Hit {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text in {request}")).to_owned();
    let headers = request["headers"].as_array().unwrap_or_else(|| panic!("no headers in {request}"));
    Hit {
        at: std::time::Instant::now(),
        method: text(&request["method"]),
        path: String::new(),
        headers: headers.iter().map(|header| (text(&header["name"]), text(&header["value"]))).collect(),
        body: request["payload"].to_string().into(),
    }
}

#[tokio::test]
async fn an_inbox_keeps_what_a_receiver_would_have_got() {
    let mut gateway = Gateway::start().await;
    let client = gateway.client();
    let steps = json!([{"mapping": {"output": {"number": "$.n"}, "headers": {"x-number": "$.n"}}}]);
    let pipeline = Plan::to_inbox("box")
        .destination("headers", json!({"x-team": "crm"}))
        .steps(steps)
        .make(&client)
        .await;
    let mut events = Vec::new();
    for number in 0..5 {
        events.push(pipeline.accept(&client, &json!({"n": number, "noise": true})).await);
    }
    let items = kept(&client, &pipeline, 5).await;
    let mut payloads: Vec<&Value> = items.iter().map(|item| &item["payload"]).collect();
    payloads.sort_by_key(|payload| payload["number"].as_u64());
    assert_eq!(
        payloads,
        (0..5).map(|number| json!({"number": number})).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    let hits: Vec<Hit> = items.iter().map(hit).collect();
    assert_eq!(node::verify(&pipeline.secret, &hits).await, 5);
    for (item, hit) in items.iter().zip(&hits) {
        assert_eq!(hit.header("webhook-id"), item["delivery"], "{item}");
        assert_eq!((hit.header("x-team"), hit.header("content-type")), ("crm", "application/json"), "{item}");
        assert_eq!(hit.header("x-number"), item["payload"]["number"].to_string(), "{item}");
        assert_eq!(item["method"], "POST", "{item}");
    }

    let delivery = delivery_in(&client, &events[0], "delivered").await;
    assert_eq!((&delivery["attempts"], &delivery["status"]), (&json!(1), &Value::Null), "{delivery}");
    let attempts = client.all(&format!("/v1/deliveries/{}/attempts", delivery["id"].as_str().unwrap())).await;
    assert_eq!(
        (&attempts[0]["error"], &attempts[0]["response"]),
        (&Value::Null, &Value::Null),
        "{attempts:?}"
    );

    gateway.kill().await;
    gateway.restart().await;
    let client = gateway.client();
    let before = kept(&client, &pipeline, 5).await;
    assert_eq!(before, items);
    // Sent again by hand it is there twice, under the same id.
    client.act(&format!("/v1/deliveries/{}/retry", delivery["id"].as_str().unwrap())).await.expect(200);
    let items = kept(&client, &pipeline, 6).await;
    assert_eq!(items[0]["delivery"], delivery["id"], "the newest comes first");
    let page = client.get(&format!("{}?limit=4", requests(&pipeline))).await.expect(200);
    assert_eq!(page["items"], json!(items[..4]));
}

#[tokio::test]
async fn a_test_lands_in_it_and_the_stream_tells() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let made = client.post("/v1/destinations", &json!({"name": "box", "kind": "inbox"})).await.expect(201);
    assert_eq!(
        (&made["kind"], &made["url"], &made["timeout_ms"]),
        (&json!("inbox"), &Value::Null, &Value::Null)
    );
    let mut stream = raw::connect(&gateway).await;
    let key = gateway.ready()["admin_key"].as_str().unwrap().to_owned();
    let ask = format!("GET /v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    raw::read_until(&mut stream, "200 OK").await;
    let payload = json!({"payload": {"hello": "world"}});
    let tested = client.post("/v1/destinations/box/test", &payload).await.expect(200);
    assert_eq!(tested["delivered"], true, "{tested}");
    let told = raw::read_until(&mut stream, tested["id"].as_str().unwrap()).await;
    assert!(told.contains("inbox.received"), "{told}");
    let items = client.all("/v1/destinations/box/requests").await;
    assert_eq!((&items[0]["payload"], &items[0]["delivery"]), (&payload["payload"], &tested["id"]));
}

#[tokio::test]
async fn it_has_an_end_and_pages_are_short() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let small = Plan::to_inbox("small").make(&client).await;
    for number in 0..520 {
        small.accept(&client, &json!({"n": number})).await;
    }
    hookmill_tests::all_delivered(&client, 520).await;
    // A last one finds all of them, and pushes out what is too much.
    small.accept(&client, &json!({"n": "last"})).await;
    let items = eventually("the last one is there", || async {
        let items = client.all(&format!("{}?limit=500", requests(&small))).await;
        (items[0]["payload"]["n"] == "last").then_some(items)
    })
    .await;
    assert_eq!(items.len(), 500);
    // Of the workspace, not of each inbox.
    let large = Plan::to_inbox("large").make(&client).await;
    for number in 0..40 {
        large.accept(&client, &json!({"n": number, "text": "x".repeat(1_000_000)})).await;
    }
    let newest = || async {
        let page = client.get(&format!("{}?limit=1", requests(&large))).await.expect(200);
        (page["items"][0]["payload"]["n"] == 39).then_some(())
    };
    eventually("all long ones are there", newest).await;
    large.accept(&client, &json!({"n": "last"})).await;
    let items = eventually("the last one is there", || async {
        let items = client.all(&requests(&large)).await;
        (items[0]["payload"]["n"] == "last").then_some(items)
    })
    .await;
    assert!((30..=34).contains(&items.len()), "{} of 1 MB in 32 MiB", items.len());
    assert_eq!(client.all(&requests(&small)).await.len(), 0);
    let page = client.get(&requests(&large)).await.expect(200);
    let count = page["items"].as_array().unwrap().len();
    assert!(count <= 5, "{count} of 1 MB on a page");
}

#[tokio::test]
async fn it_has_an_end_however_fast_requests_come() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let inbox = json!({"name": "box", "kind": "inbox", "concurrency": 64});
    client.post("/v1/destinations", &inbox).await.expect(201);
    let connection = json!({"name": "all", "source": "published", "destination": "box"});
    client.post("/v1/connections", &connection).await.expect(201);
    for batch in 0..40 {
        let event = |at| json!({"type": "a", "payload": {"n": batch * 100 + at}});
        let events: Vec<Value> = (0..100).map(event).collect();
        client.post("/v1/events", &json!({"events": events})).await.expect(202);
    }
    hookmill_tests::all_delivered(&client, 4000).await;
    let items = client.all("/v1/destinations/box/requests?limit=500").await;
    assert_eq!(items.len(), 500);
    assert!(items.iter().all(|item| item["payload"]["n"].as_u64() >= Some(3000)), "{:?}", items.last());
}

#[tokio::test]
async fn what_is_no_part_of_it_is_refused() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let wrong = json!({"name": "box", "kind": "inbox", "url": sink.url("/"), "method": "PUT",
        "auth": {"bearer": "secret-token"}, "timeout_ms": 5});
    let refused = client.post("/v1/destinations", &wrong).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/url", "/method", "/auth", "/timeout_ms"], "{refused:?}");
    let refused = client.post("/v1/destinations", &json!({"name": "box", "kind": "outbox"})).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/kind"], "{refused:?}");
    assert!(refused.text.contains("http, inbox") && refused.text.contains("outbox"), "{refused:?}");
    let refused = client.post("/v1/destinations", &json!({"name": "box"})).await;
    assert_eq!(
        (refused.problem(422), refused.pointers()),
        ("invalid-destination", vec!["/url"]),
        "{refused:?}"
    );

    let inbox = client.post("/v1/destinations", &json!({"name": "box", "kind": "inbox"})).await.expect(201);
    let patched = client.patch("/v1/destinations/box", &json!({"kind": "http"})).await;
    assert_eq!(
        (patched.problem(422), patched.pointers()),
        ("invalid-destination", vec!["/kind"]),
        "{patched:?}"
    );
    client.patch("/v1/destinations/box", &json!({"kind": "inbox", "name": "chest"})).await.expect(200);

    let http = Plan::new("crm", &sink.url("/crm")).make(&client).await;
    let refused = client.get(&requests(&http)).await;
    refused.problem(404);
    assert!(refused.text.contains("only an inbox"), "{refused:?}");
    client.get("/v1/destinations/nobody/requests").await.problem(404);

    // Another workspace sees nothing of it.
    let made = client.post("/v1/workspaces", &json!({"name": "theirs"})).await.expect(201);
    let theirs = client.with_key(made["key"]["secret"].as_str().unwrap());
    let path = format!("/v1/destinations/{}/requests", inbox["id"].as_str().unwrap());
    theirs.get(&path).await.problem(404);
}
