//! Samples of presets and of nobody's scheme are recognised, also old ones and changed ones; a wrong secret finds
//! nothing, and no signature shows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;
use crate::domain::verification::SecretEncoding;
use crate::domain::verification::TimeUnit;
use crate::rules::mac::Keyed;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::presets;
use crate::rules::verify::recognize::Recognition;
use crate::rules::verify::recognize::recognize;

const BODY: &str = r#"{"id": 7, "total": 12.50}"#;
const SECRET: &str = "a shop's secret";
const URL: &str = "https://hooks.example.com/in/src_1?a=1";
/// A minute after the samples with a time in seconds were signed.
const NOW: Timestamp = Timestamp::from_millis(1_700_000_060_000);

fn tag(algorithm: Algorithm, key: &[u8], content: &str) -> Vec<u8> {
    Keyed::new(algorithm, key).unwrap().tag([content.as_bytes()]).as_ref().to_vec()
}

fn sha256(content: &str) -> Vec<u8> {
    tag(Algorithm::HmacSha256, SECRET.as_bytes(), content)
}

fn of(headers: &[(&str, &str)], body: &str, secret: &str) -> Recognition {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers = Headers(headers.iter().map(owned).collect());
    let (method, path, query) = ("POST", "/in/src_1", "a=1");
    let request = SignedRequest { method, url: URL, path, query, headers: &headers, body: body.as_bytes() };
    recognize(&request, &Secret::new(secret), NOW)
}

/// A sample of a preset, as the tests of checking have them.
#[derive(Deserialize)]
struct PresetSample {
    preset: String,
    secret: String,
    headers: Vec<(String, String)>,
    body: String,
    url: String,
}

#[test]
fn every_preset_is_recognised_and_no_other_secret_is() {
    let samples: Vec<PresetSample> = serde_json::from_str(include_str!("../tests/vectors.json")).unwrap();
    let presets = presets();
    for sample in samples {
        let name = &presets.find(&sample.preset).unwrap().name;
        let headers = Headers(sample.headers);
        let query = sample.url.split_once('?').map_or("", |(_, query)| query);
        let (method, path, url, body) = ("POST", "/", sample.url.as_str(), sample.body.as_bytes());
        let request = SignedRequest { method, url, path, query, headers: &headers, body };
        let found = recognize(&request, &Secret::new(sample.secret.as_str()), NOW);
        assert!(found.presets.contains(name), "{}: {}", sample.preset, found.says);
        assert!(!found.says.contains(&sample.secret), "{}", found.says);
        let other = recognize(&request, &Secret::new("another secret"), NOW);
        assert!(other.presets.is_empty() && other.schemes.is_empty(), "{}: {}", sample.preset, other.says);
    }
}

#[test]
fn an_old_sample_is_recognised_and_said_to_be_old() {
    let signed = |at: u64| {
        let signature = hex::encode(sha256(&format!("{at}.{BODY}")));
        of(&[("stripe-signature", &format!("t={at},v1={signature}"))], BODY, SECRET)
    };
    let (fresh, old) = (signed(1_700_000_000), signed(1_600_000_000));
    assert_eq!((&fresh.presets, &old.presets), (&vec!["stripe".to_owned()], &vec!["stripe".to_owned()]));
    assert!(!fresh.says.contains("signed at"), "{}", fresh.says);
    assert!(old.says.contains("signed at 2020-09-13T12:26:40") && old.says.contains("300 s"), "{}", old.says);
}

#[test]
fn presets_are_recognised_however_old() {
    let check = |headers: &[(&str, &str)], secret: &str, expected: &[&str]| {
        let found = of(headers, BODY, secret);
        assert_eq!(found.presets, expected, "{}", found.says);
        assert!(!found.schemes.is_empty() && found.says.contains(expected[0]), "{}", found.says);
    };
    let plain = hex::encode(sha256(BODY));
    check(&[("x-hub-signature-256", &format!("sha256={plain}"))], SECRET, &["github", "meta"]);
    let stripe = hex::encode(sha256(&format!("1700000000.{BODY}")));
    check(&[("stripe-signature", &format!("t=1700000000,v1={stripe},v0=aa"))], SECRET, &["stripe"]);
    let slack = format!("v0={}", hex::encode(sha256(&format!("v0:1700000000:{BODY}"))));
    check(
        &[("x-slack-signature", slack.as_str()), ("x-slack-request-timestamp", "1700000000")],
        SECRET,
        &["slack"],
    );
    check(&[("x-shopify-hmac-sha256", &STANDARD.encode(sha256(BODY)))], SECRET, &["shopify"]);
    check(&[("x-gitlab-token", SECRET)], SECRET, &["gitlab"]);
    let square = STANDARD.encode(sha256(&format!("{URL}{BODY}")));
    check(&[("x-square-hmacsha256-signature", &square)], SECRET, &["square"]);
    let standard = tag(Algorithm::HmacSha256, b"0123456789abcdef", &format!("msg_1.1700000000.{BODY}"));
    let standard = format!("v1,{}", STANDARD.encode(standard));
    let headers = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1700000000"),
        ("webhook-signature", standard.as_str()),
    ];
    let secret = format!("whsec_{}", STANDARD.encode("0123456789abcdef"));
    check(&headers, &secret, &["standard_webhooks", "svix"]);
}

#[test]
fn schemes_of_nobody_are_recognised() {
    let found = of(&[("x-shop-hmac", &STANDARD.encode(sha256(BODY)))], BODY, SECRET);
    assert_eq!((found.presets.len(), found.schemes.len()), (0, 1), "{}", found.says);
    let scheme = &found.schemes[0];
    assert_eq!((scheme.encoding, scheme.signed.as_str()), (Encoding::Base64, "{body}"));
    assert_eq!(scheme.signature.headers, ["x-shop-hmac"]);
    assert!(found.says.contains("HMAC-SHA256 of `{body}` in the header `x-shop-hmac`"), "{}", found.says);

    let sha1 = hex::encode(tag(Algorithm::HmacSha1, SECRET.as_bytes(), BODY));
    let found = of(&[("x-own", &format!("sha1={sha1}"))], BODY, SECRET);
    assert_eq!(
        (found.schemes[0].algorithm, found.schemes[0].signature.prefix.as_str()),
        (Algorithm::HmacSha1, "sha1=")
    );

    // With the time in a header of its own, in milliseconds, and a secret in hexadecimal.
    let tagged = tag(Algorithm::HmacSha512, b"\x01\x02\x03\x04", &format!("1700000000000:{BODY}"));
    let found = of(&[("x-at", "1700000000000"), ("x-own", &hex::encode(tagged))], BODY, "01020304");
    let scheme = &found.schemes[0];
    assert_eq!((&scheme.secret, scheme.signed.as_str()), (&SecretEncoding::Hex, "{timestamp}:{body}"));
    let time = scheme.timestamp.as_ref().unwrap();
    assert_eq!(
        (time.headers.as_slice(), time.unit, time.tolerance_s),
        (&["x-at".to_owned()][..], TimeUnit::Ms, 300)
    );

    // In pairs of other names.
    let tagged = hex::encode(sha256(&format!("1700000000.{BODY}")));
    let found = of(&[("x-own", &format!("ts=1700000000;h1={tagged}"))], BODY, SECRET);
    let pairs = found.schemes[0].signature.pairs.as_ref().unwrap();
    assert_eq!((pairs.signature.as_str(), pairs.timestamp.as_deref()), ("h1", Some("ts")));
    assert_eq!(pairs.separator, ";");

    // As Twitch does it.
    let tagged = hex::encode(sha256(&format!("msg-12026-01-02T03:04:05Z{BODY}")));
    let tagged = format!("sha256={tagged}");
    let headers =
        [("x-message-id", "msg-1"), ("x-message-time", "2026-01-02T03:04:05Z"), ("x-own", tagged.as_str())];
    let scheme = &of(&headers, BODY, SECRET).schemes[0];
    assert_eq!(
        (scheme.signed.as_str(), scheme.id_header.as_deref()),
        ("{id}{timestamp}{body}", Some("x-message-id"))
    );

    // A URL, and a token behind a word.
    let found = of(&[("x-own", &hex::encode(sha256(&format!("{URL}{BODY}"))))], BODY, SECRET);
    assert_eq!(found.schemes[0].signed, "{url}{body}");
    let found = of(&[("x-own", &hex::encode(sha256(&format!("POST/in/src_1{BODY}"))))], BODY, SECRET);
    assert_eq!(found.schemes[0].signed, "{method}{path}{body}");
    assert!(!found.says.contains("vouch"), "{}", found.says);
    let found = of(&[("x-own", &hex::encode(sha256(URL)))], BODY, SECRET);
    assert_eq!(found.schemes[0].signed, "{url}");
    assert!(found.says.contains("does not vouch for the body"), "{}", found.says);
    let signed = hex::encode(sha256(&format!("1700000000POST/in/src_1{BODY}")));
    let found = of(&[("x-at", "1700000000"), ("x-own", &signed)], BODY, SECRET);
    assert_eq!(found.schemes[0].signed, "{timestamp}{method}{path}{body}");
    let found = of(&[("authorization", "Bearer 0123456789")], BODY, "0123456789");
    let scheme = &found.schemes[0];
    assert_eq!((scheme.algorithm, scheme.signature.prefix.as_str()), (Algorithm::Token, "Bearer "));
}

#[test]
fn a_wrong_secret_finds_nothing_and_is_told_so() {
    let signature = hex::encode(sha256(BODY));
    let found = of(&[("x-own", signature.as_str()), ("x-id", "7")], BODY, "another secret");
    assert!(found.presets.is_empty() && found.schemes.is_empty());
    assert!(found.says.contains("`x-own` looks like HMAC-SHA256"), "{}", found.says);
    assert!(!found.says.contains(&signature) && !found.says.contains("another secret "), "{}", found.says);
    let found = of(&[("content-type", "application/json")], BODY, SECRET);
    assert!(found.says.contains("none of its 1 headers looks like a signature"), "{}", found.says);
    assert!(of(&[("x-own", signature.as_str())], BODY, "").schemes.is_empty());
}

#[test]
fn a_changed_body_is_told() {
    let check = |signed: &str, given: &str, how: &str| {
        let found = of(&[("x-own", &hex::encode(sha256(signed)))], given, SECRET);
        assert_eq!(found.schemes.len(), 1, "{}", found.says);
        assert!(found.says.starts_with("the body is not as it was signed"), "{}", found.says);
        assert!(found.says.contains(how), "{}", found.says);
    };
    check("a=1", "a=1\r\n", "without the line end");
    check("a=1\n", "a=1", "with a line end");
    check(r#"{"a":[1,2.0]}"#, "{\n  \"a\": [1, 2.0]\n}", "without blanks");
    check(r#"{"a": [1, 2.0]}"#, r#"{"a":[1,2.0]}"#, "with a blank after");
}

#[test]
fn what_looks_like_much_is_bounded() {
    let names: Vec<String> = (0..200).map(|at| format!("x-{at}-id")).collect();
    let signature = hex::encode(sha256("something else"));
    let headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), signature.as_str())).collect();
    let times =
        [("x-at", "1700000000"), ("x-then", "1700000001"), ("a-id", "1"), ("b-id", "2"), ("c-id", "3")];
    let secret = STANDARD.encode("0123456789abcdef");
    let found = of(&[headers.as_slice(), &times].concat(), r#"{"a": 1,"b": 2}"#, &secret);
    assert!(found.schemes.is_empty());
    let tries = found.says.split_once("none of ").unwrap().1.split(' ').next().unwrap();
    assert!(tries.parse::<usize>().unwrap() <= 2000, "{}", found.says);
}
