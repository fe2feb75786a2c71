//! What plugins keep: one value per key, named by workspace, plugin and key, so that the keys of one plugin lie
//! together in order. Not here: limits (`sandbox`).

use sled::Tree;

use crate::domain::grant::KvRange;
use crate::domain::grant::KvSpace;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;

/// The value of a key.
pub(crate) fn get(tree: &Tree, space: &KvSpace, key: &str) -> Result<Option<Vec<u8>>, SledFault> {
    match parts::get(tree, keys::kv(space, key))? {
        Some(entry) => Ok(Some(entry.body(tree)?.into_owned())),
        None => Ok(None),
    }
}

/// Keys that begin with `prefix`, in order, at most `limit`.
pub(crate) fn keys(
    tree: &Tree,
    space: &KvSpace,
    prefix: &str,
    limit: usize,
) -> Result<Vec<String>, SledFault> {
    let head = keys::kv_space(space);
    let mut from = head.clone();
    from.extend_from_slice(prefix.as_bytes());
    // No key has the byte 255: it is not in UTF-8.
    let mut to = from.clone();
    to.push(u8::MAX);
    let mut found = Vec::new();
    for entry in parts::forward(tree, from, to).take(limit) {
        found.extend(key_in(&entry?.name, head.len()));
    }
    Ok(found)
}

/// Keys of a range with their values, at most `limit`.
pub(crate) fn range(
    tree: &Tree,
    space: &KvSpace,
    range: &KvRange,
    limit: usize,
) -> Result<Vec<(String, Vec<u8>)>, SledFault> {
    if range.from >= range.to {
        return Ok(Vec::new());
    }
    let head = keys::kv_space(space).len();
    let (from, to) = (keys::kv(space, &range.from), keys::kv(space, &range.to));
    let mut found = Vec::new();
    let mut take = |entry: Result<parts::StoredValue, SledFault>| {
        let entry = entry?;
        if let Some(key) = key_in(&entry.name, head) {
            found.push((key, entry.body(tree)?.into_owned()));
        }
        Ok::<(), SledFault>(())
    };
    if range.backward {
        parts::backward(tree, from, to).take(limit).try_for_each(&mut take)?;
    } else {
        parts::forward(tree, from, to).take(limit).try_for_each(&mut take)?;
    }
    Ok(found)
}

/// The key in a name, which has the space before it and a zero byte behind it.
fn key_in(name: &[u8], head: usize) -> Option<String> {
    let key = name.get(head..name.len().saturating_sub(1))?;
    std::str::from_utf8(key).ok().map(str::to_owned)
}
