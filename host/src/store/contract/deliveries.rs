//! What becomes of events and deliveries.

use crate::domain::delivery::DeliveryState::Delivered;
use crate::domain::delivery::DeliveryState::Failed;
use crate::domain::delivery::DeliveryState::Retrying;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::numbers;

pub(crate) async fn a_plan_and_its_attempts_are_found(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let (ids, _) = opened.accept((0..50).map(|n| samples.event(format!("{n}"))).collect()).await;
    assert_eq!(opened.store.event_log(ids[7]).await.unwrap().attempts, []);
    for id in &ids {
        opened.store.note(Change { log: vec![samples.plan(*id, 2)], ..Change::default() });
    }
    for id in &ids {
        let log = vec![samples.attempt(id.delivery(2), 1, Delivered)];
        opened.store.note(Change { log, ..Change::default() });
    }
    for id in &ids {
        let log = vec![samples.attempt(id.delivery(1), 1, Delivered)];
        opened.commit(Change { log, closed: vec![*id], ..Change::default() }).await;
    }
    for opened in [&opened.reopen(opener).await] {
        for id in &ids {
            let log = opened.store.event_log(*id).await.unwrap();
            assert_eq!(numbers(&log.attempts), [(1, 1), (2, 1)]);
            assert_eq!(log.plan.map(LogEntry::Plan), Some(samples.plan(*id, 2)));
            assert_eq!(log.records, []);
        }
    }
}

pub(crate) async fn a_record_lives_and_ends(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let event = opened.accept_one(samples.event("one")).await;
    let id = event.delivery(1);
    let first = Change {
        log: vec![samples.plan(event, 1), samples.attempt(id, 1, Retrying)],
        deliveries: vec![samples.record(id, 1, Retrying)],
        bytes: vec![(id, samples.bytes("exactly this"))],
        closed: vec![event],
        kv: Vec::new(),
        lasting_bytes: Vec::new(),
    };
    opened.commit(first).await;
    assert_eq!(opened.store.delivery(id).await.unwrap(), Some(samples.record(id, 1, Retrying)));
    let bytes = opened.store.delivery_bytes(id).await.unwrap();
    assert_eq!(bytes, Some(samples.bytes("exactly this")));
    for number in 2..5 {
        // Other commits in between, and not only as many as one looks through.
        for filler in 0..5 {
            opened.accept_one(samples.event(format!("{filler}"))).await;
        }
        let state = if number < 4 { Retrying } else { Failed };
        let change = Change {
            log: vec![samples.attempt(id, number, state)],
            deliveries: vec![samples.record(id, number, state)],
            ..Change::default()
        };
        opened.commit(change).await;
    }
    let opened = opened.reopen(opener).await;
    assert_eq!(opened.recovered.live, []);
    let log = opened.store.event_log(event).await.unwrap();
    assert_eq!(numbers(&log.attempts), [(1, 1), (1, 2), (1, 3), (1, 4)]);
    assert_eq!(log.records, [samples.record(id, 4, Failed)]);
    assert_eq!(opened.store.delivery_bytes(id).await.unwrap(), None);
}

pub(crate) async fn notes_are_written_in_order(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let event = opened.accept_one(samples.event("one")).await;
    let id = event.delivery(1);
    // All of them in one commit: each must see the ones before.
    for number in 1..=30 {
        let state = if number % 10 == 0 { Failed } else { Retrying };
        let bytes = (number % 10 == 1).then(|| (id, samples.bytes(vec![number; 20_000])));
        opened.store.note(Change {
            log: vec![samples.attempt(id, number, state)],
            deliveries: vec![samples.record(id, number, state)],
            bytes: bytes.into_iter().collect(),
            closed: vec![event],
            kv: Vec::new(),
            lasting_bytes: Vec::new(),
        });
    }
    opened.store.flushed().await.unwrap();
    assert_eq!(opened.store.delivery(id).await.unwrap(), Some(samples.record(id, 30, Failed)));
    assert_eq!(opened.store.delivery_bytes(id).await.unwrap(), None);
    let log = opened.store.event_log(event).await.unwrap();
    assert_eq!(log.attempts.len(), 30);
    assert!(opened.reopen(opener).await.recovered.unfinished.is_empty());
}

pub(crate) async fn flushed_waits_for_what_was_noted(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    for number in 1..=20 {
        let event = opened.accept_one(samples.event("one")).await;
        opened.store.note(Change { log: vec![samples.plan(event, number)], ..Change::default() });
        opened.store.flushed().await.unwrap();
        let found = opened.store.event_log(event).await.unwrap().plan;
        assert_eq!(found.map(LogEntry::Plan), Some(samples.plan(event, number)));
    }
    // With nothing to wait for it is answered all the same.
    opened.store.flushed().await.unwrap();
}

pub(crate) async fn late_rows_are_found(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let event = opened.accept_one(samples.event("one")).await;
    opened.commit(Change { closed: vec![event], ..Change::default() }).await;
    for _ in 0..5 {
        opened.accept_one(samples.event("another")).await;
    }
    opened.commit(Change { log: vec![samples.plan(event, 3)], ..Change::default() }).await;
    for slot in 1..=3 {
        let log = vec![samples.timeout(event.delivery(slot), 1, Failed)];
        opened.commit(Change { log, ..Change::default() }).await;
    }
    let log = opened.store.event_log(event).await.unwrap();
    assert_eq!(log.plan.map(LogEntry::Plan), Some(samples.plan(event, 3)));
    assert_eq!(numbers(&log.attempts), [(1, 1), (2, 1), (3, 1)]);
}

pub(crate) async fn a_delivery_can_be_retried_by_hand(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let event = opened.accept_one(samples.event("one")).await;
    let id = event.delivery(1);
    let log = vec![samples.plan(event, 1), samples.timeout(id, 1, Failed)];
    let deliveries = vec![samples.record(id, 1, Failed)];
    opened.commit(Change { log, deliveries, closed: vec![event], ..Change::default() }).await;
    let again = Change {
        deliveries: vec![samples.record(id, 1, Retrying)],
        bytes: vec![(id, samples.bytes("again"))],
        ..Change::default()
    };
    opened.commit(again).await;
    let opened = opened.reopen(opener).await;
    assert_eq!(opened.recovered.live, [samples.record(id, 1, Retrying)]);
    let log = vec![samples.attempt(id, 2, Delivered)];
    let deliveries = vec![samples.record(id, 2, Delivered)];
    opened.commit(Change { log, deliveries, ..Change::default() }).await;
    let log = opened.store.event_log(event).await.unwrap();
    assert_eq!(numbers(&log.attempts), [(1, 1), (1, 2)]);
    assert_eq!(log.records, [samples.record(id, 2, Delivered)]);
    assert!(opened.reopen(opener).await.recovered.live.is_empty());
}

pub(crate) async fn an_attempt_that_ends_a_delivery_needs_no_record(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let event = opened.accept_one(samples.event("one")).await;
    let id = event.delivery(1);
    let log = vec![samples.plan(event, 1), samples.attempt(id, 1, Delivered)];
    opened.commit(Change { log, closed: vec![event], ..Change::default() }).await;
    assert_eq!(opened.store.delivery(id).await.unwrap(), None);
    assert_eq!(opened.store.event_log(event).await.unwrap().attempts.len(), 1);
}
