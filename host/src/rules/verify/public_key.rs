//! The schemes with a public key: Ed25519, ECDSA over P-256, RSA. The source's secret is the
//! provider's public key, as text in one of the usual forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::DecodePublicKey as _;
use rsa::pkcs1::DecodeRsaPublicKey as _;

use crate::domain::verification::Algorithm;

/// A provider's public key.
#[derive(Clone, Debug)]
pub(super) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    EcdsaP256(Box<p256::ecdsa::VerifyingKey>),
    RsaSha256(Box<rsa::pkcs1v15::VerifyingKey<sha2::Sha256>>),
}

impl PublicKey {
    /// Reads a key; `None` if the text has no form that is known for the algorithm.
    pub(super) fn parse(algorithm: Algorithm, text: &str) -> Option<Self> {
        let text = text.trim();
        match algorithm {
            Algorithm::Ed25519 => {
                let coded = text.strip_prefix("whpk_").unwrap_or(text);
                let bytes = hex::decode(coded).ok().or_else(|| STANDARD.decode(coded).ok())?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()?;
                Some(Self::Ed25519(key))
            }
            Algorithm::EcdsaP256 => {
                let from_der = |der: Vec<u8>| p256::ecdsa::VerifyingKey::from_public_key_der(&der).ok();
                let key = p256::ecdsa::VerifyingKey::from_public_key_pem(text).ok();
                let key = key.or_else(|| STANDARD.decode(text).ok().and_then(from_der))?;
                Some(Self::EcdsaP256(Box::new(key)))
            }
            Algorithm::RsaSha256 => {
                let key = rsa::RsaPublicKey::from_public_key_pem(text).ok();
                let key = key.or_else(|| rsa::RsaPublicKey::from_pkcs1_pem(text).ok())?;
                Some(Self::RsaSha256(Box::new(rsa::pkcs1v15::VerifyingKey::new(key))))
            }
            Algorithm::HmacSha1 | Algorithm::HmacSha256 | Algorithm::HmacSha512 | Algorithm::Token => None,
        }
    }

    /// Whether this key signed `content`.
    pub(super) fn verifies(&self, content: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(content, &signature).is_ok()),
            Self::EcdsaP256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(content, &signature).is_ok()),
            Self::RsaSha256(key) => rsa::pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(content, &signature).is_ok()),
        }
    }
}
