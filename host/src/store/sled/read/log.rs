//! Finds what was logged about events. Rows written while an event was open lie between its own
//! commit and the one that closed it; later ones are listed in delivery records and in lists of
//! late rows. Not here: lists of deliveries (`deliveries`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sled::Tree;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::id::AttemptId;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::store::AttemptEntry;
use crate::store::EventLog;
use crate::store::LogEntry;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::log_chunk;
use crate::store::sled::layout::log_chunk::Subject;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::StoredRecord;
use crate::store::sled::read::events;

/// Chunks looked at for one event that nobody closed, at most.
const SCAN_CHUNKS: usize = 50_000;

/// Shows the rows of these events, from the commit `seq` on until all of them are closed.
pub(crate) fn follow(
    tree: &Tree,
    seq: u64,
    events: &BTreeSet<EventId>,
    mut show: impl FnMut(LogEntry),
) -> Result<(), SledFault> {
    follow_rows(tree, seq, events, |row| {
        show(row.entry()?);
        Ok(())
    })
}

/// The same with rows that are not read yet.
pub(crate) fn follow_rows(
    tree: &Tree,
    seq: u64,
    events: &BTreeSet<EventId>,
    mut show: impl FnMut(log_chunk::LogRow<'_>) -> Result<(), SledFault>,
) -> Result<(), SledFault> {
    let mut open = events.clone();
    let start = keys::by_number(keys::LOG, seq);
    for entry in parts::forward(tree, start, vec![keys::LOG + 1]).take(SCAN_CHUNKS) {
        let (Some(oldest), Some(youngest)) = (open.first(), open.last()) else { break };
        let entry = entry?;
        let head = log_chunk::head(entry.head()?)?;
        if !head.events.meets(oldest.bits(), youngest.bits()) {
            continue;
        }
        let body = entry.body(tree)?;
        let (closed, rows) = log_chunk::read(&head, &body)?;
        for row in rows {
            if matches!(row.subject, Subject::Event(event) if events.contains(&event)) {
                show(row)?;
            }
        }
        for event in closed {
            open.remove(&event);
        }
    }
    Ok(())
}

/// The rows of one event in one commit.
fn of_commit(tree: &Tree, seq: u64, event: EventId, mut show: impl FnMut(LogEntry)) -> Result<(), SledFault> {
    let (from, to) = (keys::by_number(keys::LOG, seq), keys::by_number(keys::LOG, seq.saturating_add(1)));
    for entry in parts::forward(tree, from, to) {
        let entry = entry?;
        let head = log_chunk::head(entry.head()?)?;
        if !head.all_events.meets(event.bits(), event.bits()) {
            continue;
        }
        let body = entry.body(tree)?;
        for row in log_chunk::read(&head, &body)?.1 {
            if row.subject == Subject::Event(event) {
                show(row.entry()?);
            }
        }
    }
    Ok(())
}

/// Shows the rows of events in `from..=to` that came after their event was closed and belong to
/// no delivery record.
pub(crate) fn late(
    tree: &Tree,
    from: EventId,
    to: EventId,
    mut show: impl FnMut(LogEntry),
) -> Result<(), SledFault> {
    let start = keys::by_id(keys::LATE, from.bits());
    let end = keys::part(&keys::by_id(keys::LATE, to.bits()), 1);
    for entry in parts::forward(tree, start, end) {
        let entry = entry?;
        let event = EventId::from_bits(keys::id_of(&entry.name).unwrap_or_default());
        let seqs: Vec<u64> = record::decode("a list of late log rows", &entry.body(tree)?)?;
        for seq in seqs {
            of_commit(tree, seq, event, &mut show)?;
        }
    }
    Ok(())
}

/// Records of deliveries in `from..=to`, live and ended.
pub(crate) fn records(tree: &Tree, from: DeliveryId, to: DeliveryId) -> Result<Vec<StoredRecord>, SledFault> {
    let mut records = BTreeMap::new();
    // In this order a record that ends meanwhile is met twice rather than not at all.
    for kind in [keys::LIVE, keys::ENDED] {
        let start = keys::by_id(kind, from.bits());
        let end = keys::part(&keys::by_id(kind, to.bits()), 1);
        for entry in parts::forward(tree, start, end) {
            let stored: StoredRecord = record::decode("a delivery record", &entry?.body(tree)?)?;
            records.insert(stored.record.id, stored);
        }
    }
    Ok(records.into_values().collect())
}

/// Live records after that one, in the order of their ids.
pub(crate) fn live(
    tree: &Tree,
    after: Option<DeliveryId>,
    limit: usize,
) -> Result<Vec<DeliveryRecord>, SledFault> {
    let start = after.map_or(vec![keys::LIVE], |id| keys::by_id(keys::LIVE, id.bits().saturating_add(1)));
    let entries = parts::forward(tree, start, vec![keys::LIVE + 1]).take(limit);
    let read = |entry: Result<parts::StoredValue, SledFault>| {
        let stored: StoredRecord = record::decode("a delivery record", &entry?.body(tree)?)?;
        Ok(stored.record)
    };
    entries.map(read).collect()
}

/// The record of one delivery.
pub(crate) fn record(tree: &Tree, id: DeliveryId) -> Result<Option<StoredRecord>, SledFault> {
    Ok(records(tree, id, id)?.pop())
}

/// Everything logged about an event.
pub(crate) fn of_event(tree: &Tree, event: EventId) -> Result<EventLog, SledFault> {
    let (mut plan, mut fetches, mut notes) = (None, Vec::new(), Vec::new());
    let mut attempts: BTreeMap<AttemptId, AttemptEntry> = BTreeMap::new();
    let mut show = |entry| match entry {
        LogEntry::Plan(found) => plan = Some(found),
        LogEntry::Attempt(found) => {
            attempts.insert(found.attempt.id, found);
        }
        LogEntry::Fetches(found) => fetches = found.fetches,
        LogEntry::Note(found) => notes.push(found),
        LogEntry::Rejection(_) => {}
    };
    if let Some((_, head)) = events::locate(tree, event)? {
        follow(tree, head.seq, &BTreeSet::from([event]), &mut show)?;
    }
    let stored = records(tree, event.delivery(0), event.delivery(u16::MAX))?;
    let seqs: BTreeSet<u64> = stored.iter().flat_map(|stored| &stored.seqs).copied().collect();
    for seq in seqs {
        // Only attempts: a plan in an old commit may have been made anew since.
        of_commit(tree, seq, event, |entry| {
            if matches!(entry, LogEntry::Attempt(_)) {
                show(entry);
            }
        })?;
    }
    late(tree, event, event, &mut show)?;
    let mut attempts: Vec<AttemptEntry> = attempts.into_values().collect();
    attempts.sort_by_key(|entry| (entry.attempt.at, entry.attempt.id));
    let records = stored.into_iter().map(|stored| stored.record).collect();
    Ok(EventLog { plan, attempts, fetches, records, notes })
}
