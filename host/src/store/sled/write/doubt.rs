//! The time in which nothing can be written, and the commit that began it: it may be on disk or not. Not here: how
//! that is found out (`outage`).

use std::time::Instant;

use crate::store::sled::commit::CommitEffects;
use crate::store::sled::shared::Notes;

/// A commit of which nobody knows whether it is on disk.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// A key and value it would have written.
    pub(super) probe: Option<(Vec<u8>, Vec<u8>)>,
    /// What follows if it is there.
    pub(super) effects: CommitEffects,
    /// What is to be written again if it is not.
    pub(super) notes: Notes,
}

/// The time since which nothing can be written.
#[derive(Debug)]
pub(super) struct Outage {
    pub(super) doubt: Doubt,
    pub(super) tried: Instant,
}
