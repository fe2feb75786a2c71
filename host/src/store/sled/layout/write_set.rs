//! What one commit will write, readable before it is written: later changes of a commit see
//! the earlier ones. Not here: what is in the values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sled::Tree;

use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::frame;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::parts::PART;

/// Puts and deletions of one commit.
#[derive(Debug)]
pub(crate) struct WriteSet<'a> {
    tree: &'a Tree,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> WriteSet<'a> {
    /// An empty one over what is stored.
    pub(crate) fn new(tree: &'a Tree) -> Self {
        Self { tree, writes: BTreeMap::new() }
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// What is stored, without what is to be written.
    pub(crate) fn tree(&self) -> &'a Tree {
        self.tree
    }

    /// Stores a value whose name was never used before.
    pub(crate) fn put_new(&mut self, name: &[u8], head: &[u8], body: &[u8]) {
        let frame = frame::seal(name, head, body);
        for (number, piece) in frame.chunks(PART).enumerate() {
            self.writes.insert(keys::part(name, number as u16), Some(piece.to_vec()));
        }
    }

    /// Stores a value in place of what has that name.
    pub(crate) fn put(&mut self, name: &[u8], body: &[u8]) -> Result<(), SledFault> {
        self.replace(name, &[], body)
    }

    /// The same with a head.
    pub(crate) fn replace(&mut self, name: &[u8], head: &[u8], body: &[u8]) -> Result<(), SledFault> {
        self.delete(name)?;
        self.put_new(name, head, body);
        Ok(())
    }

    /// The body of that name, as it will be after this commit.
    pub(crate) fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, SledFault> {
        match self.writes.get(&keys::part(name, 0)) {
            Some(None) => Ok(None),
            Some(Some(_)) => {
                let range = keys::part(name, 0)..=keys::part(name, u16::MAX);
                let pieces = self.writes.range(range).filter_map(|(_, value)| value.as_deref());
                let whole: Vec<u8> = pieces.flatten().copied().collect();
                Ok(Some(frame::body(name, &whole)?.into_owned()))
            }
            None => match parts::get(self.tree, name.to_vec())? {
                Some(entry) => Ok(Some(entry.body(self.tree)?.into_owned())),
                None => Ok(None),
            },
        }
    }

    /// Deletes the value of that name, if there is one.
    pub(crate) fn delete(&mut self, name: &[u8]) -> Result<(), SledFault> {
        let range = || keys::part(name, 0)..=keys::part(name, u16::MAX);
        for (_, value) in self.writes.range_mut(range()) {
            *value = None;
        }
        for key in self.tree.range(range()).keys() {
            self.writes.insert(key?.to_vec(), None);
        }
        Ok(())
    }

    /// Whether there is any value of that kind for an id in `from..=to`.
    pub(crate) fn any(&self, kind: u8, from: u128, to: u128) -> Result<bool, SledFault> {
        if from > to {
            return Ok(false);
        }
        let range = || keys::by_id(kind, from)..=keys::part(&keys::by_id(kind, to), u16::MAX);
        if self.writes.range(range()).any(|(_, value)| value.is_some()) {
            return Ok(true);
        }
        for key in self.tree.range(range()).keys() {
            if !self.writes.contains_key(key?.as_ref()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The names of all values of that kind for an id in `from..=to`, as it will be after this commit.
    pub(crate) fn names(&self, kind: u8, from: u128, to: u128) -> Result<BTreeSet<Vec<u8>>, SledFault> {
        let range = || keys::by_id(kind, from)..=keys::part(&keys::by_id(kind, to), u16::MAX);
        let first_part = |key: &[u8]| match keys::split_part(key) {
            Some((name, 0)) => Some(name.to_vec()),
            _ => None,
        };
        let written = self.writes.range(range()).filter(|(_, value)| value.is_some());
        let mut names: BTreeSet<Vec<u8>> = written.filter_map(|(key, _)| first_part(key)).collect();
        for key in self.tree.range(range()).keys() {
            let key = key?;
            if !self.writes.contains_key(key.as_ref()) {
                names.extend(first_part(&key));
            }
        }
        Ok(names)
    }

    /// One thing this commit puts, to see later whether it went through.
    pub(crate) fn probe(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.writes.iter().find_map(|(key, value)| Some((key.clone(), value.clone()?)))
    }

    /// For sled.
    pub(crate) fn into_batch(self) -> sled::Batch {
        let mut batch = sled::Batch::default();
        for (key, value) in self.writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        batch
    }
}
