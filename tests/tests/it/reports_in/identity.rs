//! By what an event is known: keys, and ids that are signed.

use hookmill_tests::sign;
use serde_json::Value;
use serde_json::json;

use super::JSON;
use super::Place;

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
