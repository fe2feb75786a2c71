//! Hashes, masks, name-based ids and percent-encoding. Not here: base64, which is the crate's (`texts`).

use sha1::Sha1;
use sha2::Digest;
use sha2::Sha256;

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `*` for every character but the last `keep`; of a text no longer than that, for all of it.
pub(crate) fn mask(text: &str, keep: usize) -> String {
    let length = text.chars().count();
    let hidden = if length <= keep { length } else { length - keep };
    "*".repeat(hidden).chars().chain(text.chars().skip(hidden)).collect()
}

/// Percent-encoded as UTF-8, so that it means nothing but itself in a segment of a path or in a query: all but the
/// unreserved characters of RFC 3986, 2.3, and `/` if slashes are to stay.
pub(crate) fn url_encode(text: &str, slashes: bool) -> String {
    let mut made = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (slashes && byte == b'/') {
            made.push(char::from(byte));
        } else {
            made.push('%');
            for half in [byte >> 4, byte & 15] {
                made.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
            }
        }
    }
    made
}

/// The UUID of version 5 (RFC 9562, 5.5) of a name in a namespace.
pub(crate) fn uuid5(namespace: &[u8; 16], name: &[u8]) -> String {
    let digest = Sha1::new().chain_update(namespace).chain_update(name).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id[6] = id[6] & 0x0f | 0x50;
    id[8] = id[8] & 0x3f | 0x80;
    let text = hex::encode(id);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// A namespace: `dns`, `url`, `oid`, `x500` (RFC 9562, 6.6) or a UUID's text.
pub(super) fn namespace(text: &str) -> Option<[u8; 16]> {
    let text = match text {
        "dns" => "6ba7b8109dad11d180b400c04fd430c8".to_owned(),
        "url" => "6ba7b8119dad11d180b400c04fd430c8".to_owned(),
        "oid" => "6ba7b8129dad11d180b400c04fd430c8".to_owned(),
        "x500" => "6ba7b8149dad11d180b400c04fd430c8".to_owned(),
        other => other.replace('-', ""),
    };
    hex::decode(text).ok()?.try_into().ok()
}
