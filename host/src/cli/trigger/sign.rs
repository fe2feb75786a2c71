//! The provider's side of a signature, for each preset that `trigger` knows. Not here: checking
//! one (`rules::verify`).

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::Mac as _;
use sha2::Sha256;

/// Whom to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Provider {
    /// `X-Hub-Signature-256`.
    Github,
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    StandardWebhooks,
    /// `svix-id`, `svix-timestamp`, `svix-signature`.
    Svix,
    /// `Stripe-Signature`.
    Stripe,
    /// `X-Slack-Signature`.
    Slack,
    /// `X-Shopify-Hmac-Sha256`.
    Shopify,
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn pairs<const N: usize>(headers: [(&str, String); N]) -> Vec<(String, String)> {
    headers.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

impl Provider {
    /// The headers that prove it. `unix` is in seconds.
    pub(super) fn sign(
        self,
        secret: &str,
        id: &str,
        unix: u64,
        body: &[u8],
    ) -> anyhow::Result<Vec<(String, String)>> {
        let key = secret.as_bytes();
        Ok(match self {
            Self::Github => {
                pairs([("x-hub-signature-256", format!("sha256={}", hex::encode(hmac(key, &[body]))))])
            }
            Self::Shopify => pairs([("x-shopify-hmac-sha256", STANDARD.encode(hmac(key, &[body])))]),
            Self::Stripe => {
                let signature = hex::encode(hmac(key, &[format!("{unix}.").as_bytes(), body]));
                pairs([("stripe-signature", format!("t={unix},v1={signature}"))])
            }
            Self::Slack => {
                let signature = hex::encode(hmac(key, &[format!("v0:{unix}:").as_bytes(), body]));
                pairs([
                    ("x-slack-request-timestamp", unix.to_string()),
                    ("x-slack-signature", format!("v0={signature}")),
                ])
            }
            Self::StandardWebhooks => standard("webhook", secret, id, unix, body)?,
            Self::Svix => standard("svix", secret, id, unix, body)?,
        })
    }
}

fn standard(
    prefix: &str,
    secret: &str,
    id: &str,
    unix: u64,
    body: &[u8],
) -> anyhow::Result<Vec<(String, String)>> {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap_or(secret))
        .context("--secret: expected base64 after whsec_")?;
    let signature = STANDARD.encode(hmac(&key, &[format!("{id}.{unix}.").as_bytes(), body]));
    Ok(vec![
        (format!("{prefix}-id"), id.to_owned()),
        (format!("{prefix}-timestamp"), unix.to_string()),
        (format!("{prefix}-signature"), format!("v1,{signature}")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the providers' documentation.
    #[test]
    fn signs_as_documented() {
        fn check(provider: Provider, secret: &str, id: &str, unix: u64, body: &str, expected: &str) {
            let signed = provider.sign(secret, id, unix, body.as_bytes()).unwrap();
            assert_eq!(signed.last().unwrap().1, expected, "{provider:?}");
        }
        check(
            Provider::Github,
            "It's a Secret to Everybody",
            "",
            0,
            "Hello, World!",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        );
        check(
            Provider::StandardWebhooks,
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        );
    }
}
