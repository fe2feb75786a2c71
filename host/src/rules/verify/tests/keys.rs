//! Public keys in all the forms people paste them in. The keys are made by OpenSSL for these tests.

use serde_json::Value;
use serde_json::json;

use crate::domain::time::Timestamp;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::tests::headers;
use crate::rules::verify::tests::with_secrets;

fn keys() -> Value {
    serde_json::from_str(include_str!("keys.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// `good`, another code, or why the key is not taken.
fn try_key(algorithm: &str, key: &str, signature: &str) -> String {
    let scheme = json!({"algorithm": algorithm, "encoding": "base64", "signature": {"headers": ["x-sig"]}});
    let prepared = match with_secrets(serde_json::from_value(scheme).unwrap(), &[key]) {
        Ok(prepared) => prepared,
        Err(faults) => return faults.join("; "),
    };
    let (headers, keys) = (headers(&[("x-sig", signature)]), keys());
    let body = text(&keys["body"]).as_bytes();
    let request = SignedRequest { method: "", url: "", path: "", query: "", headers: &headers, body };
    let verified = prepared.verify(&request, Timestamp::default());
    verified.map_or_else(|error| error.code(), |()| "good").to_owned()
}

/// PEM as it is, and what mail, shells and forms make of it.
fn forms(pem: &str) -> Vec<String> {
    let lines: Vec<&str> = pem.lines().collect();
    let inside = lines[1..lines.len() - 1].concat();
    vec![
        pem.to_owned(),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        pem.trim().replace('\n', " "),
        format!("  {pem}\n\n"),
        format!("{}{inside}{}", lines[0], lines[lines.len() - 1]),
        inside.clone(),
        inside.trim_end_matches('=').to_owned(),
    ]
}

#[test]
fn every_form_of_a_key_is_taken() {
    let keys = keys();
    for (algorithm, name) in [("ed25519", "ed25519"), ("ecdsa-p256", "p256"), ("rsa-sha256", "rsa")] {
        let key = &keys[name];
        let mut texts = forms(text(&key["pem"]));
        for other in ["certificate", "pkcs1"] {
            // Without its frame a certificate is not told from a key.
            texts.extend(key[other].as_str().into_iter().flat_map(|pem| forms(pem).into_iter().take(7)));
        }
        for form in texts {
            assert_eq!(try_key(algorithm, &form, text(&key["signature"])), "good", "{algorithm}: {form}");
        }
    }
}

#[test]
fn the_bare_bytes_of_an_ed25519_key() {
    let keys = keys();
    let pem = text(&keys["ed25519"]["pem"]);
    use base64::Engine as _;
    let der = base64::engine::general_purpose::STANDARD.decode(pem.lines().nth(1).unwrap()).unwrap();
    let bare = &der[der.len() - 32..];
    for form in [hex::encode(bare), hex::encode(&der), base64::engine::general_purpose::STANDARD.encode(bare)]
    {
        assert_eq!(try_key("ed25519", &form, text(&keys["ed25519"]["signature"])), "good", "{form}");
    }
}

#[test]
fn an_ecdsa_signature_of_two_numbers() {
    let keys = keys();
    let key = &keys["p256"];
    assert_eq!(try_key("ecdsa-p256", text(&key["pem"]), text(&key["raw_signature"])), "good");
    let other = text(&key["raw_signature"]).replacen(|letter: char| letter.is_ascii_digit(), "x", 1);
    assert_eq!(try_key("ecdsa-p256", text(&key["pem"]), &other), "bad_signature");
}

#[test]
fn another_key_is_named() {
    let keys = keys();
    for (algorithm, key, seen) in [
        ("ecdsa-p256", &keys["p384"]["pem"], "this is an ECDSA key over P-384"),
        ("ed25519", &keys["rsa"]["pem"], "this is an RSA key"),
        ("rsa-sha256", &keys["ed25519"]["pem"], "this is an Ed25519 key"),
        ("rsa-sha256", &keys["p256"]["certificate"], "this is an ECDSA key over P-256"),
        ("ed25519", &keys["ed25519"]["private"], "it is a private key"),
        ("rsa-sha256", &json!("-----BEGIN PUBLIC KEY-----\nMIIB"), "-----END"),
        ("rsa-sha256", &json!("not a key!"), "neither PEM nor base 64"),
        ("rsa-sha256", &json!(""), "neither PEM nor base 64"),
    ] {
        let fault = try_key(algorithm, text(key), "");
        assert!(fault.contains("public key") && fault.contains(seen), "{algorithm}: {fault}");
    }
}
