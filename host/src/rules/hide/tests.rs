//! What is left of requests and answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use super::Inbound;
use super::Outbound;
use super::credential;
use crate::domain::config::Source;
use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::Response;
use crate::domain::destination::Destination;
use crate::domain::event::Headers;

const KEY: &str = "hm_in_0123456789abcdef0123456789abcdef0123456789a";

/// As the store has it.
fn source(fields: serde_json::Value) -> Source {
    let mut document = json!({
        "id": "src_00000000000000000000000001", "workspace": "wks_00000000000000000000000001", "name": "s",
        "created_at": "2026-01-01T00:00:00.000Z", "state": "active", "key_required": false,
        "key_header": "x-our-key", "basic": null, "verification": null, "event_type": null,
        "idempotency": null, "methods": ["POST"], "body_bytes_max": null, "response": null,
    });
    document.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(document).unwrap()
}

fn verified(algorithm: &str, secret: &str) -> serde_json::Value {
    let scheme = json!({"algorithm": algorithm, "signature": {"headers": ["X-Proof"]}});
    json!({"verification": {"preset": null, "scheme": scheme, "secrets": [secret]}})
}

fn destination(headers: serde_json::Value, auth: serde_json::Value) -> Destination {
    let document = json!({
        "id": "dst_00000000000000000000000001", "workspace": "wks_00000000000000000000000001", "name": "d",
        "created_at": "2026-01-01T00:00:00.000Z", "state": "active", "url": "https://example.com/",
        "method": "POST", "headers": headers, "auth": auth,
        "signing": {"profile": "standard_webhooks", "secrets": [{"secret": "whsec_c2lnbi1zaWdu", "expires_at": null}]},
        "timeout_ms": 1000, "retry": {"schedule": {"delays": []}, "jitter": 0.0, "retry_on": "standard"},
        "concurrency": 1,
    });
    serde_json::from_value(document).unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    Headers(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[test]
fn lists_are_sorted_or_nothing_is_found_in_them() {
    assert!(credential::sorted());
}

#[test]
fn what_authenticates_everywhere_is_not_kept() {
    let given = headers(&[
        ("content-type", "application/json"),
        ("authorization", "Bearer x"),
        ("cookie", "session=1"),
        ("x-gitlab-token", "whatever"),
        ("x-our-key", "wrong"),
        ("x-event-key", "repo:push"),
        ("i-twilio-idempotency-token", "1"),
    ]);
    let kept = Inbound::of(&source(json!({}))).headers(&given);
    let names: Vec<&str> = kept.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["content-type", "x-event-key", "i-twilio-idempotency-token"]);
}

#[test]
fn the_header_of_a_token_scheme_is_not_kept_and_that_of_a_signature_is() {
    let given = headers(&[("x-proof", "nearly")]);
    let names =
        |algorithm| Inbound::of(&source(verified(algorithm, "s3cret-s3cret"))).headers(&given).0.len();
    assert_eq!((names("token"), names("hmac-sha256")), (0, 1));
}

#[test]
fn keys_and_secrets_in_other_headers_are_taken_out() {
    fn check(fields: serde_json::Value, value: &str, expected: &str) {
        let kept = Inbound::of(&source(fields)).headers(&headers(&[("x-other", value)]));
        assert_eq!(kept.0[0].1, expected);
    }
    check(json!({}), KEY, "[key]");
    check(json!({}), &format!("key={KEY}; {KEY}"), "key=[key]; [key]");
    check(
        json!({}),
        "hm_in_short hm_ hm_other_0123456789abcdef0",
        "hm_in_short hm_ hm_other_0123456789abcdef0",
    );
    check(json!({}), "hm_hm_key_0123456789abcdef", "hm_[key]");
    check(verified("token", "s3cret-s3cret"), "Token s3cret-s3cret", "Token [secret of the source]");
    check(verified("hmac-sha256", "s3cret-s3cret"), "s3cret-s3cret", "[secret of the source]");
    check(verified("ed25519", "public-key"), "public-key", "public-key");
    check(verified("token", "abc"), "abc", "abc");
    let basic = json!({"basic": {"username": "u", "password": "pass-word"}});
    check(basic, "u:pass-word", "u:[secret of the source]");
}

#[test]
fn queries_have_neither_keys_nor_tokens() {
    let hide = Inbound::of(&source(verified("token", "s3cret s3cret")));
    let check = |query: &str, expected: &str| assert_eq!(hide.query(query), expected);
    check("", "");
    check("a=1&b&c=", "a=1&b&c=");
    check(&format!("k={KEY}&a=1"), "k=[key]&a=1");
    check("Access_Token=x&api_key=y&token=", "Access_Token=[hidden]&api_key=[hidden]&token=[hidden]");
    check("q=s3cret+s3cret&r=s3cret%20s3cret", "q=[secret of the source]&r=[secret of the source]");
}

fn answer(body: &str, end: BodyEnd) -> Response {
    let headers = headers(&[("x-echo", body)]);
    Response { status: 200, headers, body: Bytes::copy_from_slice(body.as_bytes()), end }
}

fn kept(destination: &Destination, body: &str, cut: bool) -> (String, String) {
    let end = if cut { BodyEnd::Longer } else { BodyEnd::Whole };
    let kept = Outbound::of(destination).response(answer(body, end));
    (kept.headers.0[0].1.clone(), String::from_utf8(kept.body.to_vec()).unwrap())
}

#[test]
fn credentials_that_come_back_are_taken_out() {
    let check = |headers: serde_json::Value, auth: serde_json::Value, body: &str, expected: &str| {
        let seen = kept(&destination(headers, auth), body, false);
        assert_eq!(seen, (expected.to_owned(), expected.to_owned()));
    };
    let none = || json!({"basic": null, "bearer": null, "header": null});
    let basic =
        json!({"basic": {"username": "us", "password": "pass-word\"1"}, "bearer": null, "header": null});
    let coded = STANDARD.encode("us:pass-word\"1");
    check(json!([]), basic.clone(), &format!("Basic {coded}!"), "Basic [secret basic]!");
    check(json!([]), basic.clone(), coded.trim_end_matches('='), "[secret basic]");
    check(json!([]), basic, r#"{"p":"pass-word\"1"}"#, r#"{"p":"[secret basic]"}"#);
    let bearer = json!({"basic": null, "bearer": "tok-tok-tok", "header": null});
    check(json!([]), bearer, "Bearer tok-tok-tok", "Bearer [secret bearer]");
    let header = json!({"basic": null, "bearer": null, "header": {"name": "x-k", "value": "key-key"}});
    check(json!([]), header, "x-k: key-key", "x-k: [secret header]");
    check(json!([]), none(), "whsec_c2lnbi1zaWdu c2lnbi1zaWdu", "[secret signing] [secret signing]");
    let own = json!([["authorization", "Bearer st-st-st"], ["x-team", "growth"]]);
    check(own, none(), "st-st-st growth", "[secret authorization] growth");
}

#[test]
fn the_beginning_of_one_is_taken_out_where_the_answer_was_cut() {
    let bearer = json!({"basic": null, "bearer": "tok-tok-tok", "header": null});
    let destination = destination(json!([]), bearer);
    assert_eq!(kept(&destination, "got tok-tok-", true).1, "got ");
    assert_eq!(kept(&destination, "got tok-tok-", false).1, "got tok-tok-");
}
