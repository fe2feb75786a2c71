//! Schemes of one's own: every template word, every encoding, every fault.

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Scheme;
use crate::rules::mac::Keyed;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::tests::headers;
use crate::rules::verify::tests::with_secrets;

fn scheme(document: Value) -> Scheme {
    serde_json::from_value(document).unwrap()
}

/// The code a request gets whose signature is over `content`.
#[track_caller]
fn check(signed: &str, content: &str, expected: &str) {
    let scheme = scheme(json!({
        "algorithm": "hmac-sha256", "signed": signed, "signature": {"headers": ["x-sig"]},
        "timestamp": {"headers": ["x-at"]}, "id_header": "x-id",
    }));
    let tag = Keyed::new(Algorithm::HmacSha256, b"k").unwrap().tag([content.as_bytes()]);
    let headers = headers(&[
        ("x-sig", hex::encode(tag).as_str()),
        ("x-at", "1000"),
        ("x-id", "msg"),
        ("x-other", "o"),
        ("content-type", "application/x-www-form-urlencoded"),
    ]);
    let request = SignedRequest {
        method: "PUT",
        url: "https://e.x/p?q=1",
        path: "/p",
        query: "q=1",
        headers: &headers,
        body: b"b=2&a=1&b=1&a=1",
    };
    let prepared = with_secrets(scheme, &["k"]).unwrap();
    let seen = prepared.verify(&request, Timestamp::from_millis(1_000_000));
    assert_eq!(seen.map_or_else(|error| error.code(), |()| "good"), expected, "{signed}");
}

#[test]
fn every_word_of_a_template() {
    check("{method}|{url}|{path}|{query}", "PUT|https://e.x/p?q=1|/p|q=1", "good");
    check("{timestamp}.{id}.{body}", "1000.msg.b=2&a=1&b=1&a=1", "good");
    check("{header:X-Other}{header:x-none}!", "o!", "good");
    check("{sorted_form}", "a1b1b2", "good");
    check("{sorted_form}{body_sha256_hex}", &format!("a1b1b2{}", sha256_hex(b"b=2&a=1&b=1&a=1")), "good");
    check("no words", "no words", "good");
    check("{body}", "b=2&a=1&b=1&a=2", "bad_signature");
}

fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

#[derive(Deserialize)]
struct Rsa {
    public_key: String,
    signature: String,
    body: String,
}

/// Made by OpenSSL.
#[test]
fn rsa() {
    let rsa: Rsa = serde_json::from_str(include_str!("rsa.json")).unwrap();
    let scheme = scheme(json!({
        "algorithm": "rsa-sha256", "encoding": "base64", "signature": {"headers": ["x-sig"]},
    }));
    let prepared = with_secrets(scheme, &[&rsa.public_key]).unwrap();
    let headers = headers(&[("x-sig", &rsa.signature)]);
    let code = |body: &str| {
        let request = SignedRequest {
            method: "",
            url: "",
            path: "",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        };
        prepared.verify(&request, Timestamp::default()).map_or_else(|error| error.code(), |()| "good")
    };
    assert_eq!((code(&rsa.body), code("{}")), ("good", "bad_signature"));
}

#[track_caller]
fn faulty(document: Value, secrets: &[&str], parts: &[&str]) {
    let faults = with_secrets(scheme(document), secrets).unwrap_err();
    assert_eq!(faults.len(), parts.len(), "{faults:?}");
    for (fault, part) in faults.iter().zip(parts) {
        assert!(fault.contains(part), "{fault} says nothing of {part}");
        assert!(!fault.contains("hunter2"), "{fault} tells the secret");
    }
}

#[test]
fn all_faults_of_a_scheme_at_once() {
    let place = json!({"headers": ["x-sig"]});
    faulty(
        json!({"algorithm": "hmac-sha256", "signed": "{bdy}", "signature": {"headers": []}}),
        &[],
        &["{bdy}", "no header", "at least one secret"],
    );
    faulty(
        json!({"algorithm": "hmac-sha256", "signed": "{timestamp}.{id}", "signature": place}),
        &["k"],
        &["where the timestamp is", "no id_header"],
    );
    faulty(
        json!({"algorithm": "hmac-sha256", "signature": place, "timestamp": {"body_path": "$.a.b"}}),
        &["k"],
        &["not a top-level path"],
    );
    faulty(
        json!({"algorithm": "hmac-sha256", "signature": place, "timestamp": {}}),
        &["k"],
        &["no header, pair or body_path"],
    );
    faulty(
        json!({"algorithm": "hmac-sha256", "signature": {"headers": ["x"], "separator": ""}}),
        &["k"],
        &["separator"],
    );
    faulty(
        json!({"algorithm": "hmac-sha256", "signed": "{body", "signature": place}),
        &["k"],
        &["without `}`"],
    );
    faulty(json!({"algorithm": "token", "signature": place}), &[""], &["empty"]);
    faulty(json!({"algorithm": "hmac-sha256", "signature": place}), &["k", ""], &["empty"]);
    faulty(
        json!({"algorithm": "hmac-sha256", "secret": "hex", "signature": place}),
        &["hunter2"],
        &["hexadecimal"],
    );
    faulty(
        json!({"algorithm": "hmac-sha256", "secret": "base64", "signature": place}),
        &["hunter2!"],
        &["base 64"],
    );
    for algorithm in ["ed25519", "ecdsa-p256", "rsa-sha256"] {
        faulty(json!({"algorithm": algorithm, "signature": place}), &["hunter2"], &["public key"]);
    }
}

#[test]
fn several_secrets_and_many_signatures() {
    let scheme = scheme(json!({
        "algorithm": "hmac-sha256", "encoding": "base64url", "signature": {"headers": ["x-sig"], "separator": " "},
    }));
    let tag = Keyed::new(Algorithm::HmacSha256, b"second").unwrap().tag([&b"body"[..]]);
    use base64::Engine as _;
    let good = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(tag);
    let prepared = with_secrets(scheme, &["first", "second"]).unwrap();
    let code = |value: String| {
        let headers = headers(&[("x-sig", value)]);
        let request =
            SignedRequest { method: "", url: "", path: "", query: "", headers: &headers, body: b"body" };
        prepared.verify(&request, Timestamp::default()).map_or_else(|error| error.code(), |()| "good")
    };
    assert_eq!(code(format!("AAAA {good}")), "good");
    assert_eq!(code(format!("{}{good}", "AAAA ".repeat(15))), "good");
    assert_eq!(code(format!("{}{good}", "AAAA ".repeat(16))), "bad_signature", "only so many are tried");
    assert_eq!(code("A".repeat(100_000)), "bad_signature");
    assert_eq!(code("é".into()), "bad_signature");
}
