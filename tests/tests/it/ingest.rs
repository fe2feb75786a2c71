//! Sources: every verification preset, keys, duplicates, what is recorded of refused requests.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::sign;
use hookmill_tests::sign::Signed;
use serde_json::Value;
use serde_json::json;

const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = b"{\"type\": \"invoice.paid\",  \"type_\": 1.50, \"id\": \"in_1\"}";

struct Source<'a> {
    client: &'a Client,
    id: String,
}

impl<'a> Source<'a> {
    async fn make(client: &'a Client, name: &str, fields: Value) -> Self {
        let mut body = json!({"name": name});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let made = client.post("/v1/sources", &body).await.expect(201);
        Self { client, id: made["id"].as_str().unwrap().to_owned() }
    }

    async fn send(&self, headers: &Signed, body: &[u8]) -> hookmill_tests::Answer {
        let path = format!("/in/{}", self.id);
        self.client.with_key("").send("POST", &path, &sign::borrowed(headers), body.to_vec()).await
    }

    /// The codes of what it refused, newest first.
    async fn rejections(&self) -> Vec<String> {
        let items = self.client.all(&format!("/v1/sources/{}/rejections", self.id)).await;
        items.iter().map(|item| item["code"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// A preset takes what its provider signed, and neither another body nor another secret nor no
/// signature.
async fn check_preset(preset: &str, secret: &str, other: &str, signed: impl Fn(&str, &[u8]) -> Signed) {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let source =
        Source::make(&client, preset, json!({"verification": {"preset": preset, "secret": secret}})).await;
    // What its provider takes for success.
    let status = if preset == "slack" { 200 } else { 202 };
    source.send(&signed(secret, BODY), BODY).await.expect(status);
    let mut changed = BODY.to_vec();
    changed[4] ^= 1;
    assert_eq!(source.send(&signed(secret, BODY), &changed).await.code(401), "bad_signature");
    assert_eq!(source.send(&signed(other, BODY), BODY).await.code(401), "bad_signature");
    let unsigned = vec![("content-type".to_owned(), "application/json".to_owned())];
    assert_eq!(source.send(&unsigned, BODY).await.code(401), "missing_signature");
    let codes = hookmill_tests::eventually("three rejections", || async {
        let codes = source.rejections().await;
        (codes.len() == 3).then_some(codes)
    })
    .await;
    assert_eq!(codes, ["missing_signature", "bad_signature", "bad_signature"]);
}

#[tokio::test]
async fn github() {
    check_preset("github", "s3cret", "other", |secret, body| sign::github(secret, "push", "d-1", body)).await;
}

#[tokio::test]
async fn standard_webhooks() {
    let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    check_preset("standard_webhooks", STANDARD_SECRET, other, |secret, body| {
        sign::standard("webhook", secret, "msg_1", sign::unix_now(), body)
    })
    .await;
}

#[tokio::test]
async fn svix() {
    let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    check_preset("svix", STANDARD_SECRET, other, |secret, body| {
        sign::standard("svix", secret, "msg_1", sign::unix_now(), body)
    })
    .await;
}

#[tokio::test]
async fn stripe() {
    check_preset("stripe", "whsec_abc", "whsec_abd", |secret, body| {
        sign::stripe(secret, sign::unix_now(), body)
    })
    .await;
}

#[tokio::test]
async fn slack() {
    check_preset("slack", "8f742231b10e", "8f742231b10f", |secret, body| {
        sign::slack(secret, sign::unix_now(), body)
    })
    .await;
}

#[tokio::test]
async fn shopify() {
    check_preset("shopify", "hush", "hash", |secret, body| {
        sign::shopify(secret, "orders/create", "w-1", body)
    })
    .await;
}

/// What providers ask of a URL before they send events is answered, and is no event.
#[tokio::test]
async fn providers_questions_about_the_url() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let make = async |preset: &str| {
        let mut verification = json!({"preset": preset, "secret": "s3cret"});
        if preset == "meta" {
            verification["verify_token"] = json!("hello");
        }
        Source::make(&client, preset, json!({"verification": verification})).await
    };
    let slack = make("slack").await;
    let question =
        br#"{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#;
    let answer = slack.send(&sign::slack("s3cret", sign::unix_now(), question), question).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (200, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P")
    );
    let answer = slack.send(&sign::slack("other", sign::unix_now(), question), question).await;
    assert_eq!(answer.code(401), "bad_signature", "a stranger gets no answer");
    let meta = make("meta").await;
    let ask = |token: &str| {
        format!("/in/{}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}", meta.id)
    };
    let anyone = client.with_key("");
    let answer = anyone.get(&ask("hello")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "1158201444"));
    anyone.get(&ask("guess")).await.problem(403);
    anyone.get(&ask("s3cret")).await.problem(403);
    let x = make("x").await;
    let answer = anyone.get(&format!("/in/{}?crc_token=challenge_string", x.id)).await;
    // Made with Python's `hmac` for that secret and token.
    let expected = "{\"response_token\":\"sha256=nvqHBp8Arm4x8J8HIpXYCDu6hISdDhOxFQN6VRpCUp0=\"}";
    assert_eq!((answer.status, answer.text.as_str()), (200, expected));
    assert!(client.all("/v1/events").await.is_empty(), "questions are no events");
}

#[tokio::test]
async fn a_scheme_of_ones_own() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let scheme = json!({"algorithm": "hmac-sha1", "encoding": "hex", "signature": {"headers": ["x-sig"], "prefix": "sha1="},
        "signed": "{method}|{header:x-nonce}|{body}"});
    let verification = json!({"scheme": scheme, "secrets": ["old", "new"]});
    let source = Source::make(&client, "own", json!({"verification": verification})).await;
    for (secret, status) in [("old", 202), ("new", 202), ("neither", 401)] {
        let mac = hex::encode(sign::hmac_sha1(secret.as_bytes(), &[b"POST|n-1|", BODY]));
        let headers: Signed = [("x-nonce", "n-1"), ("x-sig", &format!("sha1={mac}"))]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        assert_eq!(source.send(&headers, BODY).await.status, status, "{secret}");
    }
}

#[tokio::test]
async fn old_signatures_are_refused() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let verification = json!({"verification": {"preset": "standard_webhooks", "secret": STANDARD_SECRET}});
    let source = Source::make(&client, "s", verification).await;
    for (offset, status) in [(-3600_i64, 401), (3600, 401), (-60, 202)] {
        let unix = sign::unix_now().saturating_add_signed(offset);
        let headers = sign::standard("webhook", STANDARD_SECRET, &format!("m{offset}"), unix, BODY);
        assert_eq!(source.send(&headers, BODY).await.status, status, "{offset}");
    }
    assert_eq!(source.rejections().await[0], "timestamp_out_of_tolerance");
}

#[tokio::test]
async fn keys_are_wanted_unless_something_else_proves_the_sender() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let made = client.post("/v1/sources", &json!({"name": "plain"})).await.expect(201);
    let (id, secret) = (made["id"].as_str().unwrap(), made["key"]["secret"].as_str().unwrap());
    let path = format!("/in/{id}");
    let body = json!({"a": 1});
    client.with_key("").post(&path, &body).await.problem(401);
    client.with_key("hm_in_wrong").post(&path, &body).await.problem(401);
    client.with_key(secret).post(&path, &body).await.expect(202);
    let by_header = [("x-api-key", secret), ("content-type", "application/json")];
    client.with_key("").send("POST", &path, &by_header, b"{}".to_vec()).await.expect(202);
    // The URL knows names, too, and a path behind them.
    client.with_key(secret).post("/in/plain/some/where", &body).await.expect(202);
    client.with_key(secret).post("/in/nobody", &body).await.problem(404);
    assert!(!client.get(&format!("/v1/sources/{id}")).await.text.contains(secret));
}

#[tokio::test]
async fn bodies_come_through_byte_for_byte() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let sink = hookmill_tests::Sink::start().await;
    let pipeline = hookmill_tests::pipeline::Plan::new("raw", &sink.url("/raw")).make(&client).await;
    let bodies: [(&str, &[u8]); 4] = [
        ("application/json", b"{ \"b\" : 1.0 ,\n \"a\":12345678901234567890.10, \"a\": \"\\u00e9\" }"),
        ("application/x-www-form-urlencoded", b"a=1&b=%20x"),
        ("text/xml", b"<a>\xc3\xa9</a>"),
        ("application/octet-stream", b"\x00\xff\xfe not text"),
    ];
    for (index, (kind, body)) in bodies.iter().enumerate() {
        let headers = [("content-type", *kind)];
        client.with_key("").send("POST", &pipeline.path, &headers, body.to_vec()).await.expect(202);
        let hit = sink.wait_for("/raw", index + 1).await.pop().unwrap();
        assert_eq!(&hit.body[..], *body);
        assert_eq!(hit.header("content-type"), *kind);
    }
}

#[tokio::test]
async fn an_idempotency_key_makes_duplicates() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let pipeline = hookmill_tests::pipeline::Plan::new("once", "http://127.0.0.1:9/").make(&client).await;
    let send = async |key: &str| {
        let headers = [("idempotency-key", key)];
        client.with_key("").send("POST", &pipeline.path, &headers, b"{}".to_vec()).await.expect(202)
    };
    let (first, again, other) = (send("a").await, send("a").await, send("b").await);
    assert_eq!(again, json!({"id": first["id"], "duplicate": true}));
    assert_ne!(other["id"], first["id"]);
    let event = json!({"type": "t", "payload": 1, "idempotency_key": "k"});
    let first = client.post("/v1/events", &event).await.expect(202);
    assert_eq!(client.post("/v1/events", &event).await.expect(202)["id"], first["id"]);
}

#[tokio::test]
async fn a_paused_source_refuses_with_a_hint() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let pipeline = hookmill_tests::pipeline::Plan::new("paused", "http://127.0.0.1:9/").make(&client).await;
    client.patch(&format!("/v1/sources/{}", pipeline.source), &json!({"state": "paused"})).await.expect(200);
    let answer = pipeline.send(&client, &json!({})).await;
    answer.problem(503);
    assert!(answer.header("retry-after").parse::<u64>().is_ok(), "{:?}", answer.headers);
}
