//! One secret in the form its algorithm wants.

use sha2::Digest as _;
use sha2::Sha256;

use crate::domain::verification::Encoding;
use crate::domain::verification::KeyHolder;
use crate::domain::verification::Scheme;
use crate::domain::verification::SecretEncoding;
use crate::rules::mac::Keyed;
use crate::rules::verify::coding;
use crate::rules::verify::public_key::PublicKey;

/// See the head of this file.
#[derive(Debug)]
pub(super) enum Key {
    Mac(Keyed),
    Public(PublicKey),
    /// Compared as its hash, so that its length tells nothing either.
    Token([u8; 32]),
}

/// Reads a secret; the fault says what form it should have and nothing of the secret.
pub(super) fn prepare(scheme: &Scheme, secret: &str) -> Result<Key, String> {
    match scheme.algorithm.key_holder() {
        KeyHolder::Bearer if secret.is_empty() => Err("the token is empty".into()),
        KeyHolder::Bearer => Ok(Key::Token(token_hash(secret))),
        KeyHolder::Sender => PublicKey::parse(scheme.algorithm, secret).map(Key::Public),
        KeyHolder::Both => {
            let bytes = decode(&scheme.secret, secret).filter(|bytes| !bytes.is_empty());
            let keyed = bytes.and_then(|bytes| Keyed::new(scheme.algorithm, &bytes));
            keyed.map(Key::Mac).ok_or_else(|| {
                format!("the secret is empty or not written as the scheme says: {}", name(&scheme.secret))
            })
        }
    }
}

pub(super) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn decode(encoding: &SecretEncoding, secret: &str) -> Option<Vec<u8>> {
    match encoding {
        SecretEncoding::Utf8 => Some(secret.as_bytes().to_vec()),
        SecretEncoding::Hex => coding::bytes(Encoding::Hex, secret),
        SecretEncoding::Base64 => coding::bytes(Encoding::Base64, secret),
        SecretEncoding::Base64AfterPrefix(prefix) => {
            coding::bytes(Encoding::Base64, secret.strip_prefix(prefix.as_str()).unwrap_or(secret))
        }
    }
}

fn name(encoding: &SecretEncoding) -> String {
    match encoding {
        SecretEncoding::Utf8 => "text".into(),
        SecretEncoding::Hex => "hexadecimal".into(),
        SecretEncoding::Base64 => "base 64".into(),
        SecretEncoding::Base64AfterPrefix(prefix) => format!("`{prefix}` and base 64"),
    }
}
