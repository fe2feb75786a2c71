//! A source's verification, ready to check: keys mixed in, template parsed.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use subtle::ConstantTimeEq as _;

use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;
use crate::domain::verification::Scheme;
use crate::domain::verification::SecretEncoding;
use crate::domain::verification::Verification;
use crate::rules::sign::Keyed;
use crate::rules::verify::Request;
use crate::rules::verify::VerifyError;
use crate::rules::verify::place;
use crate::rules::verify::public_key::PublicKey;
use crate::rules::verify::signed;
use crate::rules::verify::signed::Piece;

const EITHER_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, EITHER_PADDING);
const BASE64URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, EITHER_PADDING);

/// One secret in the form its algorithm wants.
#[derive(Debug)]
enum Key {
    Mac(Keyed),
    Public(PublicKey),
    /// Compared as its hash, so that its length tells nothing either.
    Token(Vec<u8>),
}

/// See the head of this file.
#[derive(Debug)]
pub struct PreparedVerification {
    scheme: Scheme,
    pieces: Vec<Piece>,
    keys: Vec<Key>,
    refuses: Option<String>,
}

impl PreparedVerification {
    /// Prepares; the errors name each fault of scheme and secrets.
    pub fn prepare(verification: &Verification) -> Result<Self, Vec<String>> {
        let scheme = verification.scheme.clone();
        let mut faults = Vec::new();
        let pieces = signed::parse(&scheme.signed).unwrap_or_else(|fault| {
            faults.push(fault);
            Vec::new()
        });
        if scheme.signature.headers.is_empty() {
            faults.push("the scheme names no header for the signature".to_owned());
        }
        if verification.secrets.is_empty() {
            faults.push("at least one secret is needed".to_owned());
        }
        let mut keys = Vec::new();
        for secret in &verification.secrets {
            match key(&scheme, secret.0.expose()) {
                Ok(key) => keys.push(key),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self { scheme, pieces, keys, refuses: None }) } else { Err(faults) }
    }

    /// Prepares, or makes one that refuses every request and says why.
    pub fn prepare_or_refuse(verification: &Verification) -> Self {
        Self::prepare(verification).unwrap_or_else(|faults| Self {
            scheme: verification.scheme.clone(),
            pieces: Vec::new(),
            keys: Vec::new(),
            refuses: Some(faults.join("; ")),
        })
    }

    /// The status that a request with a bad signature gets.
    pub fn fail_status(&self) -> u16 {
        self.scheme.fail_status
    }

    /// Checks a request.
    pub fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<(), VerifyError> {
        if let Some(detail) = &self.refuses {
            return Err(VerifyError::BadSecret { detail: detail.clone() });
        }
        let given = place::signatures(&self.scheme.signature, request.headers)?;
        let timestamp = place::timestamp(&self.scheme, request, now)?.unwrap_or("");
        let id = self.id(request)?;
        let parts = signed::parts(&self.pieces, request, id, timestamp);
        let parts: Vec<&[u8]> = parts.iter().map(AsRef::as_ref).collect();
        let good = self.keys.iter().fold(false, |good, key| good | self.one_matches(key, &given, &parts));
        if good { Ok(()) } else { Err(VerifyError::BadSignature) }
    }

    /// `webhook-id` and `svix-id` stand for each other, as their senders use either.
    fn id<'a>(&self, request: &Request<'a>) -> Result<&'a str, VerifyError> {
        let Some(name) = &self.scheme.id_header else { return Ok("") };
        let other = match name.as_str() {
            "webhook-id" => "svix-id",
            "svix-id" => "webhook-id",
            same => same,
        };
        let found = request.headers.get(name).or_else(|| request.headers.get(other));
        found.ok_or_else(|| VerifyError::MissingId { header: name.clone() })
    }

    fn one_matches(&self, key: &Key, given: &[&str], parts: &[&[u8]]) -> bool {
        match key {
            Key::Mac(keyed) => {
                let wanted = keyed.mac(parts);
                let matches = |text: &&str| {
                    decode(self.scheme.encoding, text).is_some_and(|bytes| bool::from(bytes.ct_eq(&wanted)))
                };
                given.iter().any(matches)
            }
            Key::Public(public) => {
                let content = parts.concat();
                let matches = |text: &&str| {
                    decode(self.scheme.encoding, text).is_some_and(|bytes| public.verifies(&content, &bytes))
                };
                given.iter().any(matches)
            }
            Key::Token(hash) => given.iter().any(|text| bool::from(token_hash(text).ct_eq(hash))),
        }
    }
}

fn token_hash(token: &str) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(token).to_vec()
}

fn key(scheme: &Scheme, secret: &str) -> Result<Key, String> {
    if scheme.algorithm == Algorithm::Token {
        return if secret.is_empty() {
            Err("the token is empty".into())
        } else {
            Ok(Key::Token(token_hash(secret)))
        };
    }
    if matches!(scheme.algorithm, Algorithm::Ed25519 | Algorithm::EcdsaP256 | Algorithm::RsaSha256) {
        let key = PublicKey::parse(scheme.algorithm, secret);
        return key
            .map(Key::Public)
            .ok_or_else(|| "the secret must be the provider's public key (PEM, base 64 or hex)".into());
    }
    let bytes = match &scheme.secret {
        SecretEncoding::Utf8 => Some(secret.as_bytes().to_vec()),
        SecretEncoding::Hex => hex::decode(secret).ok(),
        SecretEncoding::Base64 => BASE64.decode(secret).ok(),
        SecretEncoding::Base64AfterPrefix(prefix) => {
            BASE64.decode(secret.strip_prefix(prefix.as_str()).unwrap_or(secret)).ok()
        }
    };
    let bytes = bytes.filter(|bytes| !bytes.is_empty());
    let bytes = bytes.ok_or_else(|| {
        format!("the secret is empty or not written as the scheme says: {}", encoding_name(&scheme.secret))
    })?;
    Keyed::new(scheme.algorithm, &bytes).map(Key::Mac).ok_or_else(|| "the algorithm is not an HMAC".into())
}

fn encoding_name(encoding: &SecretEncoding) -> String {
    match encoding {
        SecretEncoding::Utf8 => "text".into(),
        SecretEncoding::Hex => "hexadecimal".into(),
        SecretEncoding::Base64 => "base 64".into(),
        SecretEncoding::Base64AfterPrefix(prefix) => format!("`{prefix}` and base 64"),
    }
}

fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => BASE64.decode(text).ok(),
        Encoding::Base64url => BASE64URL.decode(text).ok(),
    }
}
