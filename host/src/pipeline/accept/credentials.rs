//! Keys and passwords at a source's door. Compared as hashes, or in constant time. Not here:
//! signatures (`rules::verify`), keeping credentials out of what is kept (`rules::hide`).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use crate::control::key_hash;
use crate::control::snapshot::Snapshot;
use crate::domain::config::Source;
use crate::domain::event::Headers;
use crate::domain::time::Timestamp;
use crate::pipeline::AcceptError;

/// What every key of hookmill begins with.
const KEY_PREFIX: &str = "hm_";

/// Checks key and basic authentication; answers what vouched for the request: `key`, `basic`,
/// or nothing. A wrong key of hookmill's is refused even where none is needed.
pub(super) fn check(
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
    let mut wrong = false;
    for key in presented_keys(source, headers) {
        let found = snapshot.keys.get(&key_hash(key)).filter(|found| found.source == Some(source.id));
        if found.is_some_and(|found| found.expires_at.is_none_or(|end| now < end)) {
            return Ok("key".into());
        }
        // A provider may send keys of its own beside its signature; they are nobody's business here.
        wrong |= source.key_required || key.starts_with(KEY_PREFIX);
    }
    match (wrong, source.key_required) {
        (true, _) => Err(AcceptError::BadKey),
        (false, true) => Err(AcceptError::MissingKey { header: source.key_header.clone() }),
        (false, false) => Ok(vouched.into()),
    }
}

/// What may be a key: every value of the source's header, and a bearer token.
fn presented_keys<'a>(source: &'a Source, headers: &'a Headers) -> impl Iterator<Item = &'a str> {
    let bearers = headers.get_all("authorization").filter_map(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key)
    });
    headers.get_all(&source.key_header).chain(bearers).map(str::trim).filter(|key| !key.is_empty())
}

fn basic_of(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, coded) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(coded.trim()).ok()).flatten()
}
