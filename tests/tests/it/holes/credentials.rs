//! Credentials are kept nowhere and go nowhere but where they were given for.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

use super::key;

const TOKEN: &str = "glpat-sEcReT-t0ken";

/// Everything that a key that may only read is shown of a source and its events.
async fn shown(reader: &Client, source: &str) -> String {
    let mut all = String::new();
    for path in ["/v1/events", "/v1/sources", "/v1/deliveries"] {
        all.push_str(&reader.get(path).await.text);
    }
    for list in ["samples", "rejections"] {
        all.push_str(&reader.get(&format!("/v1/sources/{source}/{list}")).await.text);
    }
    for event in reader.all("/v1/events").await {
        let id = event["id"].as_str().unwrap();
        for end in ["", "/trace"] {
            all.push_str(&reader.get(&format!("/v1/events/{id}{end}")).await.text);
        }
    }
    all
}

#[tokio::test]
async fn what_senders_prove_themselves_with_is_not_kept() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let reader = key(&client, &["read"]).await;
    let verification = json!({"preset": "gitlab", "secret": TOKEN});
    let made = client
        .post("/v1/sources", &json!({"name": "gitlab", "verification": verification}))
        .await
        .expect(201);
    let (id, own) = (made["id"].as_str().unwrap(), made["key"]["secret"].as_str().unwrap());
    let anyone = client.with_key("");
    let send = async |headers: &[(&str, &str)]| {
        let sent = [&[("content-type", "application/json"), ("x-seen", "yes")], headers].concat();
        anyone.send("POST", &format!("/in/{id}"), &sent, b"{}".to_vec()).await.status
    };
    // Taken, also with what proves more than is asked for, in headers that are nobody's.
    assert_eq!(send(&[("x-gitlab-token", TOKEN)]).await, 202);
    let bearer = format!("Key {own}");
    let more = [("x-other", own), ("x-also", bearer.as_str()), ("cookie", "session=c00kie-value")];
    assert_eq!(send(&[&[("x-gitlab-token", TOKEN), ("x-token-copy", TOKEN)], &more[..]].concat()).await, 202);
    // The same in the URL.
    let wordy = format!("/in/{id}/{own}?k={own}&access_token=qu3ry-token&q=1");
    let headers = [("x-gitlab-token", TOKEN), ("x-seen", "yes")];
    anyone.send("POST", &wordy, &headers, b"{}".to_vec()).await.expect(202);
    // Refused: the token in a wrong header, a token that is nearly it, a key where none is looked for.
    assert_eq!(send(&[("x-gitlab-tokn", TOKEN)]).await, 401);
    assert_eq!(send(&[("x-gitlab-token", "glpat-sEcReT-t0keN")]).await, 401);
    assert_eq!(send(&[("x-wrong", own)]).await, 401);
    let all = eventually("three events and three rejections", || async {
        let all = shown(&reader, id).await;
        (all.matches("x-seen").count() >= 9).then_some(all)
    })
    .await;
    for secret in [TOKEN, "glpat-sEcReT-t0keN", own, "c00kie-value", "qu3ry-token"] {
        assert!(!all.contains(secret), "{secret} is shown in {all}");
    }
    assert!(all.contains("x-other") && all.contains("[key]"), "what was there is told: {all}");
}

/// What came of the one delivery of an event, with everything that is kept of it.
async fn attempts(reader: &Client, event: &str) -> String {
    eventually("an attempt", || async {
        let list = reader.all(&format!("/v1/deliveries?event={event}")).await;
        let id = list.first()?["id"].as_str()?.to_owned();
        let kept = reader.get(&format!("/v1/deliveries/{id}/attempts")).await;
        let all = format!("{}{}", kept.text, reader.get(&format!("/v1/deliveries/{id}")).await.text);
        (!kept.body["items"].as_array()?.is_empty()).then_some(all)
    })
    .await
}

#[tokio::test]
async fn what_a_receiver_says_of_credentials_is_not_kept() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let reader = key(&client, &["read"]).await;
    let echo = |_: usize, hit: &hookmill_tests::sink::Hit| {
        let all: Vec<String> = hit.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let own = hit.header("authorization").to_owned();
        Reply::Full(
            200,
            vec![("x-echo", own)],
            format!("{} own=whsec_c2lnbmluZy1zZWNyZXQtMTIz", all.join("\n")).into(),
        )
    };
    sink.script("/echo", echo);
    // Cut in the middle of what is secret: 16 KiB are kept.
    sink.script("/long", |_, hit| {
        let own = hit.header("authorization").to_owned();
        Reply::Full(200, Vec::new(), format!("{}{own}", "x".repeat(16 * 1024 - 18)).into())
    });
    let cases = [
        ("basic", json!({"auth": {"basic": {"username": "us", "password": "pass-word-1"}}})),
        ("bearer", json!({"auth": {"bearer": "tok-tok-tok-1"}})),
        ("header", json!({"auth": {"header": {"name": "x-crm", "value": "key-key-key-1"}}})),
        ("static", json!({"headers": {"x-auth-token": "sta-sta-sta-1", "x-team": "growth"}})),
    ];
    let secrets = ["pass-word-1", "dXM6cGFzcy13b3JkLTE", "tok-tok-tok-1", "key-key-key-1", "sta-sta-sta-1"];
    for (name, fields) in cases {
        let signing = json!({"profile": "standard_webhooks", "secret": "whsec_c2lnbmluZy1zZWNyZXQtMTIz"});
        let mut plan = Plan::new(name, &sink.url("/echo")).destination("signing", signing);
        for (field, value) in fields.as_object().unwrap() {
            plan = plan.destination(field, value.clone());
        }
        let pipeline = plan.make(&client).await;
        let event = pipeline.accept(&client, &json!({})).await;
        let mut all = attempts(&reader, &event).await;
        assert!(all.contains("x-echo") && all.contains("[secret "), "{all}");
        let path = format!("/v1/destinations/{}", pipeline.destination);
        all.push_str(&reader.get(&path).await.text);
        all.push_str(&client.act(&format!("{path}/test")).await.text);
        for secret in secrets.into_iter().chain(["c2lnbmluZy1zZWNyZXQ"]) {
            assert!(!all.contains(secret), "{name}: {secret} is shown in {all}");
        }
    }
    let plan = Plan::new("long", &sink.url("/long")).destination("auth", json!({"bearer": "tok-tok-tok-1"}));
    let pipeline = plan.make(&client).await;
    let all = attempts(&reader, &pipeline.accept(&client, &json!({})).await).await;
    assert!(all.contains("xBearer \"") && !all.contains("tok-"), "the beginning of a token is shown");
}

#[tokio::test]
async fn credentials_do_not_follow_a_destination_to_another_host() {
    let (gateway, sink, evil) = (Gateway::start().await, Sink::start().await, Sink::start().await);
    let client = gateway.client();
    let writer = key(&client, &["read", "write"]).await;
    let draft = json!({"name": "d", "url": sink.url("/hook"), "headers": {"x-api-key": "sta-sta-sta-1", "x-team": "t"},
        "auth": {"bearer": "tok-tok-tok-1", "header": {"name": "x-crm", "value": "key-key-key-1"}}});
    let made = client.post("/v1/destinations", &draft).await.expect(201);
    let path = format!("/v1/destinations/{}", made["id"].as_str().unwrap());
    let refused = writer.patch(&path, &json!({"url": evil.url("/hook")})).await;
    assert_eq!(refused.problem(422), "invalid-destination");
    assert_eq!(
        refused.pointers(),
        ["/auth/bearer", "/auth/header", "/headers/x-api-key"],
        "{}",
        refused.text
    );
    assert!(refused.text.contains(evil.address()) && !refused.text.contains("tok-tok"), "{}", refused.text);
    // What the API shows in the place of the value is not taken for it.
    let shown = writer.get(&path).await.expect(200)["headers"].clone();
    let copied =
        writer.patch(&path, &json!({"url": evil.url("/hook"), "auth": null, "headers": shown})).await;
    assert_eq!((copied.problem(422), copied.pointers()), ("invalid-destination", vec!["/headers/x-api-key"]));
    writer.act(&format!("{path}/test")).await.expect(200);
    assert!(
        evil.hits().is_empty()
            && sink.wait_for("/hook", 1).await[0].header("authorization").contains("tok-tok")
    );
    // Another path of the same receiver is the same receiver.
    writer.patch(&path, &json!({"url": sink.url("/other")})).await.expect(200);
    writer.act(&format!("{path}/test")).await.expect(200);
    assert_eq!(sink.wait_for("/other", 1).await[0].header("x-crm"), "key-key-key-1");
    // Without the credentials, or with new ones, it may go anywhere.
    let change =
        json!({"url": evil.url("/hook"), "auth": {"bearer": "new-new-new-1"}, "headers": {"x-team": "t"}});
    writer.patch(&path, &change).await.expect(200);
    writer.act(&format!("{path}/test")).await.expect(200);
    let hit = evil.wait_for("/hook", 1).await.remove(0);
    assert_eq!(hit.header("authorization"), "Bearer new-new-new-1");
    assert_eq!((hit.header("x-crm"), hit.header("x-api-key"), hit.header("x-team")), ("", "", "t"));
    assert_eq!(writer.get(&path).await.expect(200)["auth"]["header"], Value::Null);
}
