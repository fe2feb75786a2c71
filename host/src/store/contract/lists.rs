//! Lists: order, pages, filters, and that a workspace sees nothing of another.

use std::sync::Arc;

use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::store::Change;
use crate::store::DeliveryQuery;
use crate::store::EventQuery;
use crate::store::LogEntry;
use crate::store::Store;
use crate::store::contract::Opened;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::at;

fn events_of(samples: &Samples) -> EventQuery {
    EventQuery::all(samples.workspace, 1000)
}

fn deliveries_of(samples: &Samples) -> DeliveryQuery {
    DeliveryQuery::all(samples.workspace, 1000)
}

async fn all_events(store: &impl Store, mut query: EventQuery) -> Vec<EventId> {
    let mut ids = Vec::new();
    loop {
        let page = store.events(query.clone()).await.unwrap();
        assert!(page.items.len() <= query.limit);
        ids.extend(page.items.iter().map(|event| event.id));
        match page.next {
            Some(next) => query.before = Some(next),
            None => return ids,
        }
    }
}

async fn all_deliveries(store: &impl Store, mut query: DeliveryQuery) -> Vec<DeliveryId> {
    let mut ids = Vec::new();
    loop {
        let page = store.deliveries(query.clone()).await.unwrap();
        assert!(page.items.len() <= query.limit);
        ids.extend(page.items.iter().map(|delivery| delivery.id));
        match page.next {
            Some(next) => query.before = Some(next),
            None => return ids,
        }
    }
}

/// Events of two workspaces in turn, in commits of different sizes; those of the first, oldest first.
async fn fill<O: Opener>(opened: &mut Opened<O>, commits: usize) -> Vec<EventId> {
    let (mine, other) = (Samples::of(1), Samples::of(2));
    let mut ids = Vec::new();
    for commit in 0..commits {
        let mut events = Vec::new();
        for number in 0..commit % 5 + 1 {
            let mut event = mine.event(format!("{commit} {number}").repeat(100));
            event.received_at = at(commit as u64);
            event.event_type = Arc::from(if number == 0 { "first" } else { "other" });
            event.source = (commit % 3 != 0).then_some(mine.source);
            events.extend([event, other.event("not for you")]);
        }
        ids.extend(opened.accept(events).await.0.into_iter().step_by(2));
    }
    ids
}

pub(crate) async fn events_are_listed_newest_first(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let mut expected = fill(&mut opened, 30).await;
    expected.reverse();
    for limit in [1, 2, 7, 89, 90, 91] {
        let query = EventQuery { limit, ..events_of(&Samples::of(1)) };
        assert_eq!(all_events(&opened.store, query).await, expected, "by {limit}");
    }
    assert_eq!(all_events(&opened.store, events_of(&Samples::of(3))).await, []);
}

/// Who asks for what came after the newest he has seen misses none and sees none twice.
pub(crate) async fn events_after_one_are_those_that_came_in_later(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let mut newest_first = fill(&mut opened, 12).await;
    newest_first.reverse();
    for (place, after) in newest_first.iter().enumerate() {
        for limit in [1, 3, 1000] {
            let query = EventQuery { after: Some(*after), limit, ..events_of(&Samples::of(1)) };
            assert_eq!(all_events(&opened.store, query).await, newest_first[..place], "by {limit}");
        }
    }
    // An id that nothing has stands for its time.
    let between = EventId::from_bits(newest_first[4].bits() + 1);
    let query = EventQuery { after: Some(between), ..events_of(&Samples::of(1)) };
    assert_eq!(all_events(&opened.store, query).await, newest_first[..4]);
    let query = EventQuery { after: Some(EventId::from_bits(0)), ..events_of(&Samples::of(1)) };
    assert_eq!(all_events(&opened.store, query).await, newest_first);
}

pub(crate) async fn events_are_filtered(opener: &impl Opener) {
    let mut opened = open(opener).await;
    opener.set_time(at(100));
    fill(&mut opened, 30).await;
    let samples = Samples::of(1);
    let all = events_of(&samples);
    let source = Some(samples.source);
    let unknown = Some(SourceId::from_bits(5));
    let first = Some("first".to_owned());
    for (query, expected) in [
        (EventQuery { source, ..all.clone() }, 60),
        (EventQuery { source: unknown, ..all.clone() }, 0),
        (EventQuery { event_type: first.clone(), ..all.clone() }, 30),
        (EventQuery { since: Some(at(20)), ..all.clone() }, 30),
        (EventQuery { until: Some(at(5)), ..all.clone() }, 15),
        (EventQuery { since: Some(at(4)), until: Some(at(5)), ..all.clone() }, 5),
        (EventQuery { since: Some(at(20)), source, event_type: first, ..all.clone() }, 7),
        (EventQuery { since: Some(at(101)), ..all.clone() }, 0),
    ] {
        for limit in [2, 1000] {
            let query = EventQuery { limit, ..query.clone() };
            assert_eq!(all_events(&opened.store, query.clone()).await.len(), expected, "{query:?}");
        }
    }
}

/// Plans and attempts for these events: each with a delivered slot, and every third one with a
/// slot that failed, every fourth with one that is retried and has a record.
async fn settle<O: Opener>(opened: &Opened<O>, events: &[EventId]) -> Vec<DeliveryId> {
    let samples = Samples::of(1);
    let mut ids = Vec::new();
    for (number, event) in events.iter().enumerate() {
        let slot = |slot| event.delivery(slot);
        let mut change = Change { closed: vec![*event], ..Change::default() };
        change.log = vec![samples.plan(*event, 4), samples.attempt(slot(1), 1, DeliveryState::Delivered)];
        if number % 3 == 0 {
            change.log.push(samples.timeout(slot(2), 1, DeliveryState::Failed));
        }
        if number % 4 == 0 {
            change.log.push(samples.attempt(slot(3), 1, DeliveryState::Retrying));
            change.deliveries.push(samples.record(slot(3), 1, DeliveryState::Retrying));
        }
        opened.store.note(change);
        if number % 7 == 0 {
            opened.commit(Change::default()).await;
        }
        ids.extend((1..=4).map(slot));
    }
    opened.commit(Change::default()).await;
    ids
}

pub(crate) async fn events_are_listed_with_their_plans(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let events = fill(&mut opened, 12).await;
    let (planned, unplanned) = events.split_at(events.len() - 3);
    settle(&opened, planned).await;
    let samples = Samples::of(1);
    for limit in [1, 4, 1000] {
        let mut query = EventQuery { limit, ..events_of(&samples) };
        let mut seen = Vec::new();
        loop {
            let page = opened.store.planned(query.clone()).await.unwrap();
            assert!(page.items.len() <= limit);
            seen.extend(page.items);
            let Some(next) = page.next else { break };
            query.before = Some(next);
        }
        let ids: Vec<EventId> = seen.iter().rev().map(|item| item.event.id).collect();
        assert_eq!(ids, events, "by {limit}");
        for item in seen {
            let LogEntry::Plan(expected) = samples.plan(item.event.id, 4) else { unreachable!("a plan") };
            let expected = Some(expected).filter(|_| !unplanned.contains(&item.event.id));
            assert_eq!(item.plan, expected, "by {limit}");
        }
    }
}

pub(crate) async fn deliveries_are_listed_newest_first(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let events = fill(&mut opened, 12).await;
    let mut expected = settle(&opened, &events).await;
    expected.reverse();
    for limit in [1, 3, 50, 1000] {
        let query = DeliveryQuery { limit, ..deliveries_of(&Samples::of(1)) };
        assert_eq!(all_deliveries(&opened.store, query).await, expected, "by {limit}");
    }
    assert_eq!(all_deliveries(&opened.store, deliveries_of(&Samples::of(2))).await, []);
}

pub(crate) async fn deliveries_are_filtered(opener: &impl Opener) {
    let mut opened = open(opener).await;
    opener.set_time(at(100));
    let events = fill(&mut opened, 12).await;
    settle(&opened, &events).await;
    let count = events.len();
    let samples = Samples::of(1);
    let all = deliveries_of(&samples);
    let state = |state| DeliveryQuery { state: Some(state), ..all.clone() };
    let (failed, retrying) = (count.div_ceil(3), count.div_ceil(4));
    for (query, expected) in [
        (all.clone(), 4 * count),
        (state(DeliveryState::Delivered), count),
        (state(DeliveryState::Failed), failed),
        (state(DeliveryState::Retrying), retrying),
        (state(DeliveryState::Pending), 3 * count - failed - retrying),
        (state(DeliveryState::Held), 0),
        (DeliveryQuery { status: Some(503), ..all.clone() }, retrying),
        (DeliveryQuery { error_code: Some(ErrorCode::Timeout), ..all.clone() }, failed),
        (DeliveryQuery { error_code: Some(ErrorCode::Status), ..all.clone() }, retrying),
        (DeliveryQuery { event: Some(events[5]), ..all.clone() }, 4),
        (DeliveryQuery { event: Some(EventId::from_bits(events[5].bits() + 1)), ..all.clone() }, 0),
        (DeliveryQuery { connection: Some(samples.connection), ..all.clone() }, 4 * count),
        (DeliveryQuery { connection: Some(ConnectionId::from_bits(1)), ..all.clone() }, 0),
        (DeliveryQuery { event_type: Some("first".to_owned()), ..all.clone() }, 48),
        (DeliveryQuery { until: Some(at(3)), ..all.clone() }, 24),
        (DeliveryQuery { since: Some(at(11)), ..all.clone() }, 8),
    ] {
        for limit in [3, 1000] {
            let query = DeliveryQuery { limit, ..query.clone() };
            assert_eq!(all_deliveries(&opened.store, query.clone()).await.len(), expected, "{query:?}");
        }
    }
    let page = opened.store.deliveries(state(DeliveryState::Retrying)).await.unwrap();
    let newest = page.items.first().unwrap();
    assert_eq!((newest.attempts, newest.status, newest.error_code), (1, Some(503), Some(ErrorCode::Status)));
    assert_eq!((newest.next_attempt_at, newest.last_attempt_at), (Some(at(1000)), Some(at(11))));
}

pub(crate) async fn rejections_are_listed_newest_first(opener: &impl Opener) {
    let opened = open(opener).await;
    let (mine, other) = (Samples::of(1), Samples::of(2));
    for number in 0..60 {
        // Neighbours may be noted the wrong way round.
        let log = [mine.rejection(number ^ 1), other.rejection(100 + number)];
        let log = log.into_iter().map(LogEntry::Rejection).collect();
        opened.commit(Change { log, ..Change::default() }).await;
    }
    for limit in [1, 7, 60, 100] {
        let mut found: Vec<RejectionId> = Vec::new();
        let mut before = None;
        loop {
            let page = opened.store.rejections(mine.workspace, mine.source, before, limit).await.unwrap();
            found.extend(page.items.iter().map(|rejection| rejection.id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        let expected: Vec<RejectionId> = (0..60).rev().map(|number| mine.rejection(number).id).collect();
        assert_eq!(found, expected, "by {limit}");
    }
}
