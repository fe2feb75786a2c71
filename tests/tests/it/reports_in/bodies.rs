//! What is read of bodies and headers, and when.

use hookmill_tests::raw;
use serde_json::Value;
use serde_json::json;

use super::FORM;
use super::JSON;
use super::Place;
use super::gzip;
use super::hex_hmac;
use super::id;

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
