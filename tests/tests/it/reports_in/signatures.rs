//! What proves who sent it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookmill_tests::sign;
use serde_json::json;

use super::FORM;
use super::JSON;
use super::Place;
use super::hex_hmac;

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
