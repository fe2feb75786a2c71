//! Every kind of event that GitHub has, and the sentences of the usual ones.

use super::*;
use hookmill_plugin_sdk::{serde_json, testing};

/// One event of each kind, cut down to the members that name things: `{kind, payload}` a line.
const KINDS: &str = include_str!("../tests/kinds.ndjson");

#[test]
fn examples() {
    testing::run_examples::<transform>();
}

#[test]
fn every_kind_becomes_a_sentence() {
    let mut kinds = 0;
    for line in KINDS.lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        let kind = case["kind"].as_str().unwrap().to_string();
        let event = testing::event(case["payload"].take()).header("x-github-event", kind.as_str());
        let message: Value = testing::run::<transform>(event).expect_forward().json();
        let sentence = message["text"].as_str().unwrap();
        assert!(sentence.starts_with('*') && sentence.len() > 10, "{kind}: {sentence}");
        assert_eq!(message["blocks"][0]["text"]["text"], sentence, "{kind}");
        kinds += 1;
    }
    assert_eq!(kinds, 58);
}

/// As GitHub sends it unless told otherwise.
#[test]
fn an_event_in_a_form_is_the_same_sentence() {
    let body = json!({ "action": "opened", "sender": { "login": "octo cat" }, "issue": { "number": 7, "title": "ü & + 1" } });
    let escaped: String = body.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let form = testing::event(format!("payload={escaped}").as_str());
    let form = form.content_type("application/x-www-form-urlencoded").event_type("issues");
    let message: Value = testing::run::<transform>(form).expect_forward().json();
    assert_eq!(message["text"], "*octo cat* opened issue #7 ü &amp; + 1");
}

#[test]
fn sentences() {
    let check = |kind: &str, body: Value, expected: &str| {
        let event = testing::event(body).event_type(kind);
        let message: Value = testing::run::<transform>(event).expect_forward().json();
        assert_eq!(message["text"], expected);
    };
    let octocat = json!({ "login": "octocat" });
    let merged = json!({ "number": 7, "title": "a < b", "html_url": "https://x/7", "merged": true });
    check(
        "pull_request",
        json!({ "action": "closed", "sender": octocat, "pull_request": merged }),
        "*octocat* merged pull request <https://x/7|#7 a &lt; b>",
    );
    check("create", json!({ "ref_type": "tag", "ref": "v1", "sender": octocat }), "*octocat* created tag v1");
    check("brand_new_kind", json!({ "sender": octocat }), "*octocat* triggered brand new kind");
    check(
        "push",
        json!({ "ref": "refs/heads/x", "deleted": true, "pusher": { "name": "o" } }),
        "*o* deleted `x`",
    );
    check("ping", json!({}), "*GitHub* triggered ping");
}

#[test]
fn what_is_not_told() {
    let bot = testing::event(json!({ "sender": { "type": "Bot", "login": "b[bot]" } })).event_type("push");
    testing::run::<transform>(bot).config(json!({ "skip_bots": true })).expect_drop("b[bot] is a bot");
    let star = testing::event(json!({})).event_type("star");
    testing::run::<transform>(star)
        .config(json!({ "kinds": ["push"] }))
        .expect_drop("star is not among the kinds to tell of");
    let unnamed = testing::event(json!({}));
    testing::run::<transform>(unnamed)
        .expect_error("neither a header x-github-event nor a type says what kind of event this is");
    let text = testing::event("payload=%7B%7D").event_type("push");
    testing::run::<transform>(text).expect_error("*");
    let never = testing::event(json!({}));
    testing::run::<transform>(never)
        .config(json!({ "kind": ["push"] }))
        .expect_bad_config("unknown setting `kind`: did you mean `kinds`?");
}
