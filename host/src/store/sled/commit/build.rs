//! Turns the requests and notes of one commit into writes, and remembers what follows once
//! they are on disk. Nothing here is visible before that. Not here: the thread (`committer`).

use crate::domain::event::Event;
use crate::domain::event::NewEvent;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::Accepted;
use crate::store::sled::commit::state::CommitEffects;
use crate::store::sled::commit::state::CommitState;
use crate::store::sled::commit::state::ReplyTo;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::WriteSet;
use crate::store::sled::layout::event_chunk::ChunkWriter;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::log_chunk::LogWriter;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::RecoveryMark;

/// A commit in the making.
#[derive(Debug)]
pub(crate) struct Commit<'a> {
    pub(crate) state: &'a mut CommitState,
    pub(crate) set: WriteSet<'a>,
    pub(crate) effects: CommitEffects,
    pub(crate) now: Timestamp,
    pub(crate) log: LogWriter,
    /// Whether recovery must not begin before this commit, since something refers to its number.
    pub(crate) wants_mark: bool,
    chunk: ChunkWriter,
    key_list: Vec<u8>,
}

impl<'a> Commit<'a> {
    /// An empty one.
    pub(crate) fn new(state: &'a mut CommitState, tree: &'a sled::Tree, now: Timestamp) -> Self {
        let seq = state.seq;
        Self {
            state,
            set: WriteSet::new(tree),
            effects: CommitEffects::default(),
            now,
            log: LogWriter::new(seq, now),
            wants_mark: false,
            chunk: ChunkWriter::new(seq),
            key_list: Vec::new(),
        }
    }

    /// Stores events, but for those whose key was seen before.
    pub(crate) fn accept(
        &mut self,
        events: Vec<NewEvent>,
        reply: ReplyTo<Vec<Accepted>>,
    ) -> Result<(), SledFault> {
        let mut accepted = Vec::with_capacity(events.len());
        for data in events {
            let known = data.idempotency.and_then(|key| {
                let in_this_commit = self.effects.keys.get(&key).copied();
                in_this_commit.or_else(|| self.state.dedup.find(&key, self.now))
            });
            if let Some(id) = known {
                accepted.push(Accepted { id, duplicate: true });
                continue;
            }
            let id = self.state.ids.next(self.now);
            self.chunk.push(id, &data, &mut self.set)?;
            if let Some(key) = data.idempotency {
                self.key_list.extend_from_slice(&key.0);
                self.key_list.extend_from_slice(&id.bits().to_be_bytes());
                self.effects.keys.insert(key, id);
            }
            accepted.push(Accepted { id, duplicate: false });
            self.effects.events.push(Event { id, data });
        }
        self.effects.acks.push((reply, accepted));
        Ok(())
    }

    /// Writes where recovery would start if this commit were the last.
    pub(crate) fn mark(&mut self) -> Result<(), SledFault> {
        let oldest = self.state.open.iter().find(|(event, _)| !self.effects.closed.contains(event));
        let first_new = self.effects.events.first().map(|event| (event.id, self.state.seq));
        let last = self.state.ids.last();
        let (oldest_id, oldest_seq) = oldest
            .map(|(event, open)| (event, open.seq))
            .or(first_new)
            .unwrap_or((EventId::from_bits(last), self.state.seq + 1));
        let mark = RecoveryMark {
            seq: self.state.seq,
            last_id: last.to_be_bytes(),
            oldest_seq,
            oldest_id: oldest_id.bits().to_be_bytes(),
        };
        self.set.put(keys::MARK, &record::encode(&mark)?)
    }

    /// Everything that is to be written, and what follows from it.
    pub(crate) fn finish(mut self) -> (WriteSet<'a>, CommitEffects) {
        self.chunk.finish(&mut self.set);
        self.log.finish(&mut self.set);
        if let Some(event) = self.effects.events.first().filter(|_| !self.key_list.is_empty()) {
            let name = keys::by_id(keys::IDEMPOTENCY, event.id.bits());
            self.set.put_new(&name, &[], &self.key_list);
        }
        (self.set, self.effects)
    }
}
