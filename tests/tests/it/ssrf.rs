//! Destinations on machines that are nobody's business, in every spelling: refused when saved,
//! and when a name turns out to lead there, at delivery.

use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::pipeline::Plan;
use serde_json::json;

const TARGETS: &[&str] = &[
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.1./",
    "https://①②⑦.⓪.⓪.①/",
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
    "https://%31%32%37.0.0.1/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::169.254.169.254]/",
    "https://[2002:7f00:1::]/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[::]/",
    "https://0.0.0.0/",
    "https://0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.0.0.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://user:password@example.com/",
    "https://user@example.com/",
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "https://",
    "//example.com/",
    "example.com",
    "",
];

/// Nothing is allowed, as when nobody set anything.
async fn strict() -> Gateway {
    Gateway::start_with(|options| {
        options.without("HOOKMILL_EGRESS_ALLOW").without("HOOKMILL_EGRESS_ALLOW_HTTP")
    })
    .await
}

#[tokio::test]
async fn no_spelling_gets_saved() {
    let gateway = strict().await;
    let client = gateway.client();
    for (index, url) in TARGETS.iter().enumerate() {
        let answer = client.post("/v1/destinations", &json!({"name": format!("d{index}"), "url": url})).await;
        assert_eq!(answer.status, 422, "{url}: {answer:?}");
        answer.problem(422);
        assert_eq!(answer.pointers(), ["/url"], "{url}: {answer:?}");
    }
    let fine =
        client.post("/v1/destinations", &json!({"name": "fine", "url": "https://93.184.215.14/hook"})).await;
    fine.expect(201);
    for url in TARGETS {
        let answer = client.patch("/v1/destinations/fine", &json!({"url": url})).await;
        assert_eq!(answer.status, 422, "{url}: {answer:?}");
    }
}

#[tokio::test]
async fn a_name_that_leads_here_is_refused_when_it_is_dialled() {
    let gateway = strict().await;
    let client = gateway.client();
    // `localhost` may be refused by name already; a name that only the resolver knows is not.
    let saved =
        client.post("/v1/destinations", &json!({"name": "local", "url": "https://localhost:1/"})).await;
    if saved.status == 422 {
        saved.problem(422);
        return;
    }
    let destination = saved.expect(201)["id"].as_str().unwrap().to_owned();
    let tested = client.post(&format!("/v1/destinations/{destination}/test"), &json!({})).await;
    assert!(tested.text.contains("egress_refused"), "{tested:?}");
}

#[tokio::test]
async fn what_was_allowed_once_is_checked_at_every_attempt() {
    let sink = Sink::start().await;
    let mut gateway = Gateway::start().await;
    let client = gateway.client();
    let pipeline = Plan::new("p", &sink.url("/hook")).make(&client).await;
    pipeline.accept(&client, &json!({"n": 1})).await;
    sink.wait_for("/hook", 1).await;
    gateway.terminate().await;
    gateway
        .restart_with(|options| {
            options.without("HOOKMILL_EGRESS_ALLOW").env("HOOKMILL_EGRESS_ALLOW", "10.0.0.0/8")
        })
        .await;
    let event = pipeline.accept(&client, &json!({"n": 2})).await;
    let delivery = eventually("the delivery has failed", || async {
        let items = client.all(&format!("/v1/deliveries?event={event}")).await;
        items.into_iter().find(|item| item["state"] == "failed" || item["state"] == "failed_by_gateway")
    })
    .await;
    let attempts = client
        .get(&format!("/v1/deliveries/{}/attempts", delivery["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert!(attempts.to_string().contains("egress_refused"), "{attempts}");
    assert_eq!(sink.hits().len(), 1, "a refusal is final and sends nothing");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let sink = Sink::start().await;
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let to = sink.url("/inside");
    sink.script("/hook", move |_, _| {
        hookmill_tests::Reply::Full(307, vec![("location", to.clone())], bytes::Bytes::new())
    });
    let pipeline = Plan::new("p", &sink.url("/hook"))
        .destination("retry", json!({"preset": "none"}))
        .make(&client)
        .await;
    let event = pipeline.accept(&client, &json!({})).await;
    eventually("the delivery has failed", || async {
        let items = client.all(&format!("/v1/deliveries?event={event}")).await;
        items.into_iter().find(|item| item["state"] == "failed")
    })
    .await;
    assert!(sink.hits_at("/inside").is_empty());
}
