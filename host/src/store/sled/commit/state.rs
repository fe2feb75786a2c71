//! What the committer knows between commits, and what follows once one of them is on disk. Not here: what a commit
//! writes (`build`).

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::domain::event::Event;
use crate::domain::event::IdempotencyKey;
use crate::domain::id::EventId;
use crate::domain::id::IdSet;
use crate::store::Accepted;
use crate::store::ConfigState;
use crate::store::StoreError;
use crate::store::sled::commit::dedup::Dedup;
use crate::store::sled::commit::ids::IdMaker;
use crate::store::sled::commit::open_events::OpenEvents;
use crate::store::sled::commit::open_events::OpenPlace;

/// The way back to who asked.
pub(crate) type ReplyTo<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the committer knows between commits. Changes only when a commit is on disk, but for
/// the ids, which may have gaps.
#[derive(Debug)]
pub(crate) struct CommitState {
    /// The number of the next commit.
    pub(crate) seq: u64,
    /// Event ids.
    pub(crate) ids: IdMaker,
    /// Idempotency keys.
    pub(crate) dedup: Dedup,
    /// Events that recovery would find again.
    pub(crate) open: OpenEvents,
    /// The configuration.
    pub(crate) config: Arc<ConfigState>,
}

/// What follows when the commit is on disk.
#[derive(Debug, Default)]
pub(crate) struct CommitEffects {
    /// New events, in order.
    pub(crate) events: Vec<Event>,
    /// Answers to those who sent them.
    pub(crate) acks: Vec<(ReplyTo<Vec<Accepted>>, Vec<Accepted>)>,
    /// Events that are closed now.
    pub(crate) closed: IdSet<EventId>,
    /// The configuration, if it changed.
    pub(crate) config: Option<Arc<ConfigState>>,
    pub(super) keys: HashMap<IdempotencyKey, EventId>,
}

impl CommitState {
    /// The commit is on disk.
    pub(crate) fn apply(&mut self, effects: &mut CommitEffects) {
        for event in &effects.events {
            let open = OpenPlace { seq: self.seq, revision: event.data.revision };
            self.open.insert(event.id, open);
            if let Some(key) = event.data.idempotency {
                self.dedup.insert(key, event.id);
            }
        }
        for event in effects.closed.drain() {
            self.open.remove(event);
        }
        if let Some(config) = &effects.config {
            self.config = Arc::clone(config);
        }
        self.seq += 1;
    }
}
