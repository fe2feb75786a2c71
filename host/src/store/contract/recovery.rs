//! What is found again when a store is opened.

use crate::domain::delivery::DeliveryState::Delivered;
use crate::domain::delivery::DeliveryState::Failed;
use crate::domain::delivery::DeliveryState::Held;
use crate::domain::delivery::DeliveryState::Retrying;
use crate::store::Change;
use crate::store::Store;
use crate::store::Unfinished;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::at;

pub(crate) async fn unfinished_events_are_found_again(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let mut events = Vec::new();
    for number in 0..200 {
        events.push(opened.accept_one(samples.event(format!("{number}"))).await);
    }
    // Three of them in all stages but the last, everything else is closed.
    let (untouched, planned, half) = (events[10], events[70], events[150]);
    let rest = events.iter().filter(|event| ![untouched, planned, half].contains(event));
    for event in rest {
        let log = vec![samples.plan(*event, 1), samples.attempt(event.delivery(1), 1, Delivered)];
        opened.store.note(Change { log, closed: vec![*event], ..Change::default() });
    }
    opened.store.note(Change { log: vec![samples.plan(planned, 9)], ..Change::default() });
    let stages = [
        (1, Delivered, false),
        (2, Retrying, true),
        (3, Failed, true),
        (4, Failed, false),
        (5, Retrying, false),
    ];
    for (slot, state, recorded) in stages {
        let id = half.delivery(slot);
        let record = recorded.then(|| samples.record(id, 1, state));
        let log = vec![samples.attempt(id, 1, state)];
        opened.store.note(Change { log, deliveries: record.into_iter().collect(), ..Change::default() });
    }
    let expected = [
        Unfinished { event: untouched, done: vec![], planned: false },
        Unfinished { event: planned, done: vec![], planned: true },
        Unfinished { event: half, done: vec![1, 2, 3, 4], planned: false },
    ];
    for _ in 0..3 {
        opened = opened.reopen(opener).await;
        assert_eq!(opened.recovered.unfinished, expected);
        opened.accept_one(samples.event("more")).await;
        let more = opened.store.events(crate::store::EventQuery {
            workspace: samples.workspace,
            source: None,
            event_type: None,
            since: None,
            until: None,
            after: None,
            before: None,
            limit: 1,
        });
        let newest = more.await.unwrap().items[0].id;
        opened.commit(Change { closed: vec![newest], ..Change::default() }).await;
    }
}

pub(crate) async fn closed_events_are_not(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let (ids, _) = opened.accept((0..300).map(|n| samples.event(format!("{n}"))).collect()).await;
    for id in &ids {
        opened.store.note(Change { closed: vec![*id], ..Change::default() });
    }
    for _ in 0..2 {
        opened = opened.reopen(opener).await;
        assert_eq!(opened.recovered.unfinished, []);
    }
}

pub(crate) async fn live_deliveries_and_their_configuration_come_back(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let (ids, _) = opened.accept((0..20).map(|n| samples.event(format!("{n}"))).collect()).await;
    for (number, id) in ids.iter().enumerate().rev() {
        let state = if number % 2 == 0 { Retrying } else { Failed };
        let deliveries = vec![samples.record(id.delivery(7), 1, state)];
        opened.store.note(Change { deliveries, closed: vec![*id], ..Change::default() });
    }
    let opened = opened.reopen(opener).await;
    let live = ids.iter().step_by(2).map(|id| samples.record(id.delivery(7), 1, Retrying));
    assert_eq!(opened.recovered.live, live.collect::<Vec<_>>());
    assert!(opened.recovered.past.is_empty());
}

/// The openers have a window of a day.
pub(crate) async fn keys_are_remembered_for_their_window(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let first = opened.accept_one(samples.keyed(1)).await;
    opened = opened.reopen(opener).await;
    assert_eq!(opened.accept_one(samples.keyed(1)).await, first);
    opener.set_time(at(24 * 3_600_000 - 10));
    assert_eq!(opened.accept_one(samples.keyed(1)).await, first);
    opened = opened.reopen(opener).await;
    assert_eq!(opened.accept_one(samples.keyed(1)).await, first);
    opener.set_time(at(24 * 3_600_000 + 10));
    let second = opened.accept_one(samples.keyed(1)).await;
    assert_ne!(second, first);
    opened = opened.reopen(opener).await;
    assert_eq!(opened.accept_one(samples.keyed(1)).await, second);
}

/// What is unfinished is listed while the store is open, too, page by page.
pub(crate) async fn what_is_unfinished_is_listed(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let mut events = Vec::new();
    for number in 0..7 {
        events.push(opened.accept_one(samples.event(format!("{number}"))).await);
    }
    let (gone, parked) = (events[2], events[4]);
    let waiting = samples.record(parked.delivery(1), 1, Retrying);
    let held = samples.record(parked.delivery(2), 0, Held);
    let ended = samples.record(parked.delivery(3), 1, Delivered);
    let deliveries = vec![waiting.clone(), held.clone(), ended];
    opened.commit(Change { deliveries, closed: vec![gone, parked], ..Change::default() }).await;
    let left: Vec<_> = events.iter().copied().filter(|event| ![gone, parked].contains(event)).collect();
    let store = &opened.store;
    assert_eq!(store.open_events(None, 10).await.unwrap(), left);
    assert_eq!(store.open_events(None, 2).await.unwrap(), left[..2]);
    assert_eq!(store.open_events(Some(left[1]), 2).await.unwrap(), left[2..4]);
    assert_eq!(store.open_events(Some(left[4]), 2).await.unwrap(), []);
    assert_eq!(store.claim(None, 10).await.unwrap(), [waiting.clone(), held.clone()]);
    assert_eq!(store.claim(None, 1).await.unwrap(), std::slice::from_ref(&waiting));
    assert_eq!(store.claim(Some(waiting.id), 10).await.unwrap(), std::slice::from_ref(&held));
    assert_eq!(store.claim(Some(held.id), 10).await.unwrap(), []);
}
