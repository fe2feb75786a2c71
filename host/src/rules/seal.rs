//! Seals secrets for the disk and opens them: ChaCha20-Poly1305 (RFC 8439), bound to workspace and name, so that
//! a sealed value put elsewhere does not open. Not here: where the key lies (`store::key_file`), who makes nonces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::Key;
use chacha20poly1305::KeyInit as _;
use chacha20poly1305::Nonce;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::aead::Payload;
use hmac::Hmac;
use hmac::Mac as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::id::WorkspaceId;
use crate::domain::sealed::SealedSecret;
use crate::domain::sealed::SecretName;
use crate::domain::secret::Secret;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce; each is used once.
pub const NONCE_BYTES: usize = 12;

/// The key of one gateway. Its memory is wiped when it goes.
pub struct SealKey(Zeroizing<[u8; KEY_BYTES]>);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// The secret was sealed with another key, or its bytes are not those that were sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret `{name}` cannot be opened: it was encrypted with another key than that of this gateway \
     (`store.secret_key_file`), or it is damaged; put the right key back, or set the secret again"
)]
pub struct NotOpened {
    /// Which.
    pub name: SecretName,
}

impl SealKey {
    /// With these bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Nonce and sealed value, Base64.
    pub fn seal(
        &self,
        whose: (WorkspaceId, &SecretName),
        nonce: [u8; NONCE_BYTES],
        value: &Secret,
    ) -> String {
        let bound = bound_to(whose);
        let payload = Payload { msg: value.expose().as_bytes(), aad: &bound };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload);
        // The one error is a value of 256 GiB.
        let sealed = sealed.expect("a request is smaller than the cipher's limit");
        STANDARD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// The value.
    pub fn open(&self, secret: &SealedSecret) -> Result<Secret, NotOpened> {
        let opened = self.open_text((secret.workspace, &secret.name), &secret.sealed);
        opened.ok_or_else(|| NotOpened { name: secret.name.clone() })
    }

    /// What was sealed for these; `None`: with another key, or for others.
    pub fn open_text(&self, whose: (WorkspaceId, &SecretName), sealed: &str) -> Option<Secret> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let bound = bound_to(whose);
        let payload = Payload { msg: sealed, aad: &bound };
        let value = self.cipher().decrypt(&Nonce::from(*nonce), payload).ok()?;
        String::from_utf8(value).map(Secret::new).ok()
    }

    /// Eight hexadecimal digits that are the same for the same value in the same workspace, and tell nothing of it to
    /// those who have not the key.
    pub fn fingerprint(&self, workspace: WorkspaceId, value: &Secret) -> String {
        let mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.0.as_slice());
        let mut mac = mac.expect("HMAC takes keys of any length");
        mac.update(b"fingerprint");
        mac.update(&workspace.bits().to_be_bytes());
        mac.update(value.expose().as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..4])
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&Key::from(*self.0))
    }
}

fn bound_to((workspace, name): (WorkspaceId, &SecretName)) -> Vec<u8> {
    [&workspace.bits().to_be_bytes(), name.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::SecretId;
    use crate::domain::time::Timestamp;

    fn sealed(key: &SealKey, workspace: u128, name: &str, value: &str) -> SealedSecret {
        let (workspace, name) = (WorkspaceId::from_bits(workspace), name.parse().unwrap());
        let sealed = key.seal((workspace, &name), [7; NONCE_BYTES], &Secret::new(value));
        let at = Timestamp::default();
        let fingerprint = key.fingerprint(workspace, &Secret::new(value));
        SealedSecret {
            id: SecretId::from_bits(1),
            workspace,
            name,
            created_at: at,
            updated_at: at,
            fingerprint,
            sealed,
        }
    }

    #[test]
    fn what_was_sealed_opens_only_where_it_belongs() {
        let key = SealKey::new([1; KEY_BYTES]);
        let secret = sealed(&key, 1, "token", "s3cr3t-välue");
        assert_eq!(key.open(&secret).unwrap().expose(), "s3cr3t-välue");
        assert!(!secret.sealed.contains("s3cr3t"));
        let other = SealKey::new([2; KEY_BYTES]).open(&secret).unwrap_err().to_string();
        assert!(other.contains("`token`") && other.contains("another key"), "{other}");
        let moved = [
            SealedSecret { name: "other".parse().unwrap(), ..secret.clone() },
            SealedSecret { workspace: WorkspaceId::from_bits(2), ..secret.clone() },
            SealedSecret { sealed: sealed(&key, 1, "other", "x").sealed, ..secret.clone() },
            SealedSecret { sealed: "AAAA".to_owned(), ..secret.clone() },
            SealedSecret { sealed: "?".to_owned(), ..secret },
        ];
        for moved in moved {
            assert!(key.open(&moved).is_err(), "{moved:?}");
        }
    }

    #[test]
    fn fingerprints_tell_values_apart_and_nothing_else() {
        let key = SealKey::new([1; KEY_BYTES]);
        let print = |workspace: u128, value: &str| {
            key.fingerprint(WorkspaceId::from_bits(workspace), &Secret::new(value))
        };
        assert_eq!(print(1, "a"), print(1, "a"));
        assert_ne!(print(1, "a"), print(1, "b"));
        assert_ne!(print(1, "a"), print(2, "a"));
        assert_eq!(print(1, "a").len(), 8);
    }
}
