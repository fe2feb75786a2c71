//! What people report of the door of systems like this one: each test is one kind of fault, with the input that
//! showed it. Not here: what becomes of payloads behind the door, and how they are delivered.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use hookmill_tests::Answer;
use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::raw;
use hookmill_tests::sign;
use serde_json::Value;
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A gateway with its API and a receiver.
struct Place {
    gateway: Gateway,
    client: Client,
    sink: Sink,
}

impl Place {
    async fn new() -> Self {
        let gateway =
            Gateway::start_with(|options| options.env("HOOKMILL_PUBLIC_URL", "https://hooks.example.com"))
                .await;
        Self { client: gateway.client(), sink: Sink::start().await, gateway }
    }

    /// What comes in at the source of that name goes to the receiver's path of that name.
    fn pipe(&self, name: &str) -> Plan {
        Plan::new(name, &self.sink.url(&format!("/{name}"))).destination("retry", json!({"delays": []}))
    }

    async fn make(&self, plan: Plan) -> Pipeline {
        plan.make(&self.client).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.client.with_key("").send(method, path, headers, body.to_vec()).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send("POST", path, headers, body).await
    }

    /// A source with that verification; gives its path.
    async fn verified(&self, name: &str, verification: Value) -> String {
        let source = json!({"name": name, "verification": verification});
        let made = self.client.post("/v1/sources", &source).await.expect(201);
        format!("/in/{}", made["id"].as_str().unwrap())
    }

    async fn events(&self) -> Vec<Value> {
        self.client.all("/v1/events").await
    }

    /// The state of the only delivery of an event, once it is there, and the first reason that a step gives.
    async fn outcome(&self, event: &str) -> (String, String) {
        let trace = eventually("the event is decided", || async {
            let trace = self.client.get(&format!("/v1/events/{event}/trace")).await.expect(200);
            let entries = trace["entries"].as_array().unwrap().clone();
            entries
                .iter()
                .any(|entry| entry["state"].is_string() || entry["verdict"] == "drop")
                .then_some(entries)
        })
        .await;
        let state = trace.iter().filter_map(|entry| entry["state"].as_str()).next_back().unwrap_or("none");
        let step = trace.iter().find(|entry| entry["verdict"].is_string());
        let reason = step.and_then(|entry| entry["reason"].as_str()).unwrap_or_default();
        (state.to_owned(), reason.to_owned())
    }
}

fn id(accepted: &Value) -> String {
    accepted["id"].as_str().unwrap_or_else(|| panic!("no id in {accepted}")).to_owned()
}

fn hex_hmac(secret: &str, body: &[u8]) -> String {
    hex::encode(sign::hmac_sha256(secret.as_bytes(), &[body]))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(body).unwrap();
    writer.finish().unwrap()
}

/// F1: three events whose key is empty are three events, wherever the key is looked for.
#[tokio::test]
async fn an_empty_idempotency_key_is_no_key() {
    let place = Place::new().await;
    let header = place.make(place.pipe("header")).await;
    let own = place.make(place.pipe("own").source("idempotency", json!({"header": "x-id"}))).await;
    let path = place.make(place.pipe("path").source("idempotency", json!({"path": "$.id"}))).await;
    let bodies = [r#"{"n":1,"id":""}"#, r#"{"n":2,"id":""}"#, r#"{"n":3,"id":null}"#];
    for (at, body) in bodies.iter().enumerate() {
        for (pipe, headers) in [
            (&header, vec![JSON, ("idempotency-key", ["", "\"\"", " "][at])]),
            (&own, vec![JSON, ("x-id", ""), ("idempotency-key", "")]),
            (&path, vec![JSON]),
        ] {
            let answer = place.post(&pipe.path, &headers, body.as_bytes()).await.expect(202);
            assert_eq!(answer["duplicate"], Value::Null, "{} {body}", pipe.path);
        }
    }
    for name in ["/header", "/own", "/path"] {
        place.sink.wait_for(name, 3).await;
    }
    let fixed = json!({"name": "fixed", "idempotency": {"fixed": "x"}});
    assert_eq!(place.client.post("/v1/sources", &fixed).await.pointers(), ["/idempotency"]);
}

/// F2: nothing of a request is lost.
#[tokio::test]
async fn query_path_and_method_belong_to_the_event() {
    let place = Place::new().await;
    let filter = json!({"filter": {"all": [
        {"in_event": "method", "eq": "GET"},
        {"in_event": "query.msisdn", "eq": "447700900123"},
        {"in_event": "query", "contains": "text=hi"},
        {"in_event": "path", "eq": "/tenant/42"},
        {"in_event": "query.none", "exists": false},
    ]}});
    let mapping = json!({"mapping": {"version": 1, "output": {
        "method": {"$in_event": "method"},
        "tenant": {"$in_event": "path"},
        "text": {"$in_event": "query.text"},
        "all": {"$in_event": "query.tag", "$all": true},
        "none": {"$in_event": "query.none"},
        "line": {"$template": "{{ in_event.query.text }} to {{ in_event.query.msisdn }}"},
    }}});
    let steps = json!([filter, mapping]);
    let pipe = place.make(place.pipe("sms").source("methods", json!(["GET", "POST"])).steps(steps)).await;
    let query = "msisdn=447700900123&text=hi%20%C3%BC&tag=a&tag=b";
    let answer = place.send("GET", &format!("{}/tenant/42?{query}", pipe.path), &[], b"").await.expect(202);
    let hit = place.sink.wait_for("/sms", 1).await.remove(0);
    let expected = json!({"method": "GET", "tenant": "/tenant/42", "text": "hi ü", "all": ["a", "b"], "none": null,
        "line": "hi ü to 447700900123"});
    assert_eq!(hit.json(), expected);
    let event = place.client.get(&format!("/v1/events/{}", id(&answer))).await.expect(200);
    assert_eq!(
        (&event["method"], &event["path"], &event["query"]),
        (&json!("GET"), &json!("/tenant/42"), &json!(query))
    );
    let trace = place.client.get(&format!("/v1/events/{}/trace", id(&answer))).await.expect(200);
    assert_eq!(trace["entries"][0]["request"], format!("GET /tenant/42?{query}"));
    // Again, from the store, and after a restart.
    let again = place.client.act(&format!("/v1/events/{}/replay", id(&answer))).await.expect(202);
    assert_eq!(place.sink.wait_for("/sms", 2).await.remove(1).json(), expected);
    let mut gateway = place.gateway;
    gateway.kill().await;
    gateway.restart().await;
    let event = gateway.client().get(&format!("/v1/events/{}", id(&again))).await.expect(200);
    assert_eq!(event["query"], query);
    // What there is no event of yet can be tried.
    let steps = json!([{"filter": {"in_event": "query.a", "eq": "1"}}]);
    let preview = json!({"steps": steps, "payload": null, "method": "GET", "query": "a=1"});
    let tried = gateway.client().post("/v1/preview", &preview).await.expect(200);
    assert_eq!(tried["steps"][0]["verdict"], "forward", "{tried}");
    // A POST without query is told apart.
    let plain = place.client.with_key("").post(&pipe.path, &json!({"a": 1})).await.expect(202);
    let trace = gateway.client().get(&format!("/v1/events/{}/trace", id(&plain))).await.expect(200);
    assert_eq!(trace["entries"][0]["request"], "POST");
}

/// F4: each provider hears what it takes for success.
#[tokio::test]
async fn providers_get_the_answer_they_wait_for() {
    let place = Place::new().await;
    let body = br#"{"events":[]}"#;
    let base64 = STANDARD.encode(sign::hmac_sha256(b"k", &[body]));
    let now = sign::unix_now();
    let github = format!("sha256={}", hex_hmac("k", body));
    let slack = sign::slack("k", now, body);
    let mut checks = vec![
        ("xero", 200, "", vec![("x-xero-signature", base64.as_str())]),
        ("line", 200, "", vec![("x-line-signature", base64.as_str())]),
        ("meta", 200, "", vec![("x-hub-signature-256", github.as_str())]),
    ];
    checks.push(("slack", 200, "", sign::borrowed(&slack)));
    for (preset, status, text, mut headers) in checks {
        let path = place.verified(preset, json!({"preset": preset, "secret": "k"})).await;
        headers.retain(|(name, _)| *name != "content-type");
        headers.push(JSON);
        let answer = place.post(&path, &headers, body).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text), "{preset}");
        assert!(answer.header("hookmill-event-id").starts_with("evt_"), "{preset}: {:?}", answer.headers);
    }
    // What Xero tries first: a bad signature must be refused with 401.
    place.post("/in/xero", &[JSON, ("x-xero-signature", "AAAA")], body).await.problem(401);
    // The source's own answer goes before the provider's.
    let own = json!({"response": {"status": 201, "body": "mine"}});
    place.client.patch("/v1/sources/line", &own).await.expect(200);
    let answer = place.post("/in/line", &[JSON, ("x-line-signature", &base64)], body).await;
    assert_eq!((answer.status, answer.text.as_str()), (201, "mine"));
    let path = place.verified("github", json!({"preset": "github", "secret": "k"})).await;
    place.post(&path, &[JSON, ("x-hub-signature-256", &github)], body).await.expect(202);
}

/// F5: rules for type and key see the fields of a form that filters see.
#[tokio::test]
async fn rules_see_the_fields_of_forms() {
    let place = Place::new().await;
    let plan = place.pipe("slash").source("event_type", json!({"path": "$.command"}));
    let plan = plan.source("idempotency", json!({"path": "$.trigger_id"}));
    let pipe = place.make(plan.connection("event_types", json!(["/deploy"]))).await;
    let body = b"command=%2Fdeploy&trigger_id=9";
    let first = place.post(&pipe.path, &[FORM], body).await.expect(202);
    let second = place.post(&pipe.path, &[FORM], body).await.expect(202);
    assert_eq!(second, json!({"id": first["id"], "duplicate": true}));
    assert_eq!(place.events().await[0]["type"], "/deploy");
    let hit = place.sink.wait_for("/slash", 1).await.remove(0);
    assert_eq!(&hit.body[..], body, "the body is as it came");
}

/// F7: what came compressed is unpacked, within the limit; never sent on without saying so.
#[tokio::test]
async fn compressed_bodies_are_unpacked() {
    let place = Place::new().await;
    let plan = place.pipe("gz").source("event_type", json!({"path": "$.type"}));
    let pipe = place.make(plan.source("body_bytes_max", json!(100_000))).await;
    let gzipped = ("content-encoding", "gzip");
    let accepted = place.post(&pipe.path, &[JSON, gzipped], &gzip(br#"{"type":"a"}"#)).await.expect(202);
    place
        .post(&pipe.path, &[("content-type", "application/x-ndjson"), gzipped], &gzip(b"{}\n{}\n"))
        .await
        .expect(202);
    let mut bodies = Vec::new();
    for hit in place.sink.wait_for("/gz", 2).await {
        assert_eq!(hit.header("content-encoding"), "");
        bodies.push(String::from_utf8(hit.body.to_vec()).unwrap());
    }
    bodies.sort();
    assert_eq!(bodies, ["{\"type\":\"a\"}", "{}\n{}\n"]);
    let event = place.client.get(&format!("/v1/events/{}", id(&accepted))).await.expect(200);
    assert_eq!((&event["type"], &event["payload"]), (&json!("a"), &json!({"type": "a"})));
    assert!(!event["headers"].to_string().contains("content-encoding"), "{event}");
    // The limit is that of what was packed.
    place.post(&pipe.path, &[JSON, gzipped], &gzip(&[b' '; 200_000])).await.problem(413);
    let refused = place.post(&pipe.path, &[JSON, gzipped], b"{}").await;
    assert!(refused.problem(400) == "malformed-encoding" && refused.text.contains("gzip"), "{refused:?}");
    let refused = place.post(&pipe.path, &[JSON, ("content-encoding", "br")], b"\x0b\x01").await;
    assert!(refused.problem(415) == "unsupported-media-type" && refused.text.contains("`br`"), "{refused:?}");
    assert_eq!(refused.header("accept-encoding"), "gzip, deflate");
    // Signatures are over the bytes as they came.
    let path = place.verified("gh", json!({"preset": "github", "secret": "k"})).await;
    let packed = gzip(b"{\"signed\":1}");
    let signature = format!("sha256={}", hex_hmac("k", &packed));
    let accepted =
        place.post(&path, &[JSON, gzipped, ("x-hub-signature-256", &signature)], &packed).await.expect(202);
    let event = place.client.get(&format!("/v1/events/{}", id(&accepted))).await.expect(200);
    assert_eq!(event["payload"], json!({"signed": 1}));
}

/// F8: the door takes what it does not have to read, as it came.
#[tokio::test]
async fn the_door_refuses_nothing_that_no_step_reads() {
    let place = Place::new().await;
    let pipe = place.make(place.pipe("raw")).await;
    let latin = ("content-type", "application/json; charset=iso-8859-1");
    let bodies: [((&str, &str), &[u8]); 8] = [
        (JSON, b"\xef\xbb\xbf{\"a\":1}"),
        (JSON, b""),
        (JSON, br#"{"a":"\ud83d"}"#),
        (JSON, br#"{"a":NaN}"#),
        (JSON, b"{\"a\":"),
        (JSON, b"\xff\xfe{\0}\0"),
        (latin, b"{\"a\":\"\xfc\"}"),
        (FORM, b"\xef\xbb\xbfa=1"),
    ];
    for (at, (content_type, body)) in bodies.iter().enumerate() {
        place.post(&pipe.path, &[*content_type], body).await.expect(202);
        let hit = place.sink.wait_for("/raw", at + 1).await.pop().unwrap();
        assert_eq!((&hit.body[..], hit.header("content-type")), (*body, content_type.1));
    }
}

/// F8: steps read through marks and character sets, and say precisely what they cannot read.
#[tokio::test]
async fn steps_read_what_can_be_read() {
    let place = Place::new().await;
    let steps = json!([{"mapping": {"version": 1, "output": {"a": "$.a"}}}]);
    let pipe = place.make(place.pipe("read").steps(steps)).await;
    let wide: Vec<u8> = "{\"a\":\"ü\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, &[u8], Value); 6] = [
        ("application/json", b"\xef\xbb\xbf{\"a\":1}", json!(1)),
        ("application/json; charset=iso-8859-1", b"{\"a\":\"\xfc\"}", json!("ü")),
        ("application/json; charset=UTF-16", &wide, json!("ü")),
        ("application/json; charset=utf-8", b"{\"a\":\"\xc3\xbc\"}", json!("ü")),
        ("application/x-www-form-urlencoded", b"\xef\xbb\xbfa=1", json!("1")),
        ("application/x-www-form-urlencoded; charset=latin1", b"a=%FC", json!("ü")),
    ];
    for (at, (content_type, body, expected)) in cases.iter().enumerate() {
        place.post(&pipe.path, &[("content-type", content_type)], body).await.expect(202);
        let hit = place.sink.wait_for("/read", at + 1).await.pop().unwrap();
        assert_eq!(hit.json(), json!({"a": expected}), "{content_type}");
    }
    for (body, why) in [
        (&b""[..], "empty"),
        (b"\xef\xbb\xbf", "BOM"),
        (b"{\"a\":\"\xfc\"}", "charset=iso-8859-1"),
        (br#"{"a":NaN}"#, "byte 5"),
        (br#"{"a":"\ud83d"}"#, "surrogate"),
        (b"\x1f\x8b\x08\0", "gzip"),
    ] {
        let accepted = place.post(&pipe.path, &[JSON], body).await.expect(202);
        let (state, reason) = place.outcome(&id(&accepted)).await;
        assert!(state == "failed_by_gateway" && reason.contains(why), "{why}: {state}, {reason}");
    }
}

/// Of the kind of F8: a header in another character set is not lost.
#[tokio::test]
async fn headers_in_latin_1_are_read() {
    let place = Place::new().await;
    let filter = json!([{"filter": {"in_headers": "x-topic", "eq": "Größe"}}]);
    let pipe = place.make(place.pipe("latin").steps(filter)).await;
    for (at, value) in [&b"Gr\xf6\xdfe"[..], "Größe".as_bytes()].iter().enumerate() {
        let head = format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nx-topic: ", pipe.path);
        let request = [head.as_bytes(), value, b"\r\n\r\n{}"].concat();
        assert_eq!(raw::status(&raw::exchange(&place.gateway, request).await), 202);
        place.sink.wait_for("/latin", at + 1).await;
    }
}

/// F9: HubSpot signs the URL with some of its escapes undone.
#[tokio::test]
async fn hubspot_signs_the_decoded_url() {
    let place = Place::new().await;
    place.verified("hs", json!({"preset": "hubspot", "secret": "app"})).await;
    for (query, signed, status) in [
        ("", "", 202),
        ("?e=jo%40x.example", "?e=jo@x.example", 202),
        ("?e=a%20b%26c", "?e=a%20b%26c", 202),
        ("?e=jo%40x.example", "?e=jo%40x.example", 401),
    ] {
        let time = format!("{}000", sign::unix_now());
        let content = format!("POSThttps://hooks.example.com/in/hs{signed}{{}}{time}");
        let signature = STANDARD.encode(sign::hmac_sha256(b"app", &[content.as_bytes()]));
        let headers = [JSON, ("x-hubspot-signature-v3", &signature), ("x-hubspot-request-timestamp", &time)];
        let answer = place.post(&format!("/in/hs{query}"), &headers, b"{}").await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
    }
}

/// F10: the token in the URL of a handshake signs nothing, and the app secret is not taken for it.
#[tokio::test]
async fn a_verify_token_signs_nothing() {
    let place = Place::new().await;
    let fields = json!({"preset": "meta", "secret": "app-secret", "verify_token": "hello"});
    let new = place.verified("new", fields).await;
    // As they were saved before there was a field for it.
    let old = place.verified("old", json!({"preset": "meta", "secrets": ["app-secret", "hello"]})).await;
    for path in [&new, &old] {
        let ask = |token: &str| format!("{path}?hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}");
        let answer = place.send("GET", &ask("hello"), &[], b"").await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "1"), "{path}");
        assert_eq!(place.send("GET", &ask("app-secret"), &[], b"").await.code(403), "bad_verify_token");
        for (secret, status) in [("hello", 401), ("app-secret", 200)] {
            let signature = format!("sha256={}", hex_hmac(secret, b"{}"));
            let answer = place.post(path, &[JSON, ("x-hub-signature-256", &signature)], b"{}").await;
            assert_eq!(answer.status, status, "{path} {secret}: {answer:?}");
        }
    }
    let alone = place.verified("alone", json!({"preset": "meta", "secret": "app-secret"})).await;
    let ask = format!("{alone}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=app-secret");
    let refused = place.send("GET", &ask, &[], b"").await;
    assert!(refused.code(403) == "bad_verify_token" && refused.text.contains("verify_token"), "{refused:?}");
    let shown = place.client.get("/v1/sources/new").await;
    assert!(
        !shown.text.contains("hello") && shown.body["verification"]["verify_token"].is_object(),
        "{shown:?}"
    );
    let twice = json!({"name": "x", "verification": {"preset": "meta", "secret": "a", "verify_token": "a"}});
    let refused = place.client.post("/v1/sources", &twice).await;
    assert_eq!(refused.pointers(), ["/verification/verify_token"], "{refused:?}");
}

/// F14: who looks at headers only needs no JSON.
#[tokio::test]
async fn a_filter_on_headers_reads_no_body() {
    let place = Place::new().await;
    let topic = json!({"in_headers": "x-topic", "eq": "order"});
    let steps = json!([
        {"filter": {"any": [topic, {"path": "$.topic", "eq": "order"}]}},
        {"mapping": {"version": 1, "output": {"topic": {"$in_headers": "x-topic"}}}},
    ]);
    let plain = place.make(place.pipe("xml").steps(json!([{"filter": topic}]))).await;
    let mixed = place.make(place.pipe("mixed").steps(steps)).await;
    let xml = ("content-type", "application/xml");
    place.post(&plain.path, &[xml, ("x-topic", "order")], b"<o/>").await.expect(202);
    assert_eq!(&place.sink.wait_for("/xml", 1).await[0].body[..], b"<o/>");
    let other = place.post(&plain.path, &[xml, ("x-topic", "other")], b"<o/>").await.expect(202);
    let (_, reason) = place.outcome(&id(&other)).await;
    assert!(reason.contains("x-topic is \"other\""), "{reason}");
    place.post(&mixed.path, &[xml, ("x-topic", "order")], b"<o/>").await.expect(202);
    assert_eq!(place.sink.wait_for("/mixed", 1).await[0].json(), json!({"topic": "order"}));
    // Whoever comes to the payload needs one.
    let failed = place.post(&mixed.path, &[xml, ("x-topic", "other")], b"<o/>").await.expect(202);
    let (state, reason) = place.outcome(&id(&failed)).await;
    assert!(state == "failed_by_gateway" && reason.contains("not JSON"), "{state}: {reason}");
}

/// F16: who asks whether somebody is there is told so; that is no event.
#[tokio::test]
async fn probes_are_answered_and_are_no_events() {
    let place = Place::new().await;
    let scheme = json!({"algorithm": "hmac-sha1", "encoding": "base64", "signed": "{body}{url}",
        "signature": {"headers": ["x-trello-webhook"]}});
    let signed =
        json!({"name": "tr", "methods": ["POST", "HEAD"], "verification": {"scheme": scheme, "secret": "k"}});
    place.client.post("/v1/sources", &signed).await.expect(201);
    place.make(place.pipe("open").source("methods", json!(["POST", "HEAD", "OPTIONS"]))).await;
    for name in ["tr", "open"] {
        for (method, status) in [("HEAD", 200), ("OPTIONS", 204)] {
            let answer = place.send(method, &format!("/in/{name}"), &[], b"").await;
            assert_eq!((answer.status, answer.text.as_str()), (status, ""), "{method} {name}");
            assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
        }
    }
    assert_eq!(place.send("HEAD", "/in/nobody", &[], b"").await.status, 404);
    assert!(place.events().await.is_empty());
    assert!(place.client.all("/v1/sources/tr/rejections").await.is_empty());
}

/// F18: a pattern that can match nothing is refused, with a hint.
#[tokio::test]
async fn patterns_that_match_nothing_are_refused() {
    let place = Place::new().await;
    let pipe = place.make(place.pipe("p")).await;
    for (pattern, hint) in [
        ("issue.created,issue.updated", r#"\"issue.created\", \"issue.updated\""#),
        ("a.{b,c}", "braces"),
        ("!a", "exclude"),
        ("/re/", "regular"),
        ("a ", "blanks"),
    ] {
        let change = json!({"event_types": ["*", pattern]});
        let refused = place.client.patch(&format!("/v1/connections/{}", pipe.connection), &change).await;
        assert_eq!(refused.pointers(), ["/event_types/1"], "{pattern}");
        assert!(refused.text.contains(hint), "{pattern}: {}", refused.text);
    }
}

/// F19: a path that gives several values makes one key of all of them.
#[tokio::test]
async fn a_key_of_several_fields() {
    let place = Place::new().await;
    let plan = place.pipe("adyen").source("idempotency", json!({"path": "$['ref','code']"}));
    let pipe = place.make(plan).await;
    for (body, duplicate) in [
        (r#"{"ref":1,"code":"AUTH"}"#, false),
        (r#"{"ref":1,"code":"CAPTURE"}"#, false),
        (r#"{"code":"CAPTURE", "ref":1, "n":2}"#, true),
    ] {
        let answer = place.post(&pipe.path, &[JSON], body.as_bytes()).await.expect(202);
        assert_eq!(answer["duplicate"] == true, duplicate, "{body}");
    }
    place.sink.wait_for("/adyen", 2).await;
}

/// F20: a public key as it is pasted.
#[tokio::test]
async fn public_keys_as_people_paste_them() {
    let place = Place::new().await;
    // Made by OpenSSL for this test.
    let inside = "MCowBQYDK2VwAyEAJZpsrXr3KRcrOw4Bm2LsfZUZRlUeR7aqQKpKlYO0dy8=";
    let scheme = json!({"algorithm": "ed25519", "signature": {"headers": ["x"]}});
    for (at, key) in [
        format!("-----BEGIN PUBLIC KEY-----\\n{inside}\\n-----END PUBLIC KEY-----\\n"),
        format!("-----BEGIN PUBLIC KEY-----\n{inside}\n-----END PUBLIC KEY-----\n"),
        inside.to_owned(),
    ]
    .iter()
    .enumerate()
    {
        place.verified(&format!("ed{at}"), json!({"scheme": scheme, "secret": key})).await;
    }
    let bad = json!({"name": "bad", "verification": {"scheme": scheme, "secret": "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----"}});
    let refused = place.client.post("/v1/sources", &bad).await;
    assert!(refused.status == 422 && refused.text.contains("private key"), "{refused:?}");
}

/// F21: what the provider signed decides what a copy is; whoever sends it again cannot.
#[tokio::test]
async fn the_signed_id_decides() {
    let place = Place::new().await;
    let path = place.verified("st", json!({"preset": "stripe", "secret": "k"})).await;
    let send = async |body: &str, key: &str| {
        let mut headers = sign::stripe("k", sign::unix_now(), body.as_bytes());
        headers.push(("idempotency-key".to_owned(), key.to_owned()));
        let answer = place.post(&path, &sign::borrowed(&headers), body.as_bytes()).await.expect(202);
        answer["duplicate"] == true
    };
    assert!(!send(r#"{"id":"evt_1"}"#, "a").await);
    assert!(send(r#"{"id":"evt_1"}"#, "b").await, "another header makes no other event");
    // Nor can the header of one event swallow another.
    assert!(!send(r#"{"no":"id"}"#, "evt_2").await);
    assert!(!send(r#"{"id":"evt_2"}"#, "c").await, "the provider's id is not the sender's key");
    assert!(send(r#"{"no":"id"}"#, "evt_2").await);
}

/// F22: a provider's own key beside its signature is nobody's business here.
#[tokio::test]
async fn a_foreign_key_beside_a_good_signature() {
    let place = Place::new().await;
    let path = place.verified("gh", json!({"preset": "github", "secret": "k"})).await;
    let signature = format!("sha256={}", hex_hmac("k", b"{}"));
    let signed = [JSON, ("x-hub-signature-256", signature.as_str())];
    let with = |name: &'static str, value: &'static str| [&signed[..], &[(name, value)]].concat();
    place.post(&path, &with("x-api-key", "theirs"), b"{}").await.expect(202);
    place.post(&path, &with("authorization", "Bearer theirs"), b"{}").await.expect(202);
    // One that means to be a key of this gateway must be one.
    place.post(&path, &with("x-api-key", "hm_in_wrong"), b"{}").await.problem(401);
    place.post(&path, &[JSON, ("x-api-key", "theirs")], b"{}").await.problem(401);
    // Where a key is required the foreign one is none, and hides none.
    let made = place.client.post("/v1/sources", &json!({"name": "keyed"})).await.expect(201);
    let bearer = format!("Bearer {}", made["key"]["secret"].as_str().unwrap());
    place.post("/in/keyed", &[JSON, ("x-api-key", "theirs")], b"{}").await.problem(401);
    place
        .post("/in/keyed", &[JSON, ("x-api-key", "theirs"), ("authorization", &bearer)], b"{}")
        .await
        .expect(202);
}

/// F36: a signature over a URL that does not match says which URL it was.
#[tokio::test]
async fn a_refusal_names_the_url() {
    let place = Place::new().await;
    let path = place.verified("tw", json!({"preset": "twilio", "secret": "k"})).await;
    let refused = place.post(&format!("{path}?a=1"), &[FORM, ("x-twilio-signature", "AAAA")], b"A=1").await;
    let url = format!("https://hooks.example.com{path}?a=1");
    assert!(refused.code(403) == "bad_signature" && refused.text.contains(&url), "{refused:?}");
    assert!(refused.text.contains("public_url"), "{refused:?}");
    let path = place.verified("gh", json!({"preset": "github", "secret": "k"})).await;
    let refused = place.post(&path, &[JSON, ("x-hub-signature-256", "sha256=AAAA")], b"{}").await;
    assert!(refused.code(401) == "bad_signature" && !refused.text.contains("https://hooks"), "{refused:?}");
}
