//! Lists made the plain way: everything, filtered, turned round, cut off.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::event::Event;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Rejection;
use crate::domain::plan::RouteEnd;
use crate::domain::time::Timestamp;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;
use crate::store::EventLog;
use crate::store::EventQuery;
use crate::store::Expiry;
use crate::store::LogEntry;
use crate::store::Page;
use crate::store::memory::data::Data;

fn page<T, C>(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> C) -> Page<T, C> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(cursor);
    Page { items, next }
}

pub(super) fn events(data: &Data, query: &EventQuery) -> Page<Event, EventId> {
    let found = data.events.iter().rev().filter(|(id, event)| {
        event.workspace == query.workspace
            && query.before.is_none_or(|before| **id < before)
            && query.after.is_none_or(|after| **id > after)
            && query.source.is_none_or(|source| event.source == Some(source))
            && query.event_type.as_deref().is_none_or(|wanted| *event.event_type == *wanted)
            && query.since.is_none_or(|since| event.received_at >= since)
            && query.until.is_none_or(|until| event.received_at < until)
    });
    let items = found.map(|(id, data)| Event { id: *id, data: data.clone() }).collect();
    page(items, query.limit, |event| event.id)
}

pub(super) fn event_log(data: &Data, id: EventId) -> EventLog {
    let mut log = EventLog::default();
    for (_, entry) in &data.log {
        match entry {
            LogEntry::Plan(plan) if plan.event == id => log.plan = Some(plan.clone()),
            LogEntry::Attempt(entry) if entry.attempt.id.delivery().event() == id => {
                log.attempts.push(entry.clone());
            }
            LogEntry::Fetches(fetches) if fetches.event == id => log.fetches.clone_from(&fetches.fetches),
            LogEntry::Note(note) if note.event == id => log.notes.push(note.clone()),
            _ => {}
        }
    }
    log.attempts.sort_by_key(|entry| (entry.attempt.at, entry.attempt.id));
    log.records = data.records.values().filter(|record| record.id.event() == id).cloned().collect();
    log
}

pub(super) fn deliveries(data: &Data, query: &DeliveryQuery) -> Page<DeliverySummary, DeliveryId> {
    let mut found = BTreeMap::new();
    for event in data.events.keys() {
        add_log(data, &event_log(data, *event), &mut found);
    }
    for record in data.records.values() {
        let known = found.remove(&record.id);
        let fresh = fresh(data, record.id, record.connection, record.destination);
        let Some(mut summary) = known.or(fresh) else { continue };
        (summary.state, summary.attempts) = (record.state, record.attempts);
        summary.next_attempt_at = record.next_attempt_at();
        found.insert(record.id, summary);
    }
    let shown = found.into_values().rev().filter(|summary| {
        let event = &data.events[&summary.id.event()];
        event.workspace == query.workspace
            && query.event.is_none_or(|wanted| summary.id.event() == wanted)
            && query.before.is_none_or(|before| summary.id < before)
            && query.source.is_none_or(|wanted| event.source == Some(wanted))
            && query.event_type.as_deref().is_none_or(|wanted| *event.event_type == *wanted)
            && query.since.is_none_or(|since| event.received_at >= since)
            && query.until.is_none_or(|until| event.received_at < until)
            && query.connection.is_none_or(|wanted| summary.connection == wanted)
            && query.destination.is_none_or(|wanted| summary.destination == wanted)
            && query.state.is_none_or(|wanted| summary.state == wanted)
            && query.status.is_none_or(|wanted| summary.status == Some(wanted))
            && query.error_code.is_none_or(|wanted| summary.error_code == Some(wanted))
    });
    page(shown.collect(), query.limit, |summary| summary.id)
}

fn add_log(data: &Data, log: &EventLog, found: &mut BTreeMap<DeliveryId, DeliverySummary>) {
    for route in log.plan.iter().flat_map(|plan| &plan.routes) {
        let mut add = |id, state, error_code| {
            if let Some(summary) = fresh(data, id, route.connection, route.destination) {
                found.insert(id, DeliverySummary { state, error_code, ..summary });
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
    for entry in &log.attempts {
        let (attempt, id) = (&entry.attempt, entry.attempt.id.delivery());
        if let Some(summary) = fresh(data, id, entry.connection, entry.destination) {
            let status = attempt.outcome.status();
            let summary = DeliverySummary {
                state: attempt.state,
                attempts: attempt.id.number(),
                next_attempt_at: attempt.next_attempt_at,
                status,
                error_code: attempt.error_code(),
                last_attempt_at: Some(attempt.at),
                ..summary
            };
            found.insert(id, summary);
        }
    }
}

fn fresh(
    data: &Data,
    id: DeliveryId,
    connection: ConnectionId,
    destination: DestinationId,
) -> Option<DeliverySummary> {
    let event = data.events.get(&id.event())?;
    Some(DeliverySummary {
        id,
        connection,
        destination,
        source: event.source,
        event_type: Arc::clone(&event.event_type),
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt_at: None,
        status: None,
        error_code: None,
        created_at: event.received_at,
        last_attempt_at: None,
    })
}

pub(super) fn rejections(
    data: &Data,
    whose: (WorkspaceId, SourceId),
    before: Option<RejectionId>,
    limit: usize,
) -> Page<Rejection, RejectionId> {
    let found = data.log.iter().filter_map(|(_, entry)| match entry {
        LogEntry::Rejection(rejection) if (rejection.workspace, rejection.source) == whose => Some(rejection),
        _ => None,
    });
    let mut items: Vec<Rejection> =
        found.filter(|rejection| before.is_none_or(|before| rejection.id < before)).cloned().collect();
    items.sort_by_key(|rejection| std::cmp::Reverse(rejection.id));
    page(items, limit, |rejection| rejection.id)
}

pub(super) fn expire(data: &mut Data, expiry: &Expiry) -> u64 {
    let live = |data: &Data, event: EventId| {
        let of_event = data.records.range(event.delivery(0)..=event.delivery(u16::MAX));
        data.open.contains_key(&event) || of_event.into_iter().any(|(_, one)| !one.state.is_terminal())
    };
    let old = data.events.iter().filter(|(id, event)| {
        id.unix_millis() < expiry.events_of(event.workspace).as_millis() && !live(data, **id)
    });
    // Whether the workspace keeps less than others, and so all that is left of the event goes with it.
    let old = old.map(|(id, event)| (*id, expiry.of(event.workspace).is_some()));
    let old: BTreeMap<EventId, bool> = old.collect();
    old.keys().for_each(|id| drop(data.events.remove(id)));
    let whole = |id: DeliveryId| old.get(&id.event()).copied().unwrap_or_default();
    let lasting = std::mem::take(&mut data.lasting_bytes);
    let stays = |id: DeliveryId| {
        let old = whole(id) || id.event().unix_millis() < expiry.events_before.as_millis();
        !old || data.records.get(&id).is_some_and(|record| !record.state.is_terminal())
    };
    data.lasting_bytes = lasting.into_iter().filter(|(id, _)| stays(*id)).collect();
    let log = std::mem::take(&mut data.log);
    let before = log.len();
    let stays = |(at, entry): &(Timestamp, LogEntry)| {
        let event = match entry {
            LogEntry::Plan(plan) => Some(plan.event),
            LogEntry::Attempt(entry) => Some(entry.attempt.id.delivery().event()),
            LogEntry::Fetches(fetches) => Some(fetches.event),
            LogEntry::Note(note) => Some(note.event),
            LogEntry::Rejection(_) => None,
        };
        *at >= expiry.log_of(entry.workspace()) || event.is_some_and(|event| live(data, event))
    };
    let log: Vec<_> = log.into_iter().filter(stays).collect();
    let gone = old.len() + before - log.len();
    data.log = log;
    data.records.retain(|id, record| {
        !record.state.is_terminal() || (record.due >= expiry.log_of(record.workspace) && !whole(*id))
    });
    gone as u64
}
