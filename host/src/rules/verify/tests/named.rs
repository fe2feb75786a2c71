//! Providers one by one: their own examples, and what must not pass.

use base64::Engine as _;

use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Verification;
use crate::rules::mac::Keyed;
use crate::rules::verify::PreparedVerification;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::presets;

fn prepared(preset: &str, secrets: &[&str]) -> PreparedVerification {
    let scheme = presets().find(preset).unwrap().scheme.clone();
    let secrets = secrets.iter().map(|secret| StoredSecret(Secret::new(*secret))).collect();
    PreparedVerification::prepare(&Verification {
        preset: Some(preset.into()),
        scheme,
        secrets,
        verify_token: None,
    })
    .unwrap()
}

#[track_caller]
fn check(preset: &str, secret: &str, headers: &[(&str, &str)], body: &str, now_s: u64, expected: &str) {
    let headers =
        Headers(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    let request = SignedRequest {
        method: "POST",
        url: "",
        path: "/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    };
    let answer = prepared(
        preset,
        &["not this one AAAA", secret][usize::from(preset.contains("webhooks") || preset == "svix")..],
    )
    .verify(&request, Timestamp::from_millis(now_s * 1000));
    assert_eq!(answer.map_or_else(|error| error.code(), |()| "good"), expected);
}

const GITHUB: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const GITHUB_SECRET: &str = "It's a Secret to Everybody";

#[test]
fn github() {
    let header = "x-hub-signature-256";
    check("github", GITHUB_SECRET, &[(header, GITHUB)], "Hello, World!", 0, "good");
    check(
        "github",
        GITHUB_SECRET,
        &[(header, &GITHUB.to_uppercase().replace("SHA", "sha"))],
        "Hello, World!",
        0,
        "good",
    );
    check("github", GITHUB_SECRET, &[(header, GITHUB)], "Hello, World?", 0, "bad_signature");
    check("github", "another", &[(header, GITHUB)], "Hello, World!", 0, "bad_signature");
    check("github", GITHUB_SECRET, &[(header, "sha1=757107")], "Hello, World!", 0, "malformed_signature");
    check("github", GITHUB_SECRET, &[(header, "sha256=")], "Hello, World!", 0, "bad_signature");
    check("github", GITHUB_SECRET, &[(header, "sha256=zz")], "Hello, World!", 0, "bad_signature");
    check("github", GITHUB_SECRET, &[], "Hello, World!", 0, "missing_signature");
}

#[test]
fn standard_webhooks() {
    let secret = "whsec_plJ3nmyCDGBKInavdOK15jsl";
    let body = r#"{"event_type":"ping","data":{"success":true}}"#;
    let signature = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=";
    let two = format!("v1,AAAA {signature} v1a,zzzz");
    for prefix in ["webhook", "svix"] {
        let names = [format!("{prefix}-id"), format!("{prefix}-timestamp"), format!("{prefix}-signature")];
        let headers = |signature, timestamp| {
            [
                (names[0].as_str(), "msg_loFOjxBNrRLzqYUf"),
                (names[1].as_str(), timestamp),
                (names[2].as_str(), signature),
            ]
        };
        for preset in ["standard_webhooks", "svix"] {
            let at = 1_731_705_121;
            check(preset, secret, &headers(signature, "1731705121"), body, at, "good");
            check(preset, secret, &headers(&two, "1731705121"), body, at + 300, "good");
            check(
                preset,
                secret,
                &headers(signature, "1731705121"),
                body,
                at + 301,
                "timestamp_out_of_tolerance",
            );
            check(
                preset,
                secret,
                &headers(signature, "1731705121"),
                body,
                at - 301,
                "timestamp_out_of_tolerance",
            );
            check(preset, secret, &headers(signature, "1731705122"), body, at, "bad_signature");
            check(preset, secret, &headers(signature, "now"), body, at, "missing_timestamp");
            check(preset, secret, &headers(signature, "99999999999999999999"), body, at, "missing_timestamp");
            check(preset, secret, &headers(signature, "1731705121")[1..], body, at, "missing_id");
        }
    }
}

#[test]
fn slack() {
    // The example of Slack's own page on verifying requests.
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let secret = "8f742231b10e8888abcd99yyyzzz85a5";
    let headers = [("x-slack-signature", signature), ("x-slack-request-timestamp", "1531420618")];
    check("slack", secret, &headers, body, 1_531_420_618, "good");
    check("slack", secret, &headers, body, 1_531_420_618 + 600, "timestamp_out_of_tolerance");
    check("slack", secret, &headers[..1], body, 1_531_420_618, "missing_timestamp");
}

#[test]
fn stripe_and_shopify() {
    let keyed = Keyed::new(Algorithm::HmacSha256, b"whsec_test").unwrap();
    let signature = hex::encode(keyed.tag([&b"1000.{}"[..]]));
    let header = format!("t=1000,v1=00,v1={signature},v0=11");
    check("stripe", "whsec_test", &[("stripe-signature", &header)], "{}", 1000, "good");
    check(
        "stripe",
        "whsec_test",
        &[("stripe-signature", &header.replace("t=", "x="))],
        "{}",
        1000,
        "missing_timestamp",
    );
    check("stripe", "whsec_test", &[("stripe-signature", "t=1000")], "{}", 1000, "malformed_signature");
    let coded = base64::engine::general_purpose::STANDARD.encode(keyed.tag([&b"{}"[..]]));
    check("shopify", "whsec_test", &[("x-shopify-hmac-sha256", &coded)], "{}", 0, "good");
    check(
        "shopify",
        "whsec_test",
        &[("x-shopify-hmac-sha256", coded.trim_end_matches('='))],
        "{}",
        0,
        "good",
    );
    check("shopify", "whsec_test", &[("x-shopify-hmac-sha256", "AAAA")], "{}", 0, "bad_signature");
}

#[test]
fn tokens() {
    check("gitlab", "sesame", &[("x-gitlab-token", "sesame")], "", 0, "good");
    check("gitlab", "sesame", &[("x-gitlab-token", "sesam")], "", 0, "bad_signature");
}
