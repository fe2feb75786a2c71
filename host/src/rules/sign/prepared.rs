//! A destination's signing, ready to sign: keys mixed in once, templates taken apart once.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::signing::HmacProfile;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::signing::SigningSecret;
use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;
use crate::rules::mac::Keyed;
use crate::rules::sign::SigningFault;
use crate::rules::sign::standard_key;
use crate::rules::sign::template;
use crate::rules::sign::template::TemplatePiece;
use crate::rules::sign::template::Words;

/// A header of a signature: name in lower case, value.
pub type SignatureHeader = (Cow<'static, str>, String);

/// Header names of Standard Webhooks: id, timestamp, signature.
const STANDARD_NAMES: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
/// The same as the standard's elder implementation calls them.
const SVIX_NAMES: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

/// See the head of this file.
#[derive(Debug)]
pub struct PreparedSigning {
    profile: Prepared,
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    keyed: Keyed,
    expires_at: Option<Timestamp>,
}

#[derive(Debug)]
enum Prepared {
    Standard([&'static str; 3]),
    Hmac(Box<Generic>),
    None,
}

#[derive(Debug)]
struct Generic {
    profile: HmacProfile,
    signed: Vec<TemplatePiece>,
    value: Vec<TemplatePiece>,
}

impl PreparedSigning {
    /// Mixes the keys in and takes the templates apart.
    pub fn prepare(signing: &Signing) -> Result<Self, SigningFault> {
        let profile = match &signing.profile {
            SigningProfile::StandardWebhooks => Prepared::Standard(STANDARD_NAMES),
            SigningProfile::Svix => Prepared::Standard(SVIX_NAMES),
            SigningProfile::Hmac(profile) => Prepared::Hmac(Box::new(Generic::new(profile))),
            SigningProfile::None => return Ok(Self { profile: Prepared::None, keys: Vec::new() }),
        };
        if signing.secrets.is_empty() {
            return Err(SigningFault::NoSecret);
        }
        let key = |secret: &SigningSecret| {
            let keyed = profile.keyed(secret.secret.0.expose())?;
            Ok(Key { keyed, expires_at: secret.expires_at })
        };
        let keys = signing.secrets.iter().map(key).collect::<Result<_, SigningFault>>()?;
        Ok(Self { profile, keys })
    }

    /// The headers of one attempt. `id` is the same for every attempt, `now` is not; neither id
    /// nor timestamp may contain a dot, which no id of this gateway does.
    pub fn sign(&self, id: &str, now: Timestamp, event_type: &str, body: &[u8]) -> Vec<SignatureHeader> {
        match &self.profile {
            Prepared::Standard(names) => self.standard(*names, id, now, body),
            Prepared::Hmac(generic) => self.generic(generic, id, now, event_type, body),
            Prepared::None => {
                let [id_name, timestamp_name, _] = STANDARD_NAMES;
                vec![(id_name.into(), id.to_owned()), (timestamp_name.into(), now.as_secs().to_string())]
            }
        }
    }

    fn live(&self, now: Timestamp) -> impl Iterator<Item = &Keyed> {
        self.keys.iter().filter(move |key| key.expires_at.is_none_or(|end| now < end)).map(|key| &key.keyed)
    }

    fn standard(
        &self,
        [id_name, timestamp_name, signature_name]: [&'static str; 3],
        id: &str,
        now: Timestamp,
        body: &[u8],
    ) -> Vec<SignatureHeader> {
        let timestamp = now.as_secs().to_string();
        // `v1,` and 44 characters.
        let mut signature = String::with_capacity(47);
        for key in self.live(now) {
            if !signature.is_empty() {
                signature.push(' ');
            }
            signature.push_str("v1,");
            let tag = key.tag([id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
            STANDARD.encode_string(tag, &mut signature);
        }
        vec![
            (id_name.into(), id.to_owned()),
            (timestamp_name.into(), timestamp),
            (signature_name.into(), signature),
        ]
    }

    fn generic(
        &self,
        generic: &Generic,
        id: &str,
        now: Timestamp,
        event_type: &str,
        body: &[u8],
    ) -> Vec<SignatureHeader> {
        let profile = &generic.profile;
        let timestamp = if profile.timestamp_iso { now.to_string() } else { now.as_secs().to_string() };
        let mut headers: Vec<SignatureHeader> = vec![(STANDARD_NAMES[0].into(), id.to_owned())];
        if let Some(name) = &profile.event_header {
            headers.push((name.clone().into(), event_type.to_owned()));
        }
        // A header with one value can carry one signature: that of the newest secret.
        if let Some(key) = self.live(now).next() {
            let mut words = Words { id, timestamp: &timestamp, body, signature: "" };
            let tag = key.tag(generic.signed.iter().map(|piece| words.part(piece)));
            let signature = encode(profile.encoding, tag.as_ref());
            words.signature = &signature;
            let value: Vec<u8> = generic.value.iter().flat_map(|piece| words.part(piece)).copied().collect();
            // Every part of it is text.
            headers.push((profile.header.clone().into(), String::from_utf8_lossy(&value).into_owned()));
        }
        if let Some(name) = &profile.timestamp_header {
            headers.push((name.clone().into(), timestamp));
        }
        headers
    }
}

impl Prepared {
    fn keyed(&self, secret: &str) -> Result<Keyed, SigningFault> {
        let keyed = match self {
            Self::Hmac(_) if secret.is_empty() => return Err(SigningFault::EmptySecret),
            Self::Hmac(generic) => Keyed::new(generic.profile.algorithm, secret.as_bytes()),
            Self::Standard(_) | Self::None => Keyed::new(Algorithm::HmacSha256, &standard_key(secret)?),
        };
        keyed.ok_or(SigningFault::NotHmac)
    }
}

impl Generic {
    fn new(profile: &HmacProfile) -> Self {
        let (id, timestamp) = (("{id}", TemplatePiece::Id), ("{timestamp}", TemplatePiece::Timestamp));
        let signed = [id.clone(), timestamp.clone(), ("{body}", TemplatePiece::Body)];
        let value = [id, timestamp, ("{signature}", TemplatePiece::Signature)];
        Self {
            profile: profile.clone(),
            signed: template::parse(&profile.signed, &signed),
            value: template::parse(&profile.value, &value),
        }
    }
}

/// Bytes as text.
fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Hex => hex::encode(bytes),
        Encoding::Base64 => STANDARD.encode(bytes),
        Encoding::Base64url => URL_SAFE_NO_PAD.encode(bytes),
    }
}
