//! The schemes with a public key: Ed25519, ECDSA over P-256, RSA. The source's secret is the
//! provider's public key. Not here: the forms of its text (`key_text`).

use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::DecodePublicKey as _;
use rsa::pkcs1::DecodeRsaPublicKey as _;

use crate::domain::verification::Algorithm;
use crate::rules::verify::key_text;

/// A provider's public key.
#[derive(Clone, Debug)]
pub(super) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    EcdsaP256(Box<p256::ecdsa::VerifyingKey>),
    RsaSha256(Box<rsa::pkcs1v15::VerifyingKey<sha2::Sha256>>),
}

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo.
const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The object identifiers of other kinds of keys, as they stand in DER.
const KINDS: [(&str, &[u8]); 6] = [
    ("an Ed25519 key", &[0x06, 0x03, 0x2b, 0x65, 0x70]),
    ("an RSA key", &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]),
    ("an ECDSA key over P-256", &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
    ("an ECDSA key over P-384", &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22]),
    ("an ECDSA key over P-521", &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23]),
    ("an ECDSA key over secp256k1", &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a]),
];

impl PublicKey {
    /// Reads a key; the error says what is wanted and what was seen, and nothing of the text.
    pub(super) fn parse(algorithm: Algorithm, text: &str) -> Result<Self, String> {
        let (wanted, bare) = match algorithm {
            Algorithm::Ed25519 => ("Ed25519", ", or its 32 bytes in base 64 or hexadecimal"),
            Algorithm::EcdsaP256 => ("ECDSA P-256", ", or its point in base 64 or hexadecimal"),
            _ => ("RSA", ""),
        };
        let wanted = |seen: String| {
            format!(
                "the secret must be the provider's public key, {wanted}: PEM (also on one line, or a certificate), the same in base 64 without its frame{bare}; {seen}"
            )
        };
        let bytes = key_text::bytes(text).map_err(wanted)?;
        Self::of(algorithm, &bytes).ok_or_else(|| {
            let found = KINDS.iter().find(|(_, id)| bytes.windows(id.len()).any(|part| part == *id));
            wanted(found.map_or_else(
                || format!("these {} bytes are no such key", bytes.len()),
                |(kind, _)| format!("this is {kind}"),
            ))
        })
    }

    fn of(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Ed25519 => {
                let key = bytes.strip_prefix(&ED25519_HEAD).unwrap_or(bytes);
                Some(Self::Ed25519(ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?))
            }
            Algorithm::EcdsaP256 => {
                let key = p256::ecdsa::VerifyingKey::from_public_key_der(bytes).ok();
                let key = key.or_else(|| p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok())?;
                Some(Self::EcdsaP256(Box::new(key)))
            }
            Algorithm::RsaSha256 => {
                let key = rsa::RsaPublicKey::from_public_key_der(bytes).ok();
                let key = key.or_else(|| rsa::RsaPublicKey::from_pkcs1_der(bytes).ok())?;
                Some(Self::RsaSha256(Box::new(rsa::pkcs1v15::VerifyingKey::new(key))))
            }
            _ => None,
        }
    }

    /// Whether this key signed `content`.
    pub(super) fn verifies(&self, content: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(content, &signature).is_ok()),
            // In DER, or as the two numbers one after the other.
            Self::EcdsaP256(key) => p256::ecdsa::Signature::from_der(signature)
                .or_else(|_| p256::ecdsa::Signature::from_slice(signature))
                .is_ok_and(|signature| key.verify(content, &signature).is_ok()),
            Self::RsaSha256(key) => rsa::pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(content, &signature).is_ok()),
        }
    }
}
