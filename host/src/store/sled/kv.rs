//! What plugins keep: one value per key, named by workspace, plugin and key, so that the keys of one plugin lie
//! together in order. Not here: limits (`sandbox`).

use sled::Tree;

use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::store::sled::commit::Commit;
use crate::store::sled::fault::Fault;
use crate::store::sled::keys;
use crate::store::sled::parts;

/// Names of the values of a plugin begin with this. A plugin's name has no zero byte.
fn space_prefix(space: &KvSpace) -> Vec<u8> {
    let mut name = keys::by_id(keys::KV, space.workspace.bits());
    name.extend_from_slice(space.plugin.as_bytes());
    name.push(0);
    name
}

/// The zero byte at the end keeps the parts of a key apart from keys that begin with it.
fn name_of(space: &KvSpace, key: &str) -> Vec<u8> {
    let mut name = space_prefix(space);
    name.extend_from_slice(key.as_bytes());
    name.push(0);
    name
}

/// The value of a key.
pub(super) fn get(tree: &Tree, space: &KvSpace, key: &str) -> Result<Option<Vec<u8>>, Fault> {
    match parts::get(tree, name_of(space, key))? {
        Some(entry) => Ok(Some(entry.body(tree)?.into_owned())),
        None => Ok(None),
    }
}

/// Keys that begin with `prefix`, in order, at most `limit`.
pub(super) fn keys(tree: &Tree, space: &KvSpace, prefix: &str, limit: usize) -> Result<Vec<String>, Fault> {
    let head = space_prefix(space);
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

impl Commit<'_> {
    /// Adds one write of a plugin to the commit.
    pub(super) fn keep_for_plugin(&mut self, write: &KvWrite) -> Result<(), Fault> {
        let name = name_of(&write.space, &write.key);
        match &write.value {
            Some(value) => self.set.put(&name, value),
            None => self.set.delete(&name),
        }
    }
}
