//! Finds modules of plugins. Not here: what is in them (`sandbox`).

use bytes::Bytes;
use sled::Tree;

use crate::domain::plugin::Digest;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;

/// The module of that digest.
pub(crate) fn get(tree: &Tree, digest: &Digest) -> Result<Option<Bytes>, SledFault> {
    match parts::get(tree, keys::module(digest))? {
        Some(entry) => Ok(Some(entry.body(tree)?.into_owned().into())),
        None => Ok(None),
    }
}
