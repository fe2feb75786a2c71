//! The request beside its body, and the answer to it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookmill_tests::sign;
use serde_json::json;

use super::JSON;
use super::Place;
use super::hex_hmac;
use super::id;

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
