//! Revisions of the configuration: the documents now, and for each revision what it replaced.
//! Not here: what is in the documents (`domain::config`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use sled::Tree;

use crate::store::ConfigState;
use crate::store::ConfigWrite;
use crate::store::sled::commit::Commit;
use crate::store::sled::fault::Fault;
use crate::store::sled::keys;
use crate::store::sled::parts;
use crate::store::sled::record;
use crate::store::sled::record::Undo;

impl Commit<'_> {
    /// Writes documents; answers the new revision, which is greater than `above`.
    pub(super) fn configure(&mut self, writes: &[ConfigWrite], above: u64) -> Result<u64, Fault> {
        let present = self.effects.config.as_ref().unwrap_or(&self.state.config);
        let revision = present.revision.max(above) + 1;
        let mut documents: BTreeMap<String, Vec<u8>> = present.documents.iter().cloned().collect();
        let mut before = Vec::with_capacity(writes.len());
        for write in writes {
            let name = keys::by_text(keys::CONFIG, &write.key);
            let old = match &write.document {
                Some(document) => {
                    self.set.put(&name, document)?;
                    documents.insert(write.key.clone(), document.clone())
                }
                None => {
                    self.set.delete(&name)?;
                    documents.remove(&write.key)
                }
            };
            before.push((write.key.clone(), old));
        }
        let undo = record::encode(&Undo { at: self.now, before })?;
        self.set.put(&keys::by_number(keys::UNDO, revision), &undo)?;
        self.set.put(keys::REVISION, &record::encode(&revision)?)?;
        let documents = documents.into_iter().collect();
        self.effects.config = Some(Arc::new(ConfigState { revision, documents }));
        Ok(revision)
    }
}

/// The configuration as stored.
pub(super) fn load(tree: &Tree) -> Result<ConfigState, Fault> {
    let revision = match parts::get(tree, keys::REVISION.to_vec())? {
        Some(entry) => record::decode("the configuration", &entry.body(tree)?)?,
        None => 0,
    };
    let mut documents = Vec::new();
    for entry in parts::all(tree, keys::CONFIG) {
        let entry = entry?;
        let bad = Fault::Bad { what: "the configuration", why: "has a key that is not text" };
        let key = keys::text_of(&entry.name).ok_or(bad)?.to_owned();
        documents.push((key, entry.body(tree)?.into_owned()));
    }
    Ok(ConfigState { revision, documents })
}

/// The configuration at each of these revisions that is still known, oldest first.
pub(super) fn at(tree: &Tree, now: &ConfigState, wanted: &BTreeSet<u64>) -> Result<Vec<ConfigState>, Fault> {
    let mut found = Vec::new();
    let Some(oldest) = wanted.first() else { return Ok(found) };
    let mut documents: BTreeMap<String, Vec<u8>> = now.documents.iter().cloned().collect();
    let mut keep = |revision: u64, documents: &BTreeMap<String, Vec<u8>>| {
        let documents = documents.iter().map(|(key, text)| (key.clone(), text.clone())).collect();
        found.push(ConfigState { revision, documents });
    };
    // These documents were in force from the revision that wrote them until before this one.
    let mut below = now.revision.saturating_add(1);
    let from = keys::by_number(keys::UNDO, *oldest);
    let to = keys::by_number(keys::UNDO, below);
    for entry in parts::backward(tree, from.min(to.clone()), to) {
        let entry = entry?;
        let undo: Undo = record::decode("an older configuration", &entry.body(tree)?)?;
        let revision = keys::number_of(&entry.name).unwrap_or_default().min(below);
        for known in wanted.range(revision..below) {
            keep(*known, &documents);
        }
        for (key, document) in undo.before.into_iter().rev() {
            match document {
                Some(document) => documents.insert(key, document),
                None => documents.remove(&key),
            };
        }
        below = revision;
    }
    if let Some(before) = below.checked_sub(1).filter(|before| wanted.contains(before)) {
        keep(before, &documents);
    }
    found.sort_by_key(|state| state.revision);
    Ok(found)
}
