//! Signs a delivery over the exact bytes sent. Pure: the time is an argument.
//!
//! Standard Webhooks 1.0: the signed content is `{id}.{timestamp}.{body}`, the key what is left
//! of the secret after `whsec_`, base 64 decoded; the header is `v1,` and base 64 of the
//! HMAC-SHA256, one per live secret, separated by spaces.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::Mac as _;
use sha1::Sha1;
use sha2::Sha256;
use sha2::Sha512;

use crate::domain::signing::HmacProfile;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;

/// What symmetric Standard Webhooks secrets begin with.
const SECRET_PREFIX: &str = "whsec_";

/// The standard recommends 24 to 64 bytes; its own example has 18.
const KEY_BYTES_MIN: usize = 16;
const KEY_BYTES_MAX: usize = 128;

/// A header of a signature.
pub type SignatureHeader = (Cow<'static, str>, String);

/// Why a destination cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningFault {
    /// The secret is not base 64 after its prefix, or too short.
    #[error(
        "the secret must be `whsec_` and base 64 of 16 to 128 bytes (24 to 64 are recommended); leave it out to have one made"
    )]
    BadSecret,
    /// The profile wants a secret.
    #[error("this signing profile needs a secret")]
    NoSecret,
    /// The profile's algorithm is none of the HMACs.
    #[error("signing takes hmac-sha1, hmac-sha256 or hmac-sha512")]
    NotHmac,
}

/// A new secret of 32 random bytes.
pub fn generate_secret(random: [u8; 32]) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(random))
}

/// The key of a Standard Webhooks secret.
pub fn standard_key(secret: &str) -> Result<Vec<u8>, SigningFault> {
    let coded = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    let key = STANDARD.decode(coded).map_err(|_| SigningFault::BadSecret)?;
    if (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len()) { Ok(key) } else { Err(SigningFault::BadSecret) }
}

/// An HMAC with its key already mixed in.
#[derive(Clone)]
pub(crate) enum Keyed {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Box<Hmac<Sha512>>),
}

impl Keyed {
    pub(crate) fn new(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        const ANY: &str = "an HMAC takes a key of any length";
        match algorithm {
            Algorithm::HmacSha1 => Some(Self::Sha1(Hmac::new_from_slice(key).expect(ANY))),
            Algorithm::HmacSha256 => Some(Self::Sha256(Hmac::new_from_slice(key).expect(ANY))),
            Algorithm::HmacSha512 => Some(Self::Sha512(Box::new(Hmac::new_from_slice(key).expect(ANY)))),
            Algorithm::Ed25519 | Algorithm::EcdsaP256 | Algorithm::RsaSha256 | Algorithm::Token => None,
        }
    }

    /// The HMAC over the parts, one after the other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        macro_rules! over {
            ($keyed:expr) => {{
                let mut mac = $keyed.clone();
                parts.iter().for_each(|part| mac.update(part));
                mac.finalize().into_bytes().to_vec()
            }};
        }
        match self {
            Self::Sha1(keyed) => over!(keyed),
            Self::Sha256(keyed) => over!(keyed),
            Self::Sha512(keyed) => over!(keyed),
        }
    }
}

impl std::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyed(..)")
    }
}

#[derive(Debug)]
struct Key {
    keyed: Keyed,
    expires_at: Option<Timestamp>,
}

/// A destination's signing, ready to sign.
#[derive(Debug)]
pub struct PreparedSigning {
    profile: SigningProfile,
    keys: Vec<Key>,
}

impl PreparedSigning {
    /// Mixes the keys in.
    pub fn prepare(signing: &Signing) -> Result<Self, SigningFault> {
        let profile = signing.profile.clone();
        if signing.secrets.is_empty() && profile != SigningProfile::None {
            return Err(SigningFault::NoSecret);
        }
        let key_of = |secret: &str| match &profile {
            SigningProfile::StandardWebhooks | SigningProfile::Svix => {
                let key = standard_key(secret)?;
                Keyed::new(Algorithm::HmacSha256, &key).ok_or(SigningFault::NotHmac)
            }
            SigningProfile::Hmac(hmac) => {
                Keyed::new(hmac.algorithm, secret.as_bytes()).ok_or(SigningFault::NotHmac)
            }
            SigningProfile::None => Keyed::new(Algorithm::HmacSha256, b"").ok_or(SigningFault::NotHmac),
        };
        let keys = signing
            .secrets
            .iter()
            .map(|secret| Ok(Key { keyed: key_of(secret.secret.0.expose())?, expires_at: secret.expires_at }))
            .collect::<Result<_, SigningFault>>()?;
        Ok(Self { profile, keys })
    }

    /// The headers of one attempt: `id` is the same for every attempt, `now` is not.
    pub fn sign(&self, id: &str, now: Timestamp, event_type: &str, body: &[u8]) -> Vec<SignatureHeader> {
        match &self.profile {
            SigningProfile::StandardWebhooks => {
                self.standard(["webhook-id", "webhook-timestamp", "webhook-signature"], id, now, body)
            }
            SigningProfile::Svix => {
                self.standard(["svix-id", "svix-timestamp", "svix-signature"], id, now, body)
            }
            SigningProfile::Hmac(hmac) => self.generic(hmac, id, now, event_type, body),
            SigningProfile::None => vec![
                ("webhook-id".into(), id.to_owned()),
                ("webhook-timestamp".into(), now.as_secs().to_string()),
            ],
        }
    }

    fn live(&self, now: Timestamp) -> impl Iterator<Item = &Keyed> {
        self.keys.iter().filter(move |key| key.expires_at.is_none_or(|end| now < end)).map(|key| &key.keyed)
    }

    fn standard(
        &self,
        names: [&'static str; 3],
        id: &str,
        now: Timestamp,
        body: &[u8],
    ) -> Vec<SignatureHeader> {
        let timestamp = now.as_secs().to_string();
        let mut signature = String::with_capacity(48);
        for key in self.live(now) {
            if !signature.is_empty() {
                signature.push(' ');
            }
            signature.push_str("v1,");
            STANDARD.encode_string(
                key.mac(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]),
                &mut signature,
            );
        }
        let [id_name, timestamp_name, signature_name] = names;
        vec![
            (id_name.into(), id.to_owned()),
            (timestamp_name.into(), timestamp),
            (signature_name.into(), signature),
        ]
    }

    fn generic(
        &self,
        profile: &HmacProfile,
        id: &str,
        now: Timestamp,
        event_type: &str,
        body: &[u8],
    ) -> Vec<SignatureHeader> {
        let timestamp = if profile.timestamp_iso { now.to_string() } else { now.as_secs().to_string() };
        let mut headers: Vec<SignatureHeader> = vec![("webhook-id".into(), id.to_owned())];
        if let Some(name) = &profile.timestamp_header {
            headers.push((name.clone().into(), timestamp.clone()));
        }
        if let Some(name) = &profile.event_header {
            headers.push((name.clone().into(), event_type.to_owned()));
        }
        // A header with one value can carry one signature: that of the newest secret.
        if let Some(key) = self.live(now).next() {
            let parts = template(&profile.signed, id, &timestamp, body);
            let signature = encode(profile.encoding, &key.mac(&parts));
            let value = profile.value.replace("{timestamp}", &timestamp).replace("{signature}", &signature);
            headers.push((profile.header.clone().into(), value));
        }
        headers
    }
}

/// The parts of a template with `{id}`, `{timestamp}` and `{body}`; all else stands for itself.
fn template<'a>(text: &'a str, id: &'a str, timestamp: &'a str, body: &'a [u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        parts.push(before.as_bytes());
        let known = [("{id}", id.as_bytes()), ("{timestamp}", timestamp.as_bytes()), ("{body}", body)];
        match known.iter().find(|(name, _)| from.starts_with(name)) {
            Some((name, value)) => {
                parts.push(value);
                rest = &from[name.len()..];
            }
            None => {
                parts.push(b"{");
                rest = &from[1..];
            }
        }
    }
    parts.push(rest.as_bytes());
    parts
}

/// Bytes as text.
pub fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Hex => hex::encode(bytes),
        Encoding::Base64 => STANDARD.encode(bytes),
        Encoding::Base64url => URL_SAFE_NO_PAD.encode(bytes),
    }
}

/// A generic profile by the name of the product that reads it, if the name is known.
pub fn signing_preset(name: &str) -> Option<HmacProfile> {
    let plain = |header: &str, value: &str, signed: &str| HmacProfile {
        header: header.to_owned(),
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Hex,
        value: value.to_owned(),
        signed: signed.to_owned(),
        timestamp_header: None,
        timestamp_iso: false,
        event_header: None,
    };
    Some(match name {
        "beton" => plain("x-beton-signature", "{signature}", "{body}"),
        "peanuts" => plain("x-peanuts-signature", "{signature}", "{body}"),
        "crm" => HmacProfile {
            timestamp_header: Some("x-webhook-timestamp".into()),
            timestamp_iso: true,
            event_header: Some("x-webhook-event".into()),
            ..plain("x-webhook-signature", "{signature}", "{body}")
        },
        "github" => HmacProfile {
            event_header: Some("x-github-event".into()),
            ..plain("x-hub-signature-256", "sha256={signature}", "{body}")
        },
        "stripe" => plain("stripe-signature", "t={timestamp},v1={signature}", "{timestamp}.{body}"),
        "slack" => HmacProfile {
            timestamp_header: Some("x-slack-request-timestamp".into()),
            ..plain("x-slack-signature", "v0={signature}", "v0:{timestamp}:{body}")
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;
    use crate::domain::secret::StoredSecret;
    use crate::domain::signing::SigningSecret;

    fn signing(profile: SigningProfile, secrets: &[(&str, Option<u64>)]) -> PreparedSigning {
        let secret = |(text, end): &(&str, Option<u64>)| SigningSecret {
            secret: StoredSecret(Secret::new(*text)),
            expires_at: end.map(Timestamp::from_millis),
        };
        PreparedSigning::prepare(&Signing { profile, secrets: secrets.iter().map(secret).collect() }).unwrap()
    }

    fn value<'a>(headers: &'a [SignatureHeader], name: &str) -> &'a str {
        headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str()).unwrap()
    }

    #[test]
    fn the_published_vector() {
        let prepared = signing(SigningProfile::StandardWebhooks, &[("whsec_plJ3nmyCDGBKInavdOK15jsl", None)]);
        let body = br#"{"event_type":"ping","data":{"success":true}}"#;
        let headers =
            prepared.sign("msg_loFOjxBNrRLzqYUf", Timestamp::from_millis(1_731_705_121_000), "ping", body);
        assert_eq!(value(&headers, "webhook-timestamp"), "1731705121");
        assert_eq!(value(&headers, "webhook-signature"), "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
    }

    #[test]
    fn an_old_secret_signs_until_it_ends() {
        let old = generate_secret([1; 32]);
        let new = generate_secret([2; 32]);
        let prepared = signing(SigningProfile::Svix, &[(&new, None), (&old, Some(2000))]);
        let during = prepared.sign("a", Timestamp::from_millis(1999), "", b"x");
        let after = prepared.sign("a", Timestamp::from_millis(2000), "", b"x");
        assert_eq!(value(&during, "svix-signature").split(' ').count(), 2);
        assert_eq!(value(&after, "svix-signature").split(' ').count(), 1);
    }

    #[test]
    fn github_style() {
        let profile = SigningProfile::Hmac(signing_preset("github").unwrap());
        let prepared = signing(profile, &[("It's a Secret to Everybody", None)]);
        let headers = prepared.sign("a", Timestamp::default(), "push", b"Hello, World!");
        assert_eq!(
            value(&headers, "x-hub-signature-256"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }

    #[test]
    fn stripe_style_signs_time_and_body() {
        let profile = SigningProfile::Hmac(signing_preset("stripe").unwrap());
        let headers = signing(profile, &[("s", None)]).sign("a", Timestamp::from_millis(12_000), "", b"{}");
        let expected = hex::encode(Keyed::new(Algorithm::HmacSha256, b"s").unwrap().mac(&[b"12.{}"]));
        assert_eq!(value(&headers, "stripe-signature"), format!("t=12,v1={expected}"));
    }

    #[test]
    fn bad_secrets_are_named() {
        for secret in ["whsec_!!", "whsec_c2hvcnQ=", ""] {
            assert_eq!(standard_key(secret), Err(SigningFault::BadSecret), "{secret}");
        }
        let none = Signing { profile: SigningProfile::StandardWebhooks, secrets: Vec::new() };
        assert_eq!(PreparedSigning::prepare(&none).err(), Some(SigningFault::NoSecret));
    }
}
