//! What is counted of each rollout, by its id: snapshots of several revisions share it. Not here: counting.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Weak;

use parking_lot::Mutex;

use crate::control::rollouts::Watch;
use crate::domain::id::RolloutId;

/// See the head of this file. What no snapshot has any more is forgotten.
#[derive(Debug, Default)]
pub struct Rollouts {
    watches: Mutex<HashMap<RolloutId, Weak<Watch>>>,
}

impl Rollouts {
    /// The counts of a rollout; new ones, if nobody has any.
    pub(crate) fn watch(&self, id: RolloutId) -> Arc<Watch> {
        let mut watches = self.watches.lock();
        if let Some(watch) = watches.get(&id).and_then(Weak::upgrade) {
            return watch;
        }
        watches.retain(|_, watch| watch.strong_count() > 0);
        let watch = Arc::new(Watch::default());
        watches.insert(id, Arc::downgrade(&watch));
        watch
    }
}
