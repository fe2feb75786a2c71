//! What a workspace's inboxes have, by its keys: a cache of the store's, with what this node has written and the store
//! has not yet on disk. So what is pushed out does not depend on how far the store has come, and no attempt has to read
//! it. The sweep holds it against the store.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::delivery::transport::inbox::key::InboxKey;
use crate::domain::destination::INBOX_BYTES_MAX;
use crate::domain::destination::INBOX_REQUESTS_MAX;
use crate::domain::id::WorkspaceId;

/// Those of all workspaces that got something since the start.
#[derive(Debug, Default)]
pub(in crate::delivery) struct InboxIndexes(Mutex<HashMap<WorkspaceId, Arc<tokio::sync::Mutex<InboxIndex>>>>);

impl InboxIndexes {
    /// That of a workspace. Whoever holds it decides what goes.
    pub(super) fn of(&self, workspace: WorkspaceId) -> Arc<tokio::sync::Mutex<InboxIndex>> {
        self.0.lock().entry(workspace).or_default().clone()
    }

    /// Lets go of those of workspaces that are gone.
    pub(super) fn retain(&self, stays: impl Fn(WorkspaceId) -> bool) {
        self.0.lock().retain(|workspace, _| stays(*workspace));
    }
}

/// That of one workspace.
#[derive(Debug, Default)]
pub(super) struct InboxIndex {
    /// The newest first; `None` before the store was read.
    keys: Option<VecDeque<InboxKey>>,
}

impl InboxIndex {
    /// Whether it knows what the store has.
    pub(super) fn is_loaded(&self) -> bool {
        self.keys.is_some()
    }

    /// What is in it, the newest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = InboxKey> + '_ {
        self.keys.iter().flatten().copied()
    }

    /// Knows these from now on, the newest first; answers those for which there is no room.
    pub(super) fn load(&mut self, keys: Vec<InboxKey>) -> Vec<InboxKey> {
        self.keys = Some(keys.into());
        self.pushed_out()
    }

    /// One more; answers those that it pushes out.
    pub(super) fn put(&mut self, key: InboxKey) -> Vec<InboxKey> {
        self.keys.get_or_insert_default().push_front(key);
        self.pushed_out()
    }

    /// The oldest for which there is no room. The newest always has some.
    fn pushed_out(&mut self) -> Vec<InboxKey> {
        let Some(keys) = &mut self.keys else { return Vec::new() };
        let mut bytes: usize = keys.iter().map(|key| key.bytes).sum();
        let mut out = Vec::new();
        while keys.len() > 1 && (keys.len() > INBOX_REQUESTS_MAX || bytes > INBOX_BYTES_MAX) {
            let Some(oldest) = keys.pop_back() else { break };
            bytes -= oldest.bytes;
            out.push(oldest);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::DestinationId;

    fn key(order: u128, bytes: usize) -> InboxKey {
        InboxKey { order, destination: DestinationId::from_bits(7), bytes }
    }

    fn orders(keys: &[InboxKey]) -> Vec<u128> {
        keys.iter().map(|key| key.order).collect()
    }

    #[test]
    fn the_oldest_are_pushed_out_however_far_the_store_is() {
        let mut index = InboxIndex::default();
        assert!(!index.is_loaded());
        let out = index.load((0..600).rev().map(|order| key(order, 10)).collect());
        assert_eq!((out.len(), out[0].order, out[99].order), (100, 0, 99));
        for order in 600..2000 {
            assert_eq!(orders(&index.put(key(order, 10))), [order - 500]);
        }
        assert_eq!(index.keys().count(), 500);
    }

    #[test]
    fn what_is_long_pushes_out_several_and_has_room_itself() {
        let mut index = InboxIndex::default();
        let third = INBOX_BYTES_MAX / 3;
        assert_eq!(orders(&index.load(vec![key(2, third), key(1, third), key(0, third)])), [0; 0]);
        assert_eq!(orders(&index.put(key(3, 2 * third))), [0, 1]);
        assert_eq!(orders(&index.put(key(4, 2 * INBOX_BYTES_MAX))), [2, 3]);
        assert_eq!(index.keys().map(|key| key.order).collect::<Vec<_>>(), [4]);
    }
}
