//! HMACs whose key is mixed in once, for signing and for checking. A tag stays on the stack.

use hmac::Hmac;
use hmac::Mac as _;
use sha1::Sha1;
use sha2::Sha256;
use sha2::Sha512;

use crate::domain::verification::Algorithm;

/// Bytes of the longest tag, that of HMAC-SHA-512.
const TAG_BYTES_MAX: usize = 64;

/// An HMAC with its key already mixed in; a copy of it is the start of every tag.
#[derive(Clone)]
pub(super) enum Keyed {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Box<Hmac<Sha512>>),
}

/// The bytes of an HMAC.
#[derive(Clone, Copy)]
pub(super) struct Tag {
    bytes: [u8; TAG_BYTES_MAX],
    len: usize,
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl From<&[u8]> for Tag {
    fn from(tag: &[u8]) -> Self {
        let len = tag.len().min(TAG_BYTES_MAX);
        let mut bytes = [0; TAG_BYTES_MAX];
        bytes[..len].copy_from_slice(&tag[..len]);
        Self { bytes, len }
    }
}

impl Keyed {
    /// Mixes the key in; `None` if the algorithm is no HMAC.
    pub(super) fn new(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        const ANY: &str = "an HMAC takes a key of any length";
        match algorithm {
            Algorithm::HmacSha1 => Some(Self::Sha1(Hmac::new_from_slice(key).expect(ANY))),
            Algorithm::HmacSha256 => Some(Self::Sha256(Hmac::new_from_slice(key).expect(ANY))),
            Algorithm::HmacSha512 => Some(Self::Sha512(Box::new(Hmac::new_from_slice(key).expect(ANY)))),
            _ => None,
        }
    }

    /// The tag over the parts, one after the other.
    pub(super) fn tag<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Tag {
        match self {
            Self::Sha1(keyed) => over(keyed.clone(), parts),
            Self::Sha256(keyed) => over(keyed.clone(), parts),
            Self::Sha512(keyed) => over(Hmac::clone(keyed), parts),
        }
    }
}

fn over<'a>(mut mac: impl hmac::Mac, parts: impl IntoIterator<Item = &'a [u8]>) -> Tag {
    parts.into_iter().for_each(|part| mac.update(part));
    Tag::from(&mac.finalize().into_bytes()[..])
}

impl std::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyed(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 (SHA-2) and RFC 2202 (SHA-1), test case 2.
    #[test]
    fn published_vectors() {
        for (algorithm, expected) in [
            (Algorithm::HmacSha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::HmacSha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Algorithm::HmacSha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                 9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let keyed = Keyed::new(algorithm, b"Jefe").unwrap();
            let tag = keyed.tag([&b"what do ya "[..], b"", b"want for nothing?"]);
            assert_eq!(hex::encode(tag), expected);
        }
        assert!(Keyed::new(Algorithm::Token, b"Jefe").is_none());
    }
}
