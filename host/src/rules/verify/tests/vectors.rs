//! Every preset against `vectors.json`: signatures by Python's `hmac` and by OpenSSL, and Twilio's
//! own example.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::Deserialize;

use crate::domain::event::Headers;
use crate::domain::time::Timestamp;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::presets;
use crate::rules::verify::tests::headers;
use crate::rules::verify::tests::with_secrets;

#[derive(Clone, Deserialize)]
struct Vector {
    preset: String,
    secret: String,
    headers: Vec<(String, String)>,
    body: String,
    url: String,
    now_s: u64,
    covers_body: bool,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

impl Vector {
    fn code(&self) -> &'static str {
        let preset = presets();
        let scheme = preset.find(&self.preset).unwrap().scheme.clone();
        let verification = with_secrets(scheme, &[&self.secret]).unwrap();
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let headers: Headers = headers(&self.headers);
        let request = SignedRequest {
            method: "POST",
            url: &self.url,
            path: "/",
            query,
            headers: &headers,
            body: self.body.as_bytes(),
        };
        let now = Timestamp::from_millis(self.now_s * 1000);
        verification.verify(&request, now).map_or_else(|error| error.code(), |()| "good")
    }
}

#[test]
fn every_preset_accepts_its_vector() {
    let mut seen = BTreeSet::new();
    for vector in vectors() {
        assert_eq!(vector.code(), "good", "{}", vector.preset);
        seen.insert(vector.preset);
    }
    for name in presets().names() {
        assert!(seen.contains(name), "{name} has no vector");
    }
}

#[test]
fn another_body_is_refused() {
    for vector in vectors().into_iter().filter(|vector| vector.covers_body) {
        let body = vector.body.replacen('1', "2", 1);
        assert_eq!(Vector { body, ..vector.clone() }.code(), "bad_signature", "{}", vector.preset);
        let body = format!("{} ", vector.body);
        assert_ne!(Vector { body, ..vector.clone() }.code(), "good", "{}", vector.preset);
    }
}

#[test]
fn another_secret_is_refused() {
    for vector in vectors() {
        // Not in a prefix, and a character that every form of a secret may have.
        let at = vector.secret.len() * 2 / 3;
        let old = vector.secret.as_bytes()[at];
        let new = if old == b'4' { "5" } else { "4" };
        let mut secret = vector.secret.clone();
        secret.replace_range(at..=at, new);
        let preset = presets();
        let scheme = preset.find(&vector.preset).unwrap().scheme.clone();
        // A public key that is no point of its curve is refused when it is prepared.
        if with_secrets(scheme, &[&secret]).is_ok() {
            assert_eq!(Vector { secret, ..vector.clone() }.code(), "bad_signature", "{}", vector.preset);
        }
    }
}

#[test]
fn every_signature_is_needed() {
    for vector in vectors() {
        let without = Vector { headers: Vec::new(), ..vector.clone() };
        assert_eq!(without.code(), "missing_signature", "{}", vector.preset);
        let empty = vector.headers.iter().map(|(name, _)| (name.clone(), String::new())).collect();
        let code = Vector { headers: empty, ..vector.clone() }.code();
        assert!(!["good", "missing_signature"].contains(&code), "{}: {code}", vector.preset);
    }
}

#[test]
fn an_old_request_is_refused() {
    for vector in vectors() {
        let preset = presets();
        let Some(place) = &preset.find(&vector.preset).unwrap().scheme.timestamp else { continue };
        let code = |now_s| Vector { now_s, ..vector.clone() }.code();
        let tolerance = place.tolerance_s;
        for (now_s, expected) in [
            (vector.now_s + tolerance, "good"),
            (vector.now_s - tolerance, "good"),
            (vector.now_s + tolerance + 1, "timestamp_out_of_tolerance"),
            (vector.now_s - tolerance - 1, "timestamp_out_of_tolerance"),
        ] {
            assert_eq!(code(now_s), expected, "{} at {now_s}", vector.preset);
        }
    }
}

#[test]
fn a_body_under_a_signed_url_must_be_vouched_for() {
    let form = vectors().into_iter().find(|vector| vector.preset == "twilio").unwrap();
    let as_type = |media_type: &str, body: &str| {
        let mut changed = Vector { body: body.into(), ..form.clone() };
        changed.headers[0].1 = media_type.into();
        changed.code()
    };
    assert_eq!(as_type("application/json", &form.body), "missing_body_digest");
    assert_eq!(as_type("application/json", "{}"), "missing_body_digest");
    assert_eq!(as_type("application/x-www-form-urlencoded", ""), "bad_signature");
    // The order of the fields on the wire does not count.
    let mut fields: Vec<&str> = form.body.split('&').collect();
    fields.reverse();
    assert_eq!(as_type("Application/X-WWW-Form-Urlencoded", &fields.join("&")), "good");
}

/// Text in the alphabets that signatures, pairs and times are written in.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[tv01hs=,;. a-f0-9+/_-]{0,120}",
        "(sha256=|v0=|v1,|t=)[0-9a-f]{0,140}",
        "[0-9]{0,25}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_made_up_is_accepted(
        values in prop::collection::vec(any_value(), 4), body in prop::collection::vec(any::<char>(), 0..60),
    ) {
        let body: String = body.into_iter().collect();
        for vector in vectors().into_iter().filter(|vector| vector.covers_body) {
            let name = |at: usize| vector.headers.get(at).map_or("x-none", |(name, _)| name).to_owned();
            let headers = values.iter().enumerate().map(|(at, value)| (name(at), value.clone())).collect();
            let made_up = Vector { headers, body: body.clone(), ..vector.clone() };
            prop_assert_ne!(made_up.code(), "good", "{}", vector.preset);
        }
    }
}
