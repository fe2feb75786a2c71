//! Keys and passwords at a source's door. Compared as hashes, or in constant time. Not here:
//! signatures (`rules::verify`), keeping credentials out of what is kept (`rules::hide`).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::domain::config::Source;
use crate::domain::event::Headers;
use crate::domain::time::Timestamp;
use crate::flow::error::AcceptError;
use crate::flow::snapshot::Snapshot;

/// What every key of hookmill begins with.
const KEY_PREFIX: &str = "hm_";

/// The hash a key is known by: SHA-256, hex. Keys have 256 random bits, so no salt is needed.
pub fn key_hash(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}

/// Checks key and basic authentication; answers what vouched for the request: `key`, `basic`,
/// or nothing. A wrong key is refused even where none is needed.
pub fn check(
    snapshot: &Snapshot,
    source: &Source,
    headers: &Headers,
    now: Timestamp,
) -> Result<Arc<str>, AcceptError> {
    let mut vouched = "";
    if let Some(wanted) = &source.basic {
        let given = headers.get("authorization").and_then(basic_of).ok_or(AcceptError::BadBasic)?;
        let wanted = format!("{}:{}", wanted.username, wanted.password.0.expose());
        if !bool::from(given.as_slice().ct_eq(wanted.as_bytes())) {
            return Err(AcceptError::BadBasic);
        }
        vouched = "basic";
    }
    match presented_key(source, headers) {
        Some(key) => {
            let found = snapshot.keys.get(&key_hash(key));
            let found = found.filter(|found| found.source == Some(source.id));
            let live = found.is_some_and(|found| found.expires_at.is_none_or(|end| now < end));
            if live { Ok("key".into()) } else { Err(AcceptError::BadKey) }
        }
        None if source.key_required => Err(AcceptError::MissingKey { header: source.key_header.clone() }),
        None => Ok(vouched.into()),
    }
}

fn presented_key<'a>(source: &Source, headers: &'a Headers) -> Option<&'a str> {
    headers.get(&source.key_header).or_else(|| {
        let (scheme, key) = headers.get("authorization")?.split_once(' ')?;
        let bearer = scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())?;
        // A provider may send a bearer token of its own beside its signature.
        (source.key_required || bearer.starts_with(KEY_PREFIX)).then_some(bearer)
    })
}

fn basic_of(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, coded) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(coded.trim()).ok()).flatten()
}
