//! Lists deliveries. Goes back through the chunks of events; what became of the events of a
//! chunk is in the log soon after it, and in delivery records.
//! Not here: finding rows of the log (`log`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use sled::Tree;

use crate::domain::delivery::Attempt;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::SourceId;
use crate::domain::plan::RouteEnd;
use crate::domain::time::Timestamp;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;
use crate::store::LogEntry;
use crate::store::Page;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::event_chunk;
use crate::store::sled::layout::event_chunk::Fields;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::parts::StoredValue;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::LastAttempt;
use crate::store::sled::layout::record::StoredRecord;
use crate::store::sled::read::events;
use crate::store::sled::read::log;

/// What a summary takes from its event.
#[derive(Clone, Debug)]
struct About {
    source: Option<SourceId>,
    event_type: Arc<str>,
    received_at: Timestamp,
}

/// What looking one event up counts: a chunk is unpacked for it.
const CHUNK_COST: usize = 64 << 10;

type Found = BTreeMap<DeliveryId, DeliverySummary>;

/// A list of deliveries, newest event first.
pub(crate) fn list(
    tree: &Tree,
    query: &DeliveryQuery,
) -> Result<Page<DeliverySummary, DeliveryId>, SledFault> {
    if let Some(DeliveryState::Retrying | DeliveryState::Held) = query.state {
        return list_live(tree, query);
    }
    let limit = query.limit.max(1);
    // Deliveries of the cursor's own event may follow it.
    let after_cursor = query.before.map(|id| EventId::from_bits(id.event().bits().saturating_add(1)));
    let newest = events::newest(after_cursor, query.until);
    let newest = query.event.map_or(newest, |event| newest.min(event.bits()));
    let mut items: Vec<DeliverySummary> = Vec::new();
    let mut scanned = 0;
    for entry in events::up_to(tree, newest) {
        let entry = entry?;
        let head = event_chunk::head(entry.head()?)?;
        let past_event = query.event.is_some_and(|event| head.last < event.bits());
        if past_event || events::is_before(&head, query.since) {
            break;
        }
        let body = entry.body(tree)?;
        let found = of_chunk(tree, head.seq, &body, newest, query)?;
        for summary in found.into_values().rev().filter(|summary| shows(query, summary)) {
            if items.len() == limit {
                let next = items.last().map(|summary| summary.id);
                return Ok(Page { items, next });
            }
            items.push(summary);
        }
        scanned += body.len();
        if scanned >= events::SCAN_BYTES {
            return Ok(Page { items, next: first_of(&entry) });
        }
    }
    Ok(Page { items, next: None })
}

/// The same for states that only a live record can be in: those are few, and found without
/// reading the log.
fn list_live(tree: &Tree, query: &DeliveryQuery) -> Result<Page<DeliverySummary, DeliveryId>, SledFault> {
    let limit = query.limit.max(1);
    let of_event = query.event.map(|event| (event.bits(), event.delivery(u16::MAX).bits()));
    let (least, greatest) = of_event.unwrap_or((0, u128::MAX));
    let end = match query.before {
        Some(before) if before.bits() <= greatest => keys::by_id(keys::LIVE, before.bits()),
        _ => keys::part(&keys::by_id(keys::LIVE, greatest), 1),
    };
    let mut items: Vec<DeliverySummary> = Vec::new();
    let mut scanned = 0;
    // Neighbours are often of one event.
    let mut known: Option<(EventId, About)> = None;
    for entry in parts::backward(tree, keys::by_id(keys::LIVE, least), end) {
        let body = entry?.body(tree)?.into_owned();
        let stored: StoredRecord = record::decode("a delivery record", &body)?;
        if stored.record.workspace != query.workspace {
            continue;
        }
        let event = stored.record.id.event();
        if known.as_ref().is_none_or(|(before, _)| *before != event) {
            scanned += CHUNK_COST;
            known = about(tree, query, event)?.map(|about| (event, about));
        }
        let Some((_, about)) = &known else { continue };
        let mut found = Found::new();
        add_record(&mut found, about, &stored);
        for summary in found.into_values().filter(|summary| shows(query, summary)) {
            if items.len() == limit {
                let next = items.last().map(|summary| summary.id);
                return Ok(Page { items, next });
            }
            items.push(summary);
        }
        if scanned >= events::SCAN_BYTES {
            return Ok(Page { items, next: Some(stored.record.id) });
        }
    }
    Ok(Page { items, next: None })
}

/// What a summary takes from an event that the query wants.
fn about(tree: &Tree, query: &DeliveryQuery, event: EventId) -> Result<Option<About>, SledFault> {
    let Some((entry, _)) = events::locate(tree, event)? else { return Ok(None) };
    let body = entry.body(tree)?;
    let rows = event_chunk::rows(&body)?;
    let Some(row) = rows.iter().find(|row| row.id == event) else { return Ok(None) };
    let fields = row.fields()?;
    Ok(matches(query, event, &fields).then(|| About {
        source: fields.source,
        event_type: Arc::from(fields.event_type),
        received_at: fields.received_at,
    }))
}

/// The cursor that goes on before a chunk.
fn first_of(entry: &StoredValue) -> Option<DeliveryId> {
    keys::id_of(&entry.name).map(|id| EventId::from_bits(id).delivery(0))
}

fn of_chunk(
    tree: &Tree,
    seq: u64,
    body: &[u8],
    newest: u128,
    query: &DeliveryQuery,
) -> Result<Found, SledFault> {
    let mut events = BTreeMap::new();
    for row in event_chunk::rows(body)? {
        let fields = row.fields()?;
        if row.id.bits() <= newest && matches(query, row.id, &fields) {
            let event_type = Arc::from(fields.event_type);
            let (source, received_at) = (fields.source, fields.received_at);
            events.insert(row.id, About { source, event_type, received_at });
        }
    }
    let mut found = Found::new();
    let (Some(first), Some(last)) = (events.keys().next(), events.keys().next_back()) else {
        return Ok(found);
    };
    let wanted: BTreeSet<EventId> = events.keys().copied().collect();
    log::follow(tree, seq, &wanted, |row| add_row(&mut found, &events, &row))?;
    log::late(tree, *first, *last, |row| add_row(&mut found, &events, &row))?;
    for stored in log::records(tree, first.delivery(0), last.delivery(u16::MAX))? {
        if let Some(about) = events.get(&stored.record.id.event()) {
            add_record(&mut found, about, &stored);
        }
    }
    Ok(found)
}

fn matches(query: &DeliveryQuery, id: EventId, fields: &Fields<'_>) -> bool {
    fields.workspace == query.workspace
        && query.event.is_none_or(|event| event == id)
        && query.source.is_none_or(|source| fields.source == Some(source))
        && query.event_type.as_deref().is_none_or(|wanted| fields.event_type == wanted)
        && query.since.is_none_or(|since| fields.received_at >= since)
        && query.until.is_none_or(|until| fields.received_at < until)
}

fn shows(query: &DeliveryQuery, summary: &DeliverySummary) -> bool {
    query.before.is_none_or(|before| summary.id < before)
        && query.connection.is_none_or(|wanted| summary.connection == wanted)
        && query.destination.is_none_or(|wanted| summary.destination == wanted)
        && query.state.is_none_or(|wanted| summary.state == wanted)
        && query.status.is_none_or(|wanted| summary.status == Some(wanted))
        && query.error_code.is_none_or(|wanted| summary.error_code == Some(wanted))
}

fn add_row(found: &mut Found, events: &BTreeMap<EventId, About>, row: &LogEntry) {
    match row {
        LogEntry::Plan(plan) => {
            let Some(about) = events.get(&plan.event) else { return };
            forget_planned(found, plan.event);
            for route in &plan.routes {
                let mut add = |id, state, error_code| {
                    let planned = || summary(id, route.connection, route.destination, about);
                    let entry = found.entry(id).or_insert_with(planned);
                    if entry.attempts == 0 {
                        (entry.state, entry.error_code) = (state, error_code);
                    }
                };
                match &route.end {
                    RouteEnd::Delivering(planned) => {
                        planned.iter().for_each(|one| add(one.id, DeliveryState::Pending, None));
                    }
                    RouteEnd::Failed(id) => {
                        add(*id, DeliveryState::FailedByGateway, Some(ErrorCode::StepFailed));
                    }
                    RouteEnd::Held(id) => add(*id, DeliveryState::Held, None),
                    RouteEnd::Dropped => {}
                }
            }
        }
        LogEntry::Attempt(entry) => {
            let id = entry.attempt.id.delivery();
            let Some(about) = events.get(&id.event()) else { return };
            let made = || summary(id, entry.connection, entry.destination, about);
            add_attempt(found.entry(id).or_insert_with(made), &entry.attempt);
        }
        LogEntry::Rejection(_) | LogEntry::Fetches(_) | LogEntry::Note(_) => {}
    }
}

/// A plan that ran again after a crash replaces the one before, but not what was tried already.
fn forget_planned(found: &mut Found, event: EventId) {
    let of_event = found.range(event.delivery(0)..=event.delivery(u16::MAX));
    let untried = of_event.filter(|(_, summary)| summary.attempts == 0).map(|(id, _)| *id);
    for id in untried.collect::<Vec<_>>() {
        found.remove(&id);
    }
}

fn summary(
    id: DeliveryId,
    connection: ConnectionId,
    destination: DestinationId,
    about: &About,
) -> DeliverySummary {
    DeliverySummary {
        id,
        connection,
        destination,
        source: about.source,
        event_type: Arc::clone(&about.event_type),
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt_at: None,
        status: None,
        error_code: None,
        created_at: about.received_at,
        last_attempt_at: None,
    }
}

fn add_attempt(summary: &mut DeliverySummary, attempt: &Attempt) {
    if attempt.id.number() < summary.attempts {
        return;
    }
    summary.attempts = attempt.id.number();
    summary.state = attempt.state;
    summary.next_attempt_at = attempt.next_attempt_at;
    add_last(summary, LastAttempt::of(attempt));
}

fn add_last(summary: &mut DeliverySummary, last: LastAttempt) {
    summary.status = last.status;
    summary.error_code = last.error;
    summary.last_attempt_at = Some(last.at);
}

fn add_record(found: &mut Found, about: &About, stored: &StoredRecord) {
    let record = &stored.record;
    let made = || summary(record.id, record.connection, record.destination, about);
    let summary = found.entry(record.id).or_insert_with(made);
    summary.state = record.state;
    summary.attempts = record.attempts;
    summary.next_attempt_at = record.next_attempt_at();
    if let Some(last) = stored.last {
        add_last(summary, last);
    }
}
