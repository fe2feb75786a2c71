//! Every provider's question, and what must not be answered.

use crate::domain::event::Headers;
use crate::rules::challenge::ChallengeAnswer;
use crate::rules::challenge::Keys;
use crate::rules::challenge::answer;
use crate::rules::verify::Challenge;
use crate::rules::verify::SignedRequest;

#[track_caller]
fn check(challenge: Challenge, method: &str, query: &str, body: &str, expected: Option<&str>) {
    let headers = Headers::default();
    let request =
        SignedRequest { method, url: "", path: "/", query, headers: &headers, body: body.as_bytes() };
    let keys = Keys { secrets: &["s3cret", "older"], verify_tokens: &["hello", "older hello"] };
    let reply = match answer(challenge, &request, keys) {
        Some(ChallengeAnswer::ChallengeReply(reply)) => Some(reply.body),
        Some(ChallengeAnswer::Refused(_)) => Some("refused".to_owned()),
        None => None,
    };
    assert_eq!(reply.as_deref(), expected, "{query}{body}");
}

#[test]
fn slack() {
    let check = |body: &str, expected| check(Challenge::SlackUrlVerification, "POST", "", body, expected);
    // The example of Slack's documentation.
    let token = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P";
    check(
        &format!(r#"{{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"{token}","type":"url_verification"}}"#),
        Some(token),
    );
    check(r#"{"type":"event_callback","challenge":"abc"}"#, None);
    check(r#"{"type":"url_verification"}"#, None);
    check(r#"{"type":"url_verification","challenge":"<script>"}"#, None);
    check(r#"{"type":"url_verification","challenge":""}"#, None);
    check("not json", None);
    let long = format!(r#"{{"type":"url_verification","challenge":"abc","more":"{}"}}"#, "x".repeat(4096));
    check(&long, None);
}

/// The expected values are from Python's `hmac`.
#[test]
fn zoom() {
    let check = |body: &str, expected| check(Challenge::ZoomUrlValidation, "POST", "", body, expected);
    check(
        r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}"#,
        Some(
            r#"{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"f54f2d5fee8f181aab8371bada7fed9bb675eae464f18ed4fb91715244b58ef4"}"#,
        ),
    );
    check(r#"{"payload":{"plainToken":"abc"},"event":"recording.completed"}"#, None);
    // The content of a signature: to answer would be to sign somebody else's event.
    check(r#"{"payload":{"plainToken":"v0:1700000000:{}"},"event":"endpoint.url_validation"}"#, None);
}

#[test]
fn meta() {
    let check =
        |method, query: &str, expected| check(Challenge::MetaHubChallenge, method, query, "", expected);
    let good = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=";
    check("GET", &format!("{good}hello"), Some("1158201444"));
    check("GET", &format!("{good}older%20hello"), Some("1158201444"));
    check("GET", &format!("{good}wrong"), Some("refused"));
    check("GET", good, Some("refused"));
    // What signs has no place in a URL.
    check("GET", &format!("{good}s3cret"), Some("refused"));
    check("POST", &format!("{good}hello"), None);
    check("GET", "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=hello", None);
    check("GET", "hub.mode=subscribe&hub.challenge=%3Cb%3E&hub.verify_token=hello", Some("refused"));
    check("GET", "hub.mode=subscribe&hub.verify_token=hello", Some("refused"));
    check("GET", "", None);
}

#[test]
fn x() {
    let check = |method, query: &str, expected| check(Challenge::XCrc, method, query, "", expected);
    check(
        "GET",
        "crc_token=challenge_string",
        Some(r#"{"response_token":"sha256=nvqHBp8Arm4x8J8HIpXYCDu6hISdDhOxFQN6VRpCUp0="}"#),
    );
    check("GET", "crc_token=%7B%22for_user_id%22%3A%221%22%7D", None);
    check("GET", "nonce=1", None);
    check("POST", "crc_token=challenge_string", None);
}

#[test]
fn discord() {
    let check = |body: &str, expected| check(Challenge::DiscordPing, "POST", "", body, expected);
    check(r#"{"type":1,"id":"1"}"#, Some(r#"{"type":1}"#));
    check(r#"{"type":2}"#, None);
    // An event of an app's webhook, which must not be lost.
    check(r#"{"version":1,"application_id":"1","type":1,"event":{"type":"ENTITLEMENT_CREATE"}}"#, None);
    check("[]", None);
}
