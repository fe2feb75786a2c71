//! Deletes what is old, in bounded steps, and never what something live needs: an open event,
//! a live delivery. Not here: how old is too old (`config`) and when it is looked at (`worker`).

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::sled::commit::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::event_chunk;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::log_chunk;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::parts::StoredValue;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::StoredRecord;
use crate::store::sled::layout::record::Undo;

/// Values looked at in one step: what the other requests of a commit may have to wait for.
const STEP: usize = 100;
/// The kinds that expire, in this order.
const KINDS: [u8; 7] =
    [keys::EVENTS, keys::IDEMPOTENCY, keys::LATE, keys::LASTING_BYTES, keys::LOG, keys::ENDED, keys::UNDO];

/// A bounded piece of an expiry.
#[derive(Clone, Debug)]
pub(crate) struct ExpireStep {
    /// Events received before this go.
    pub(crate) events_before: Timestamp,
    /// Log rows written before this go.
    pub(crate) log_before: Timestamp,
    /// The key to go on from; empty at the beginning.
    pub(crate) from: Vec<u8>,
}

/// What one piece of an expiry did.
#[derive(Debug)]
pub(crate) struct Expired {
    /// Chunks deleted.
    pub(crate) chunks: u64,
    /// Where to go on; `None` at the end.
    pub(crate) next: Option<Vec<u8>>,
}

/// What is to become of a value.
enum Fate {
    Delete,
    Keep,
    /// All that follow of this kind are too young.
    Young,
}

/// One step of an expiry.
pub(crate) fn expire(commit: &mut Commit<'_>, step: &ExpireStep) -> Result<Expired, SledFault> {
    let kind = step.from.first().copied().unwrap_or(KINDS[0]);
    let start = if step.from.is_empty() { vec![kind] } else { step.from.clone() };
    let tree = commit.set.tree();
    let needed = if kind == keys::UNDO { oldest_revision(commit)? } else { 0 };
    let (mut chunks, mut seen) = (0, 0);
    for entry in parts::forward(tree, start, vec![kind + 1]) {
        let entry = entry?;
        match fate(commit, kind, &entry, step, needed)? {
            Fate::Delete => {
                commit.set.delete(&entry.name)?;
                chunks += u64::from(matches!(kind, keys::EVENTS | keys::LOG));
            }
            Fate::Keep => {}
            Fate::Young => break,
        }
        seen += 1;
        if seen == STEP {
            return Ok(Expired { chunks, next: Some(keys::part(&entry.name, u16::MAX)) });
        }
    }
    let after = KINDS.iter().position(|known| *known == kind).map_or(KINDS.len(), |at| at + 1);
    Ok(Expired { chunks, next: KINDS.get(after).map(|kind| vec![*kind]) })
}

fn fate(
    commit: &Commit<'_>,
    kind: u8,
    entry: &StoredValue,
    step: &ExpireStep,
    needed: u64,
) -> Result<Fate, SledFault> {
    let id = keys::id_of(&entry.name).unwrap_or_default();
    let before = |limit: Timestamp| EventId::from_bits(id).unix_millis() < limit.as_millis();
    let unless = |live: bool| if live { Fate::Keep } else { Fate::Delete };
    match kind {
        keys::EVENTS => {
            let last = event_chunk::head(entry.head()?)?.last;
            if EventId::from_bits(last).unix_millis() >= step.events_before.as_millis() {
                return Ok(Fate::Young);
            }
            Ok(unless(is_live(commit, id, last)?))
        }
        keys::LATE if before(step.events_before) => Ok(unless(is_live(commit, id, id)?)),
        keys::LASTING_BYTES if before(step.events_before) => {
            Ok(unless(commit.set.any(keys::LIVE, id, id)?))
        }
        keys::IDEMPOTENCY => {
            let window = commit.state.dedup.window();
            Ok(if before(commit.now.minus(window)) { Fate::Delete } else { Fate::Young })
        }
        keys::LOG => {
            let head = log_chunk::head(entry.head()?)?;
            if head.at >= step.log_before {
                return Ok(Fate::Young);
            }
            let events = head.all_events;
            Ok(unless(events.is_some() && is_live(commit, events.least, events.greatest)?))
        }
        keys::ENDED if before(step.log_before) => {
            let body = entry.body(commit.set.tree())?;
            let stored: StoredRecord = record::decode("a delivery record", &body)?;
            Ok(unless(stored.record.due >= step.log_before))
        }
        keys::UNDO => {
            let body = entry.body(commit.set.tree())?;
            let undo: Undo = record::decode("an older configuration", &body)?;
            let revision = keys::number_of(&entry.name).unwrap_or(u64::MAX);
            let old = undo.at < step.events_before && revision <= needed;
            Ok(if old { Fate::Delete } else { Fate::Young })
        }
        _ => Ok(Fate::Young),
    }
}

/// Whether any event of `first..=last` is open or has a live delivery.
fn is_live(commit: &Commit<'_>, first: u128, last: u128) -> Result<bool, SledFault> {
    if commit.state.open.any_in(first, last) {
        return Ok(true);
    }
    let last = EventId::from_bits(last).delivery(u16::MAX);
    commit.set.any(keys::LIVE, first, last.bits())
}

/// The oldest configuration that something live was made under.
fn oldest_revision(commit: &Commit<'_>) -> Result<u64, SledFault> {
    let present = commit.state.config.revision;
    let mut oldest = commit.state.open.oldest_revision().map_or(present, |open| open.min(present));
    let tree = commit.set.tree();
    for entry in parts::all(tree, keys::LIVE) {
        let stored: StoredRecord = record::decode("a delivery record", &entry?.body(tree)?)?;
        oldest = oldest.min(stored.record.revision);
    }
    Ok(oldest)
}
