//! What plugins keep: one value per key, named by workspace, plugin and key, so that the keys of one plugin lie
//! together in order. Not here: limits (`sandbox`).

use sled::Tree;

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
        let name = entry?.name;
        let key =
            name.get(head.len()..name.len().saturating_sub(1)).and_then(|key| std::str::from_utf8(key).ok());
        found.extend(key.map(str::to_owned));
    }
    Ok(found)
}
