//! One function per provider's question.
//!
//! Zoom and X want a token back with its HMAC, made with the key their events are signed with.
//! Whoever could choose that token freely could have any event signed here. So a token may only
//! consist of what tokens consist of, which no event does, and nothing is echoed but such tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::domain::verification::Algorithm;
use crate::rules::mac::Keyed;
use crate::rules::mac::Tag;
use crate::rules::verify::Challenge;
use crate::rules::verify::SignedRequest;

/// Bytes of a body that may be a question; longer ones are events.
const BODY_BYTES_MAX: usize = 4096;
/// Characters of a token.
const TOKEN_CHARS_MAX: usize = 256;

/// What to answer instead of taking an event in; the status is 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChallengeReply {
    /// The media type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// What a source answers questions with.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The secrets that sign, newest first.
    pub secrets: &'a [&'a str],
    /// What Meta repeats in the URL; see [`part`](super::part).
    pub verify_tokens: &'a [&'a str],
}

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChallengeAnswer {
    /// It is answered.
    ChallengeReply(ChallengeReply),
    /// It is a question, and not from whom it should be from; why, in words.
    Refused(&'static str),
}

/// What becomes of the request if it is the question that the provider asks; `None`: it is an event.
///
/// Questions with a body are signed as events are, so `request` must have been verified first.
/// Those of Meta and X are GET requests without a signature.
pub fn answer(challenge: Challenge, request: &SignedRequest<'_>, keys: Keys<'_>) -> Option<ChallengeAnswer> {
    match challenge {
        Challenge::SlackUrlVerification => slack(request).map(ChallengeAnswer::ChallengeReply),
        Challenge::ZoomUrlValidation => zoom(request, keys.secrets).map(ChallengeAnswer::ChallengeReply),
        Challenge::MetaHubChallenge => meta(request, keys.verify_tokens),
        Challenge::XCrc => x(request, keys.secrets).map(ChallengeAnswer::ChallengeReply),
        Challenge::DiscordPing => discord(request).map(ChallengeAnswer::ChallengeReply),
    }
}

fn text(body: &str) -> ChallengeReply {
    ChallengeReply { content_type: "text/plain; charset=utf-8", body: body.to_owned() }
}

fn json(body: &serde_json::Value) -> ChallengeReply {
    ChallengeReply { content_type: "application/json", body: body.to_string() }
}

/// A token as providers make them: letters, digits and what base 64 adds.
fn token(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
    let good = (1..=TOKEN_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain);
    good.then_some(text)
}

fn question<'a, T: Deserialize<'a>>(request: &SignedRequest<'a>) -> Option<T> {
    let short = request.body.len() <= BODY_BYTES_MAX;
    let body = request.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(request.body);
    short.then(|| serde_json::from_slice(body).ok()).flatten()
}

fn parameter(request: &SignedRequest<'_>, name: &str) -> Option<String> {
    let mut parameters = url::form_urlencoded::parse(request.query.as_bytes());
    parameters.find(|(have, _)| have == name).map(|(_, value)| value.into_owned())
}

/// The newest secret's HMAC-SHA256 of a token.
fn signed(secrets: &[&str], token: &str) -> Option<Tag> {
    let keyed = Keyed::new(Algorithm::HmacSha256, secrets.first()?.as_bytes())?;
    Some(keyed.tag([token.as_bytes()]))
}

fn slack(request: &SignedRequest<'_>) -> Option<ChallengeReply> {
    #[derive(Deserialize)]
    struct Question {
        r#type: String,
        challenge: String,
    }
    let question: Question = question(request)?;
    (question.r#type == "url_verification").then(|| token(&question.challenge).map(text)).flatten()
}

fn zoom(request: &SignedRequest<'_>, secrets: &[&str]) -> Option<ChallengeReply> {
    #[derive(Deserialize)]
    struct Question {
        event: String,
        payload: Payload,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        plain_token: String,
    }
    let question: Question = question(request)?;
    if question.event != "endpoint.url_validation" {
        return None;
    }
    let plain = token(&question.payload.plain_token)?;
    Some(json(&json!({"plainToken": plain, "encryptedToken": hex::encode(signed(secrets, plain)?)})))
}

fn meta(request: &SignedRequest<'_>, tokens: &[&str]) -> Option<ChallengeAnswer> {
    if request.method != "GET" || parameter(request, "hub.mode")? != "subscribe" {
        return None;
    }
    let given = parameter(request, "hub.verify_token").unwrap_or_default();
    let known = |good, token: &&str| good | bool::from(token.as_bytes().ct_eq(given.as_bytes()));
    let good = !given.is_empty() && tokens.iter().fold(false, known);
    let challenge = parameter(request, "hub.challenge").unwrap_or_default();
    Some(match (good, token(&challenge)) {
        (true, Some(challenge)) => ChallengeAnswer::ChallengeReply(text(challenge)),
        (true, None) => ChallengeAnswer::Refused("`hub.challenge` is missing, or no token"),
        (false, _) if tokens.is_empty() => ChallengeAnswer::Refused(
            "this source has no verify token: set `verify_token` in its verification to the one you gave Meta; the app secret is none",
        ),
        (false, _) => ChallengeAnswer::Refused("`hub.verify_token` is not the source's `verify_token`"),
    })
}

fn x(request: &SignedRequest<'_>, secrets: &[&str]) -> Option<ChallengeReply> {
    if request.method != "GET" {
        return None;
    }
    let asked = parameter(request, "crc_token")?;
    let signature = STANDARD.encode(signed(secrets, token(&asked)?)?);
    Some(json(&json!({"response_token": format!("sha256={signature}")})))
}

fn discord(request: &SignedRequest<'_>) -> Option<ChallengeReply> {
    #[derive(Deserialize)]
    struct Question {
        r#type: u32,
        /// Webhook events, which are no interactions, are of type 1 as well, and have this.
        event: Option<serde::de::IgnoredAny>,
    }
    let question: Question = question(request)?;
    (question.r#type == 1 && question.event.is_none()).then(|| json(&json!({"type": 1})))
}
