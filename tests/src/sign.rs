//! Signatures as providers make them, written from their documentation and not from the
//! gateway's code. Not here: the gateway's own signatures (`node` verifies those).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::Mac;
use sha1::Sha1;
use sha2::Sha256;

/// Headers of a request.
pub type Signed = Vec<(String, String)>;

/// HMAC-SHA256.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-SHA1.
pub fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("any length of key");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn pairs(headers: &[(&str, String)]) -> Signed {
    headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// GitHub: hex of the body's HMAC.
pub fn github(secret: &str, event: &str, delivery: &str, body: &[u8]) -> Signed {
    let signature = hex::encode(hmac_sha256(secret.as_bytes(), &[body]));
    pairs(&[
        ("content-type", "application/json".to_owned()),
        ("x-github-event", event.to_owned()),
        ("x-github-delivery", delivery.to_owned()),
        ("x-hub-signature-256", format!("sha256={signature}")),
    ])
}

/// Standard Webhooks, `prefix` is `webhook` or `svix`: base64 over `id.timestamp.body`. The
/// secret is base64 after `whsec_`.
pub fn standard(prefix: &str, secret: &str, id: &str, unix: u64, body: &[u8]) -> Signed {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64 after whsec_");
    let head = format!("{id}.{unix}.");
    let signature = STANDARD.encode(hmac_sha256(&key, &[head.as_bytes(), body]));
    let mut headers = pairs(&[("content-type", "application/json".to_owned())]);
    headers.push((format!("{prefix}-id"), id.to_owned()));
    headers.push((format!("{prefix}-timestamp"), unix.to_string()));
    headers.push((format!("{prefix}-signature"), format!("v1,{signature}")));
    headers
}

/// Stripe: `t=…,v1=hex` over `t.body`.
pub fn stripe(secret: &str, unix: u64, body: &[u8]) -> Signed {
    let signature = hex::encode(hmac_sha256(secret.as_bytes(), &[format!("{unix}.").as_bytes(), body]));
    pairs(&[
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("stripe-signature", format!("t={unix},v1={signature}")),
    ])
}

/// Slack: `v0=hex` over `v0:timestamp:body`.
pub fn slack(secret: &str, unix: u64, body: &[u8]) -> Signed {
    let signature = hex::encode(hmac_sha256(secret.as_bytes(), &[format!("v0:{unix}:").as_bytes(), body]));
    pairs(&[
        ("content-type", "application/json".to_owned()),
        ("x-slack-request-timestamp", unix.to_string()),
        ("x-slack-signature", format!("v0={signature}")),
    ])
}

/// Shopify: base64 of the body's HMAC.
pub fn shopify(secret: &str, topic: &str, id: &str, body: &[u8]) -> Signed {
    let signature = STANDARD.encode(hmac_sha256(secret.as_bytes(), &[body]));
    pairs(&[
        ("content-type", "application/json".to_owned()),
        ("x-shopify-topic", topic.to_owned()),
        ("x-shopify-webhook-id", id.to_owned()),
        ("x-shopify-hmac-sha256", signature),
    ])
}

/// Unix seconds, now.
#[expect(clippy::disallowed_methods, reason = "a stranger's clock, not the gateway's")]
pub fn unix_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("a clock after 1970").as_secs()
}

/// Borrowed, as the client takes them.
pub fn borrowed(headers: &Signed) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
