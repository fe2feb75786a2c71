//! What is old whosever it is: whole chunks, and values that lie by themselves. Not here: what only some workspaces let go
//! of (`within`).

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::Expiry;
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
use crate::store::sled::upkeep::expire::live::is_live;
use crate::store::sled::upkeep::expire::step::Expired;

/// Values looked at in one step: what the other requests of a commit may have to wait for.
const STEP: usize = 100;
/// The kinds that expire, in this order.
const KINDS: [u8; 7] =
    [keys::EVENTS, keys::IDEMPOTENCY, keys::LATE, keys::LASTING_BYTES, keys::LOG, keys::ENDED, keys::UNDO];

/// What is to become of a value.
enum Fate {
    Delete,
    Keep,
    /// All that follow of this kind are too young.
    Young,
}

/// One step through all kinds.
pub(super) fn expire(commit: &mut Commit<'_>, expiry: &Expiry, from: &[u8]) -> Result<Expired, SledFault> {
    let kind = from.first().copied().unwrap_or(KINDS[0]);
    let start = if from.is_empty() { vec![kind] } else { from.to_vec() };
    let tree = commit.set.tree();
    let needed = if kind == keys::UNDO { oldest_revision(commit)? } else { 0 };
    let (mut chunks, mut seen) = (0, 0);
    for entry in parts::forward(tree, start, vec![kind + 1]) {
        let entry = entry?;
        match fate(commit, kind, &entry, expiry, needed)? {
            Fate::Delete => {
                commit.set.delete(&entry.name)?;
                chunks += u64::from(matches!(kind, keys::EVENTS | keys::LOG));
            }
            Fate::Keep => {}
            Fate::Young => break,
        }
        seen += 1;
        if seen == STEP {
            return Ok(Expired { chunks, at: keys::part(&entry.name, u16::MAX), is_done: false });
        }
    }
    let after = KINDS.iter().position(|known| *known == kind).map_or(KINDS.len(), |at| at + 1);
    let next = KINDS.get(after);
    Ok(Expired { chunks, at: next.copied().into_iter().collect(), is_done: next.is_none() })
}

fn fate(
    commit: &Commit<'_>,
    kind: u8,
    entry: &StoredValue,
    expiry: &Expiry,
    needed: u64,
) -> Result<Fate, SledFault> {
    let id = keys::id_of(&entry.name).unwrap_or_default();
    let before = |limit: Timestamp| EventId::from_bits(id).unix_millis() < limit.as_millis();
    let unless = |live: bool| if live { Fate::Keep } else { Fate::Delete };
    match kind {
        keys::EVENTS => {
            let last = event_chunk::head(entry.head()?)?.last;
            if EventId::from_bits(last).unix_millis() >= expiry.events_before.as_millis() {
                return Ok(Fate::Young);
            }
            Ok(unless(is_live(commit, id, last)?))
        }
        keys::LATE if before(expiry.events_before) => Ok(unless(is_live(commit, id, id)?)),
        keys::LASTING_BYTES if before(expiry.events_before) => {
            Ok(unless(commit.set.any(keys::LIVE, id, id)?))
        }
        keys::IDEMPOTENCY => {
            let window = commit.state.dedup.window();
            Ok(if before(commit.now.minus(window)) { Fate::Delete } else { Fate::Young })
        }
        keys::LOG => {
            let head = log_chunk::head(entry.head()?)?;
            if head.at >= expiry.log_before {
                return Ok(Fate::Young);
            }
            let events = head.all_events;
            Ok(unless(events.is_some() && is_live(commit, events.least, events.greatest)?))
        }
        keys::ENDED if before(expiry.log_before) => {
            let body = entry.body(commit.set.tree())?;
            let stored: StoredRecord = record::decode("a delivery record", &body)?;
            Ok(unless(stored.record.due >= expiry.log_before))
        }
        keys::UNDO => {
            let body = entry.body(commit.set.tree())?;
            let undo: Undo = record::decode("an older configuration", &body)?;
            let revision = keys::number_of(&entry.name).unwrap_or(u64::MAX);
            let old = undo.at < expiry.events_before && revision <= needed;
            Ok(if old { Fate::Delete } else { Fate::Young })
        }
        _ => Ok(Fate::Young),
    }
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
