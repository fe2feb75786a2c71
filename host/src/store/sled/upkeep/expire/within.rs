//! What is old of a workspace that keeps less than others, in chunks that stay: they are written again without it, so that
//! its bytes are gone. A chunk with something alive of it is remembered, and looked into again when that has ended. Not
//! here: which chunks are looked at (`places`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::Expiry;
use crate::store::sled::commit::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::event_chunk;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::log_chunk;
use crate::store::sled::layout::log_chunk::Subject;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::parts::StoredValue;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::StoredRecord;
use crate::store::sled::upkeep::expire::live::is_live;
use crate::store::sled::upkeep::expire::step::Expired;

/// Bytes unpacked in one step: what the other requests of a commit may have to wait for.
const STEP_BYTES: usize = 1 << 20;
/// What looking for something by its id counts, in such bytes.
const SEEK: usize = 512;

/// What looking into a chunk came to.
#[derive(Debug, Default)]
struct Thinned {
    /// Whether anything went.
    is_thinner: bool,
    /// What it cost, in bytes.
    cost: usize,
}

/// One step through the chunks that are older than that.
pub(super) fn look(
    commit: &mut Commit<'_>,
    expiry: &Expiry,
    from: &[u8],
    until: Timestamp,
) -> Result<Expired, SledFault> {
    let kind = from.first().copied().unwrap_or(keys::EVENTS);
    let (mut chunks, mut cost, mut at) = (0, 0, from.to_vec());
    for entry in parts::forward(commit.set.tree(), at.clone(), vec![kind + 1]) {
        let entry = entry?;
        if written_at(&entry)? >= until {
            at = entry.name;
            break;
        }
        let thinned = thin(commit, expiry, &entry)?;
        chunks += u64::from(thinned.is_thinner);
        cost += thinned.cost;
        at = keys::after(&entry.name);
        if cost >= STEP_BYTES {
            return Ok(Expired { chunks, at, is_done: false });
        }
    }
    Ok(Expired { chunks, at, is_done: true })
}

/// One step through the chunks in which something was left.
pub(super) fn look_again(
    commit: &mut Commit<'_>,
    expiry: &Expiry,
    from: &[u8],
) -> Result<Expired, SledFault> {
    let mut at = if from.is_empty() { vec![keys::LEFT] } else { from.to_vec() };
    let tree = commit.set.tree();
    let (mut chunks, mut cost) = (0, 0);
    for entry in parts::forward(tree, at.clone(), vec![keys::LEFT + 1]) {
        let entry = entry?;
        let alive: Vec<EventId> =
            record::decode("a list of events that outlived their time", &entry.body(tree)?)?;
        cost += SEEK * (1 + alive.len());
        let mut has_ended = false;
        for event in alive {
            has_ended = has_ended || !is_live(commit, event.bits(), event.bits())?;
        }
        let chunk = keys::left_in(&entry.name).to_vec();
        match parts::get(tree, chunk)? {
            Some(chunk) if has_ended => {
                let thinned = thin(commit, expiry, &chunk)?;
                chunks += u64::from(thinned.is_thinner);
                cost += thinned.cost;
            }
            Some(_) => {}
            None => commit.set.delete(&entry.name)?,
        }
        at = keys::after(&entry.name);
        if cost >= STEP_BYTES {
            return Ok(Expired { chunks, at, is_done: false });
        }
    }
    Ok(Expired { chunks, at, is_done: true })
}

/// When the youngest in a chunk was written.
fn written_at(entry: &StoredValue) -> Result<Timestamp, SledFault> {
    match entry.name.first() {
        Some(&keys::LOG) => Ok(log_chunk::head(entry.head()?)?.at),
        _ => {
            let last = event_chunk::head(entry.head()?)?.last;
            Ok(Timestamp::from_millis(EventId::from_bits(last).unix_millis()))
        }
    }
}

fn thin(commit: &mut Commit<'_>, expiry: &Expiry, entry: &StoredValue) -> Result<Thinned, SledFault> {
    match entry.name.first() {
        Some(&keys::LOG) => thin_log(commit, expiry, entry),
        _ => thin_events(commit, expiry, entry),
    }
}

/// Takes old events out of a chunk, and what lies by itself of each.
fn thin_events(commit: &mut Commit<'_>, expiry: &Expiry, entry: &StoredValue) -> Result<Thinned, SledFault> {
    let body = entry.body(commit.set.tree())?;
    let (mut gone, mut alive) = (BTreeSet::new(), BTreeSet::new());
    for row in event_chunk::rows(&body)? {
        let Some(before) = expiry.of(row.fields()?.workspace) else { continue };
        if row.id.unix_millis() < before.as_millis() {
            let is_live = is_live(commit, row.id.bits(), row.id.bits())?;
            (if is_live { &mut alive } else { &mut gone }).insert(row.id);
        }
    }
    let thinned = Thinned {
        is_thinner: !gone.is_empty(),
        cost: body.len() + SEEK * (1 + alive.len() + 4 * gone.len()),
    };
    remember(commit, &entry.name, &alive)?;
    if gone.is_empty() {
        return Ok(thinned);
    }
    let (head, rest) = event_chunk::without(&event_chunk::head(entry.head()?)?, &body, &gone)?;
    put_thinner(commit, &entry.name, &head, &rest)?;
    for event in gone {
        for kind in [keys::ENDED, keys::LASTING_BYTES] {
            let (first, last) = (event.delivery(0).bits(), event.delivery(u16::MAX).bits());
            for name in commit.set.names(kind, first, last)? {
                commit.set.delete(&name)?;
            }
        }
        commit.set.delete(&keys::by_id(keys::LATE, event.bits()))?;
    }
    Ok(thinned)
}

/// Takes rows out of a chunk that was written long enough ago, and the records of deliveries that ended by then.
fn thin_log(commit: &mut Commit<'_>, expiry: &Expiry, entry: &StoredValue) -> Result<Thinned, SledFault> {
    let body = entry.body(commit.set.tree())?;
    let head = log_chunk::head(entry.head()?)?;
    let mut gone = BTreeSet::new();
    // Whether each event is alive, and before when its records go.
    let mut events: BTreeMap<EventId, (bool, Timestamp)> = BTreeMap::new();
    for (place, row) in log_chunk::read(&head, &body)?.1.into_iter().enumerate() {
        let Some(before) = expiry.of(row.entry()?.workspace()) else { continue };
        if head.at >= before {
            continue;
        }
        let is_live = match row.subject {
            Subject::Rejection(_) => false,
            Subject::Event(event) => match events.get(&event) {
                Some((is_live, _)) => *is_live,
                None => {
                    let is_live = is_live(commit, event.bits(), event.bits())?;
                    events.insert(event, (is_live, before));
                    is_live
                }
            },
        };
        if !is_live {
            gone.insert(place);
        }
    }
    let alive = events.iter().filter(|(_, (is_live, _))| *is_live).map(|(event, _)| *event).collect();
    let thinned = Thinned { is_thinner: !gone.is_empty(), cost: body.len() + SEEK * (1 + 2 * events.len()) };
    remember(commit, &entry.name, &alive)?;
    if gone.is_empty() {
        return Ok(thinned);
    }
    let rest = log_chunk::without(&head, &body, &gone)?;
    put_thinner(commit, &entry.name, entry.head()?, &rest)?;
    for (event, (_, before)) in events.into_iter().filter(|(_, (is_live, _))| !is_live) {
        forget_ended(commit, event, before)?;
    }
    Ok(thinned)
}

/// A chunk without what went; none if nothing stays.
fn put_thinner(commit: &mut Commit<'_>, name: &[u8], head: &[u8], rest: &[u8]) -> Result<(), SledFault> {
    match rest.is_empty() {
        true => commit.set.delete(name),
        false => commit.set.replace(name, head, rest),
    }
}

/// Notes which old events of a chunk are alive, or that none is.
fn remember(commit: &mut Commit<'_>, chunk: &[u8], alive: &BTreeSet<EventId>) -> Result<(), SledFault> {
    let name = keys::left(chunk);
    match alive.is_empty() {
        true => commit.set.delete(&name),
        false => commit.set.put(&name, &record::encode(alive)?),
    }
}

fn forget_ended(commit: &mut Commit<'_>, event: EventId, before: Timestamp) -> Result<(), SledFault> {
    let (first, last) = (event.delivery(0).bits(), event.delivery(u16::MAX).bits());
    for name in commit.set.names(keys::ENDED, first, last)? {
        let Some(body) = commit.set.get(&name)? else { continue };
        let stored: StoredRecord = record::decode("a delivery record", &body)?;
        if stored.record.due < before {
            commit.set.delete(&name)?;
        }
    }
    Ok(())
}
