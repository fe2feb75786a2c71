//! Revisions of the configuration: the documents now, and for each revision what it replaced.
//! Not here: what is in the documents (`domain::config`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sled::Tree;

use crate::store::ConfigState;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::Undo;

/// The configuration as stored.
pub(crate) fn load(tree: &Tree) -> Result<ConfigState, SledFault> {
    let revision = match parts::get(tree, keys::REVISION.to_vec())? {
        Some(entry) => record::decode("the configuration", &entry.body(tree)?)?,
        None => 0,
    };
    let mut documents = Vec::new();
    for entry in parts::all(tree, keys::CONFIG) {
        let entry = entry?;
        let bad = SledFault::Bad { what: "the configuration", why: "has a key that is not text" };
        let key = keys::text_of(&entry.name).ok_or(bad)?.to_owned();
        documents.push((key, entry.body(tree)?.into_owned()));
    }
    Ok(ConfigState { revision, documents })
}

/// The configuration at each of these revisions that is still known, oldest first.
pub(crate) fn at(
    tree: &Tree,
    now: &ConfigState,
    wanted: &BTreeSet<u64>,
) -> Result<Vec<ConfigState>, SledFault> {
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
