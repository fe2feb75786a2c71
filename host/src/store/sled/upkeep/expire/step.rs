//! What a step of an expiry is asked for, and its answer.

use std::sync::Arc;

use crate::domain::time::Timestamp;
use crate::store::Expiry;
use crate::store::sled::layout::record::LookedPlaces;

/// A bounded piece of an expiry.
#[derive(Clone, Debug)]
pub(crate) struct ExpireStep {
    /// What is old.
    pub(crate) expiry: Arc<Expiry>,
    /// Where it is looked for.
    pub(crate) look: ExpireLook,
    /// The key to go on from; empty at the beginning of what has only one.
    pub(crate) from: Vec<u8>,
}

/// Where old things are looked for.
#[derive(Clone, Debug)]
pub(crate) enum ExpireLook {
    /// What is old whosever it is.
    Old,
    /// What is old of workspaces that keep less, in chunks that hold something alive of them.
    Left,
    /// The same in chunks that are older than this.
    Within {
        /// What younger ones hold is old of nobody who is looked for.
        until: Timestamp,
    },
    /// Nowhere: so far has been looked.
    Nowhere(LookedPlaces),
}

/// What one piece of an expiry did.
#[derive(Debug)]
pub(crate) struct Expired {
    /// Chunks deleted, or made smaller.
    pub(crate) chunks: u64,
    /// Where to go on; at the end, the first that was not looked at.
    pub(crate) at: Vec<u8>,
    /// Whether this is the end.
    pub(crate) is_done: bool,
}
