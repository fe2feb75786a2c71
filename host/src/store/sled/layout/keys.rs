//! How keys are spelt: one letter for the kind, then big-endian numbers, so that keys sort by
//! time. Every stored value may be cut into parts; its *name* is the key without the two bytes
//! of the part's number. Not here: values.

use crate::domain::grant::KvSpace;
use crate::domain::plugin::Digest;

/// The events of a commit, or a slice of them: `e`, first event id.
pub(crate) const EVENTS: u8 = b'e';
/// Log rows and closes: `l`, commit, chunk within the commit.
pub(crate) const LOG: u8 = b'l';
/// The record of a live delivery: `d`, delivery id.
pub(crate) const LIVE: u8 = b'd';
/// The record of a delivery that ended: `h`, delivery id.
pub(crate) const ENDED: u8 = b'h';
/// The bytes of a live delivery: `b`, delivery id.
pub(crate) const BYTES: u8 = b'b';
/// The bytes of a delivery that could not be made again: `y`, delivery id.
pub(crate) const LASTING_BYTES: u8 = b'y';
/// Where rows are that came after their event was closed: `p`, event id.
pub(crate) const LATE: u8 = b'p';
/// Idempotency keys of a commit: `i`, first event id.
pub(crate) const IDEMPOTENCY: u8 = b'i';
/// A document of the configuration: `c`, its key.
pub(crate) const CONFIG: u8 = b'c';
/// What a revision replaced: `r`, revision.
pub(crate) const UNDO: u8 = b'r';
/// Older versions kept small values of the application here: `k`, its key. Nobody reads them any more.
const META: u8 = b'k';
/// A value that a plugin keeps: `x`, workspace, plugin, its key.
pub(crate) const KV: u8 = b'x';
/// A module of a plugin: `w`, its digest.
pub(crate) const MODULE: u8 = b'w';
/// Chunks that hold what is old of a workspace that keeps less than others, and alive: `o`, the chunk's name.
pub(crate) const LEFT: u8 = b'o';
/// Up to where chunks were looked into for what is old of such workspaces.
pub(crate) const LOOKED: &[u8] = b"s";
/// Where recovery starts.
pub(crate) const MARK: &[u8] = b"m";
/// The present revision of the configuration.
pub(crate) const REVISION: &[u8] = b"v";

/// The name of a value that is found by a 128-bit id.
pub(crate) fn by_id(kind: u8, id: u128) -> Vec<u8> {
    let mut name = Vec::with_capacity(19);
    name.push(kind);
    name.extend_from_slice(&id.to_be_bytes());
    name
}

/// The name of a value that is found by a counter.
pub(crate) fn by_number(kind: u8, number: u64) -> Vec<u8> {
    let mut name = Vec::with_capacity(13);
    name.push(kind);
    name.extend_from_slice(&number.to_be_bytes());
    name
}

/// The name of a value that is found by a text. The zero byte at its end keeps the parts of one
/// text apart from texts that begin with it.
pub(crate) fn by_text(kind: u8, text: &str) -> Vec<u8> {
    let mut name = Vec::with_capacity(text.len() + 4);
    name.push(kind);
    name.extend_from_slice(text.as_bytes());
    name.push(0);
    name
}

/// The text in a name made by [`by_text`].
pub(crate) fn text_of(name: &[u8]) -> Option<&str> {
    std::str::from_utf8(name.get(1..name.len().checked_sub(1)?)?).ok()
}

/// The name of a chunk of the log.
pub(crate) fn log_chunk(seq: u64, chunk: u16) -> Vec<u8> {
    let mut name = by_number(LOG, seq);
    name.extend_from_slice(&chunk.to_be_bytes());
    name
}

/// Names of the values of a plugin begin with this. A plugin's name has no zero byte.
pub(crate) fn kv_space(space: &KvSpace) -> Vec<u8> {
    let mut name = by_id(KV, space.workspace.bits());
    name.extend_from_slice(space.plugin.as_bytes());
    name.push(0);
    name
}

/// The zero byte at the end keeps the parts of a key apart from keys that begin with it.
pub(crate) fn kv(space: &KvSpace, key: &str) -> Vec<u8> {
    let mut name = kv_space(space);
    name.extend_from_slice(key.as_bytes());
    name.push(0);
    name
}

/// The name of a module.
pub(crate) fn module(digest: &Digest) -> Vec<u8> {
    let mut name = Vec::with_capacity(35);
    name.push(MODULE);
    name.extend_from_slice(digest.as_bytes());
    name
}

/// The name under which it is remembered that something was left in a chunk.
pub(crate) fn left(chunk: &[u8]) -> Vec<u8> {
    [&[LEFT], chunk].concat()
}

/// The chunk in a name made by [`left`].
pub(crate) fn left_in(name: &[u8]) -> &[u8] {
    name.get(1..).unwrap_or_default()
}

/// The name that comes next of the same kind and length.
pub(crate) fn after(name: &[u8]) -> Vec<u8> {
    let mut next = name.to_vec();
    for byte in next.iter_mut().skip(1).rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    next
}

/// The key of one part.
pub(crate) fn part(name: &[u8], number: u16) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 2);
    key.extend_from_slice(name);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Name and part number of a key; `None` if it is too short to be one of ours.
pub(crate) fn split_part(key: &[u8]) -> Option<(&[u8], u16)> {
    let (name, number) = key.split_last_chunk::<2>()?;
    (!name.is_empty()).then(|| (name, u16::from_be_bytes(*number)))
}

/// The id in a name made by [`by_id`].
pub(crate) fn id_of(name: &[u8]) -> Option<u128> {
    name.get(1..)?.try_into().ok().map(u128::from_be_bytes)
}

/// The counter at the head of a name made by [`by_number`] or [`log_chunk`].
pub(crate) fn number_of(name: &[u8]) -> Option<u64> {
    name.get(1..9)?.try_into().ok().map(u64::from_be_bytes)
}

/// What a kind is called in error messages.
pub(crate) fn describe(name: &[u8]) -> &'static str {
    match name.first() {
        Some(&EVENTS) => "a chunk of events",
        Some(&LOG) => "a chunk of the log",
        Some(&LIVE | &ENDED) => "a delivery record",
        Some(&BYTES | &LASTING_BYTES) => "the bytes of a delivery",
        Some(&LATE) => "a list of late log rows",
        Some(&IDEMPOTENCY) => "a list of idempotency keys",
        Some(&CONFIG | b'v') => "the configuration",
        Some(&UNDO) => "an older configuration",
        Some(&META) => "a kept value",
        Some(&MODULE) => "a module of a plugin",
        Some(&KV) => "a plugin's value",
        Some(b'm') => "the recovery mark",
        Some(&LEFT) => "a list of events that outlived their time",
        Some(b's') => "the places that retention has come to",
        _ => "an unknown value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_name_comes_next() {
        assert_eq!(after(&by_id(EVENTS, 0x1ff)), by_id(EVENTS, 0x200));
        assert_eq!(after(&log_chunk(7, u16::MAX)), log_chunk(8, 0));
        assert_eq!(left_in(&left(&log_chunk(7, 1))), log_chunk(7, 1));
    }
}
