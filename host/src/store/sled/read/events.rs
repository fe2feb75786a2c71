//! Finds events: one by its id, those of a commit, lists. An id needs no index: the chunk with
//! the greatest first id that is not greater holds it. Not here: their log (`log`).

use sled::Tree;

use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::CommitRange;
use crate::store::EventQuery;
use crate::store::Page;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::event_chunk;
use crate::store::sled::layout::event_chunk::ChunkHead;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::parts::StoredValue;

/// A list stops after unpacking so many bytes, found or not.
pub(crate) const SCAN_BYTES: usize = 48 << 20;
/// Ids are made when the commit is, so an event may have been received this much earlier than
/// its id says.
const COMMIT_DELAY_MILLIS: u64 = 60_000;

/// The chunk that holds this event.
pub(crate) fn locate(tree: &Tree, id: EventId) -> Result<Option<(StoredValue, ChunkHead)>, SledFault> {
    let Some(entry) = up_to(tree, id.bits()).next() else { return Ok(None) };
    let entry = entry?;
    let head = event_chunk::head(entry.head()?)?;
    Ok((head.last >= id.bits()).then_some((entry, head)))
}

/// Chunks whose first event is not younger than this, newest first.
pub(crate) fn up_to(tree: &Tree, id: u128) -> impl Iterator<Item = Result<StoredValue, SledFault>> + use<> {
    let end = keys::part(&keys::by_id(keys::EVENTS, id), 1);
    parts::backward(tree, vec![keys::EVENTS], end)
}

/// One event.
pub(crate) fn event(tree: &Tree, id: EventId) -> Result<Option<Event>, SledFault> {
    let Some((entry, _)) = locate(tree, id)? else { return Ok(None) };
    let body = entry.body(tree)?;
    let rows = event_chunk::rows(&body)?;
    rows.iter().find(|row| row.id == id).map(event_chunk::EventRow::event).transpose()
}

/// The events of a commit, as far as they are still there.
pub(crate) fn of_commit(tree: &Tree, range: CommitRange) -> Result<Vec<Event>, SledFault> {
    let mut events = Vec::with_capacity(range.count.min(1024) as usize);
    let Some((first, head)) = locate(tree, range.first)? else { return Ok(events) };
    for entry in parts::forward(tree, first.name, vec![keys::EVENTS + 1]) {
        let entry = entry?;
        if event_chunk::head(entry.head()?)?.seq != head.seq {
            break;
        }
        for row in event_chunk::rows(&entry.body(tree)?)? {
            if row.id >= range.first && events.len() < range.count as usize {
                events.push(row.event()?);
            }
        }
    }
    Ok(events)
}

/// Where a list that goes back in time begins: the greatest event id it may show.
pub(crate) fn newest(before: Option<EventId>, until: Option<Timestamp>) -> u128 {
    let by_time = until
        .map_or(u128::MAX, |until| u128::from(until.as_millis().saturating_add(COMMIT_DELAY_MILLIS)) << 80);
    by_time.min(before.map_or(u128::MAX, |id| id.bits().saturating_sub(1)))
}

/// Whether everything in and before a chunk is older than that.
pub(crate) fn is_before(head: &ChunkHead, since: Option<Timestamp>) -> bool {
    since.is_some_and(|since| EventId::from_bits(head.last).unix_millis() < since.as_millis())
}

/// A list of events, newest first.
pub(crate) fn list(tree: &Tree, query: &EventQuery) -> Result<Page<Event, EventId>, SledFault> {
    Ok(list_from(tree, query)?.0)
}

/// The same, and the oldest commit that any of them is of.
pub(crate) fn list_from(tree: &Tree, query: &EventQuery) -> Result<(Page<Event, EventId>, u64), SledFault> {
    let mut oldest = u64::MAX;
    let limit = query.limit.max(1);
    let newest = newest(query.before, query.until);
    let mut items: Vec<Event> = Vec::new();
    let mut scanned = 0;
    for entry in up_to(tree, newest) {
        let entry = entry?;
        let head = event_chunk::head(entry.head()?)?;
        if is_before(&head, query.since) || query.after.is_some_and(|after| head.last <= after.bits()) {
            break;
        }
        let body = entry.body(tree)?;
        for row in event_chunk::rows(&body)?.iter().rev() {
            let wanted = row.id.bits() <= newest && query.after.is_none_or(|after| row.id > after);
            if wanted && matches(query, &row.fields()?) {
                if items.len() == limit {
                    let next = items.last().map(|event| event.id);
                    return Ok((Page { items, next }, oldest));
                }
                items.push(row.event()?);
                oldest = oldest.min(head.seq);
            }
        }
        scanned += body.len();
        if scanned >= SCAN_BYTES {
            let next = keys::id_of(&entry.name).map(EventId::from_bits);
            return Ok((Page { items, next }, oldest));
        }
    }
    Ok((Page { items, next: None }, oldest))
}

fn matches(query: &EventQuery, fields: &event_chunk::Fields<'_>) -> bool {
    fields.workspace == query.workspace
        && query.source.is_none_or(|source| fields.source == Some(source))
        && query.event_type.as_deref().is_none_or(|wanted| fields.event_type == wanted)
        && query.since.is_none_or(|since| fields.received_at >= since)
        && query.until.is_none_or(|until| fields.received_at < until)
}
