//! Events: accepted, fed, found again.

use bytes::Bytes;

use crate::domain::id::EventId;
use crate::store::Change;
use crate::store::Feed;
use crate::store::Store;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::START;
use crate::store::contract::samples::at;

pub(crate) async fn an_event_comes_back_as_it_was(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let sent = Samples::of(1).event("{\"a\": 1}");
    let (ids, committed) = opened.accept(vec![sent.clone()]).await;
    assert!(ids[0].unix_millis() >= START);
    let fed = committed.unwrap();
    let stored = opened.store.event(ids[0]).await.unwrap().unwrap();
    let held = fed.events.as_ref().map(|events| events[0].0.event.clone()).unwrap();
    for event in [stored, held] {
        assert_eq!(format!("{:?}", event.data), format!("{sent:?}"));
        assert_eq!(event.id, ids[0]);
    }
    let unknown = EventId::from_bits(ids[0].bits() + 1);
    assert!(opened.store.event(unknown).await.unwrap().is_none());
    let opened = opened.reopen(opener).await;
    let stored = opened.store.event(ids[0]).await.unwrap().unwrap();
    assert_eq!(format!("{:?}", stored.data), format!("{sent:?}"));
}

pub(crate) async fn ids_and_the_feed_are_in_order(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let mut ids = Vec::new();
    for round in 0..20 {
        // The clock goes back and forth.
        opener.set_time(at([5, 0, 9][round % 3]));
        let events = (0..7).map(|number| samples.event(format!("{round} {number}"))).collect();
        let (given, committed) = opened.accept(events).await;
        let committed = committed.unwrap();
        assert_eq!((committed.range.first, committed.range.count), (given[0], 7));
        let read = opened.store.read(committed.range).await.unwrap();
        let read: Vec<EventId> = read.iter().map(|held| held.0.event.id).collect();
        assert_eq!(read, given);
        ids.extend(given);
    }
    assert!(ids.is_sorted_by(|a, b| a < b));
    let mut opened = opened.reopen(opener).await;
    opener.set_time(at(0));
    let later = opened.accept_one(samples.event("later")).await;
    assert!(later > *ids.last().unwrap());
}

/// The openers allow 64 KiB of events in memory.
pub(crate) async fn what_does_not_fit_in_memory_is_read_again(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let mut held = Vec::new();
    let mut left_out = 0;
    for _ in 0..20 {
        let (ids, committed) = opened.accept(vec![samples.event(vec![7; 10_000])]).await;
        let committed = committed.unwrap();
        if let Some(events) = committed.events {
            held.extend(events);
        } else {
            left_out += 1;
            let read = opened.store.read(committed.range).await.unwrap();
            assert_eq!(read[0].0.event.id, ids[0]);
            assert_eq!(read[0].0.event.data.body.len(), 10_000);
        }
    }
    assert_eq!((held.len(), left_out), (5, 15));
    held.clear();
    let (_, committed) = opened.accept(vec![samples.event("small")]).await;
    assert!(committed.unwrap().events.is_some());
}

pub(crate) async fn one_key_is_one_event(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let (first, committed) = opened.accept(vec![samples.keyed(1), samples.keyed(2), samples.keyed(1)]).await;
    assert_eq!(first[0], first[2]);
    assert_eq!(committed.unwrap().range.count, 2);
    let (again, committed) = opened.accept(vec![samples.keyed(2)]).await;
    assert_eq!(again, [first[1]]);
    assert!(committed.is_none());
    let events = vec![samples.keyed(3), samples.keyed(2)];
    let asking = opened.store.accept(events);
    let (answer, fed) = tokio::join!(asking, opened.feed.next());
    let duplicates: Vec<bool> = answer.unwrap().iter().map(|one| one.duplicate).collect();
    assert_eq!(duplicates, [false, true]);
    assert_eq!(fed.unwrap().range.count, 1);
}

pub(crate) async fn large_bodies_come_back(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let noise = |seed: u32| -> Bytes {
        let mut state = seed;
        let bytes = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        bytes.take(1 << 20).collect::<Vec<u8>>().into()
    };
    let mut ids = Vec::new();
    for seed in 0..8 {
        ids.push(opened.accept_one(samples.event(noise(seed))).await);
    }
    let delivery = ids[0].delivery(1);
    let record = samples.record(delivery, 1, crate::domain::delivery::DeliveryState::Retrying);
    let bytes = vec![(delivery, samples.bytes(noise(99)))];
    opened.commit(Change { deliveries: vec![record], bytes, ..Change::default() }).await;
    let opened = opened.reopen(opener).await;
    for (seed, id) in ids.iter().enumerate() {
        let event = opened.store.event(*id).await.unwrap().unwrap();
        assert!(event.data.body == noise(seed as u32), "event {seed}");
    }
    let bytes = opened.store.delivery_bytes(delivery).await.unwrap().unwrap();
    assert!(bytes.payload == noise(99));
}

pub(crate) async fn a_closed_store_takes_nothing(opener: &impl Opener) {
    let mut opened = open(opener).await;
    assert!(opened.store.health().is_ok());
    opened.accept_one(Samples::of(1).event("one")).await;
    opened.store.close().await.unwrap();
    assert!(opened.store.health().is_err());
    assert!(opened.store.accept(vec![Samples::of(1).event("two")]).await.is_err());
    assert!(opened.store.commit(Change::default()).await.is_err());
    assert!(opened.store.flushed().await.is_err());
    assert!(opened.store.renew().await.is_err());
    opened.store.note(Change::default());
    assert!(opened.feed.next().await.is_none());
}
