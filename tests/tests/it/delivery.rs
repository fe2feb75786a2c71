//! What a receiver gets: signatures, headers, bytes; and what operators can do with deliveries.

use std::time::Duration;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::node;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sign;
use serde_json::Value;
use serde_json::json;

/// Waits until the event's first delivery is in a state, and gives it.
pub(crate) async fn delivery_in(client: &Client, event: &str, state: &str) -> Value {
    eventually(&format!("a delivery of {event} is {state}"), || async {
        let items = client.all(&format!("/v1/deliveries?event={event}")).await;
        items.into_iter().find(|item| item["state"] == state)
    })
    .await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text but {value}"))
}

#[tokio::test]
async fn signatures_convince_a_library_that_is_not_ours() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = Plan::new("signed", &sink.url("/hook")).make(&client).await;
    for body in [json!({"a": 1}), json!({"text": "grün 💚 \u{7}"}), json!([1.5, null])] {
        pipeline.accept(&client, &body).await;
    }
    let hits = sink.wait_for("/hook", 3).await;
    assert_eq!(node::verify(&pipeline.secret, &hits).await, 3);
    // And the judge does say no.
    let verdicts = node::ask("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", &hits).await;
    assert!(verdicts.iter().all(|verdict| verdict["ok"] == false), "{verdicts:?}");
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = Plan::new("rotated", &sink.url("/hook")).make(&client).await;
    let path = format!("/v1/destinations/{}/secret", pipeline.destination);
    let rotated = client.post(&path, &json!({})).await;
    assert!(matches!(rotated.status, 200 | 201), "{rotated:?}");
    let new = rotated.body["secret"].as_str().or(rotated.body["signing"]["secret"].as_str());
    let new = new.unwrap_or_else(|| panic!("no secret in {rotated:?}")).to_owned();
    assert_ne!(new, pipeline.secret);
    pipeline.accept(&client, &json!({"a": 1})).await;
    let hits = sink.wait_for("/hook", 1).await;
    node::verify(&new, &hits).await;
    node::verify(&pipeline.secret, &hits).await;
}

#[tokio::test]
async fn a_generic_hmac_profile() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let signing = json!({"profile": "beton", "secret": "s3cret-s3cret"});
    let pipeline = Plan::new("beton", &sink.url("/hook")).destination("signing", signing).make(&client).await;
    pipeline.accept(&client, &json!({"a": 1})).await;
    let hit = sink.wait_for("/hook", 1).await.remove(0);
    assert_eq!(
        hit.header("x-beton-signature"),
        hex::encode(sign::hmac_sha256(b"s3cret-s3cret", &[&hit.body]))
    );
}

#[tokio::test]
async fn each_kind_of_credentials_is_sent_and_none_is_shown() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let kinds = [
        (
            "basic",
            json!({"basic": {"username": "u", "password": "pass-word-1"}}),
            "authorization",
            "Basic dTpwYXNzLXdvcmQtMQ==",
        ),
        ("bearer", json!({"bearer": "tok-tok-tok-1"}), "authorization", "Bearer tok-tok-tok-1"),
        (
            "header",
            json!({"header": {"name": "X-Api-Key", "value": "key-key-key-1"}}),
            "x-api-key",
            "key-key-key-1",
        ),
    ];
    for (name, auth, header, value) in kinds {
        let path = format!("/{name}");
        let pipeline = Plan::new(name, &sink.url(&path)).destination("auth", auth).make(&client).await;
        pipeline.accept(&client, &json!({})).await;
        assert_eq!(sink.wait_for(&path, 1).await[0].header(header), value, "{name}");
        let shown = client.get(&format!("/v1/destinations/{name}")).await;
        for secret in ["pass-word-1", "tok-tok-tok-1", "key-key-key-1"] {
            assert!(!shown.text.contains(secret), "{}", shown.text);
        }
    }
}

#[tokio::test]
async fn attempts_are_logged_with_answer_and_timings() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let long = "x".repeat(40_000);
    sink.always("/hook", Reply::Full(422, vec![("x-why", "because".to_owned())], long.into()));
    let plan = Plan::new("logged", &sink.url("/hook")).destination("retry", json!({"preset": "none"}));
    let pipeline = plan.make(&client).await;
    let event = pipeline.accept(&client, &json!({"a": 1})).await;
    let delivery = delivery_in(&client, &event, "failed").await;
    let attempts =
        client.get(&format!("/v1/deliveries/{}/attempts", text(&delivery["id"]))).await.expect(200);
    let attempt = &attempts["items"][0];
    assert!(text(&attempt["id"]).starts_with("att_"), "{attempts}");
    let shown = attempt.to_string();
    assert_eq!(attempt["response"]["status"], 422, "{attempt}");
    assert!(shown.contains("x-why") && shown.contains("because"), "{attempt}");
    let kept = text(&attempt["response"]["body"]).len();
    assert_eq!(kept, 16 * 1024, "bytes kept of an answer");
    assert_eq!(attempt["response"]["truncated"], true);
    assert!(shown.contains("total_us"), "{attempt}");
}

#[tokio::test]
async fn every_error_has_its_code() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/late", Reply::Never);
    sink.always("/closed", Reply::Close);
    sink.always("/teapot", Reply::Status(418));
    let plain = sink.url("/").replace("http://", "https://");
    let cases = [
        ("timeout", sink.url("/late")),
        ("connection_failed", sink.url("/closed")),
        ("status", sink.url("/teapot")),
        ("connection_refused", "http://127.0.0.1:1/".to_owned()),
        ("tls_failed", plain),
        ("dns_failed", "https://no-such-name.invalid/".to_owned()),
    ];
    for (code, url) in cases {
        let plan = Plan::new(code, &url)
            .destination("retry", json!({"preset": "none"}))
            .destination("timeout_ms", json!(2000));
        let pipeline = plan.make(&client).await;
        let event = pipeline.accept(&client, &json!({})).await;
        let delivery = delivery_in(&client, &event, "failed").await;
        let attempts =
            client.get(&format!("/v1/deliveries/{}/attempts", text(&delivery["id"]))).await.expect(200);
        let found = attempts.to_string();
        assert!(found.contains(&format!("\"{code}\"")), "{code}: {found}");
    }
}

#[tokio::test]
async fn a_pause_holds_and_resume_drains() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    for kind in ["connection", "destination"] {
        let path = format!("/{kind}");
        let pipeline = Plan::new(kind, &sink.url(&path)).make(&client).await;
        let id = if kind == "connection" { &pipeline.connection } else { &pipeline.destination };
        client.post(&format!("/v1/{kind}s/{id}/pause"), &json!({})).await.expect(200);
        let mut events = Vec::new();
        for number in 0..5 {
            events.push(pipeline.accept(&client, &json!({"n": number})).await);
        }
        for event in &events {
            delivery_in(&client, event, "held").await;
        }
        assert!(sink.hits_at(&path).is_empty());
        client.post(&format!("/v1/{kind}s/{id}/resume"), &json!({})).await.expect(200);
        let hits = sink.wait_for(&path, 5).await;
        let mut numbers: Vec<_> = hits.iter().map(|hit| hit.json()["n"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        for event in &events {
            delivery_in(&client, event, "delivered").await;
        }
    }
}

#[tokio::test]
async fn a_test_send_goes_the_real_way() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = Plan::new("tested", &sink.url("/hook")).make(&client).await;
    let answer =
        client.post(&format!("/v1/destinations/{}/test", pipeline.destination), &json!({})).await.expect(200);
    let hits = sink.wait_for("/hook", 1).await;
    node::verify(&pipeline.secret, &hits).await;
    assert!(answer.to_string().contains("200"), "{answer}");
}

#[tokio::test]
async fn one_slow_receiver_gets_no_more_than_its_share() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/slow", Reply::Late(Duration::from_millis(30), 200));
    let pipeline =
        Plan::new("slow", &sink.url("/slow")).destination("concurrency", json!(3)).make(&client).await;
    for number in 0..40 {
        pipeline.accept(&client, &json!({"n": number})).await;
    }
    sink.wait_for("/slow", 40).await;
    let most = sink.most_at_once("/slow");
    assert!((2..=3).contains(&most), "{most} at a time where 3 are allowed");
}

/// Ten a minute: ten of thirty go at once and no more, a neighbour without a rate gets all of his, a kill loses nothing, and
/// what waits goes when the rate is taken away.
#[tokio::test]
async fn a_destination_gets_as_many_in_a_time_as_it_says() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let rate = json!({"requests": 10, "per": "minute"});
    let slow = Plan::new("slow", &sink.url("/slow")).destination("rate", rate.clone()).make(&client).await;
    let free = Plan::new("free", &sink.url("/free")).make(&client).await;
    for n in 0..30 {
        slow.accept(&client, &json!({"n": n})).await;
        free.accept(&client, &json!({"n": n})).await;
    }
    sink.wait_for("/free", 30).await;
    sink.wait_for("/slow", 10).await;
    eventually("twenty to wait and ten to have arrived", || async {
        let of = |state: &str| format!("/v1/deliveries?destination=slow&state={state}&limit=100");
        let (sent, waiting) =
            (client.all(&of("delivered")).await.len(), client.all(&of("pending")).await.len());
        (sent == 10 && waiting == 20).then_some(())
    })
    .await;
    assert_eq!(client.get("/v1/destinations/slow").await.expect(200)["rate"], rate);
    gateway.kill().await;
    gateway.restart().await;
    let client = gateway.client();
    sink.wait_for("/slow", 20).await;
    let refused =
        client.patch("/v1/destinations/slow", &json!({"rate": {"requests": 0, "per": "day"}})).await;
    assert_eq!(refused.pointers(), ["/rate/requests", "/rate/per"], "{refused:?}");
    assert_eq!(sink.hits_at("/slow").len(), 20, "each node begins anew, with ten");
    client.patch("/v1/destinations/slow", &json!({"rate": null})).await.expect(200);
    let hits = sink.wait_for("/slow", 30).await;
    let mut seen: Vec<u64> = hits.iter().map(|hit| hit.json()["n"].as_u64().unwrap()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 30, "{hits:?}");
}
