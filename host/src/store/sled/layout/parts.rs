//! Reading values that were cut into parts. A page of sled that grows over a quarter of its
//! segment goes to a file of its own, which is never synced and never deleted; a leaf holds some
//! twenty values, so no value may be larger than [`PART`]. Not here: writing (`write_set`).

use std::borrow::Cow;

use sled::IVec;
use sled::Tree;

use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::frame;
use crate::store::sled::layout::keys;

/// The largest value, bytes: twenty of them stay under 128 KiB, a quarter of a segment.
pub(crate) const PART: usize = 5 * 1024;

/// A value met in a scan; its body is read only when asked for.
#[derive(Debug)]
pub(crate) struct StoredValue {
    /// Its key without the part.
    pub(crate) name: Vec<u8>,
    first: IVec,
}

impl StoredValue {
    /// The head.
    pub(crate) fn head(&self) -> Result<&[u8], SledFault> {
        Ok(frame::outline(&self.name, &self.first)?.head)
    }

    /// The body, unpacked.
    pub(crate) fn body(&self, tree: &Tree) -> Result<Cow<'_, [u8]>, SledFault> {
        let total = frame::outline(&self.name, &self.first)?.total;
        if total == self.first.len() {
            return frame::body(&self.name, &self.first);
        }
        let mut whole = Vec::with_capacity(total);
        whole.extend_from_slice(&self.first);
        let rest = keys::part(&self.name, 1)..=keys::part(&self.name, u16::MAX);
        for value in tree.range(rest).values() {
            if whole.len() >= total {
                break;
            }
            whole.extend_from_slice(&value?);
        }
        Ok(Cow::Owned(frame::body(&self.name, &whole)?.into_owned()))
    }
}

/// The value of that name.
pub(crate) fn get(tree: &Tree, name: Vec<u8>) -> Result<Option<StoredValue>, SledFault> {
    Ok(tree.get(keys::part(&name, 0))?.map(|first| StoredValue { name, first }))
}

fn entry(item: Result<(IVec, IVec), sled::Error>) -> Option<Result<StoredValue, SledFault>> {
    match item {
        Err(error) => Some(Err(error.into())),
        Ok((key, first)) => match keys::split_part(&key) {
            Some((name, 0)) => Some(Ok(StoredValue { name: name.to_vec(), first })),
            _ => None,
        },
    }
}

/// Values whose names are at least `from` and whose keys are less than `to`, oldest first.
pub(crate) fn forward(
    tree: &Tree,
    from: Vec<u8>,
    to: Vec<u8>,
) -> impl Iterator<Item = Result<StoredValue, SledFault>> + use<> {
    tree.range(from..to).filter_map(entry)
}

/// The same, newest first.
pub(crate) fn backward(
    tree: &Tree,
    from: Vec<u8>,
    to: Vec<u8>,
) -> impl Iterator<Item = Result<StoredValue, SledFault>> + use<> {
    tree.range(from..to).rev().filter_map(entry)
}

/// Every value of a kind, oldest first.
pub(crate) fn all(tree: &Tree, kind: u8) -> impl Iterator<Item = Result<StoredValue, SledFault>> + use<> {
    forward(tree, vec![kind], vec![kind + 1])
}
