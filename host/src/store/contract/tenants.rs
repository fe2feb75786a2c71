//! What goes of a workspace that keeps less than others, in commits that it shares with them, and what stays.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::delivery::DeliveryState::Delivered;
use crate::domain::delivery::DeliveryState::Retrying;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::Change;
use crate::store::DeliveryQuery;
use crate::store::EventQuery;
use crate::store::Expiry;
use crate::store::LogEntry;
use crate::store::Store;
use crate::store::WorkspaceExpiry;
use crate::store::contract::Opened;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::at;

const HOUR: u64 = 3600 * 1000;
const DAY: u64 = 24 * HOUR;

/// That workspace keeps things for a day; nothing is too old for the server.
pub(crate) fn a_day_of(samples: &Samples, now: Timestamp) -> Expiry {
    let before = now.minus(Duration::from_millis(DAY));
    let sooner = BTreeMap::from([(samples.workspace, WorkspaceExpiry { before, made_at: at(0) })]);
    Expiry { sooner, ..Expiry::default() }
}

/// An event is planned and delivered, and leaves all that an event can leave.
pub(crate) async fn settle<O: Opener>(opened: &Opened<O>, samples: &Samples, event: EventId) {
    let id = event.delivery(1);
    let change = Change {
        log: vec![samples.plan(event, 1), samples.attempt(id, 1, Delivered)],
        deliveries: vec![samples.record(id, 1, Delivered)],
        lasting_bytes: vec![(id, samples.bytes("made once"))],
        closed: vec![event],
        ..Change::default()
    };
    opened.commit(change).await;
}

/// All there is of an event.
async fn told(store: &impl Store, event: EventId) -> String {
    let id = event.delivery(1);
    let (found, log) = (store.event(event).await.unwrap(), store.event_log(event).await.unwrap());
    let (record, bytes) = (store.delivery(id).await.unwrap(), store.delivery_bytes(id).await.unwrap());
    format!("{found:?} {log:?} {record:?} {bytes:?}")
}

async fn assert_gone(store: &impl Store, event: EventId) {
    assert!(store.event(event).await.unwrap().is_none());
    assert_eq!(store.delivery(event.delivery(1)).await.unwrap(), None);
    assert_eq!(store.delivery_bytes(event.delivery(1)).await.unwrap(), None);
    let log = store.event_log(event).await.unwrap();
    assert!(log.plan.is_none() && log.attempts.is_empty() && log.records.is_empty(), "{log:?}");
}

/// How many events, deliveries and rejections lists show of a workspace.
async fn listed(store: &impl Store, samples: &Samples) -> (usize, usize, usize) {
    let workspace = samples.workspace;
    let (events, deliveries) = (EventQuery::all(workspace, 1000), DeliveryQuery::all(workspace, 1000));
    let events = store.events(events).await.unwrap().items.len();
    let deliveries = store.deliveries(deliveries).await.unwrap().items.len();
    let rejections = store.rejections(workspace, samples.source, None, 1000).await.unwrap().items.len();
    (events, deliveries, rejections)
}

pub(crate) async fn what_a_workspace_keeps_for_less_goes_alone(opener: &impl Opener) {
    let mut opened = open(opener).await;
    opener.set_time(at(0));
    let (one, two) = (Samples::of(1), Samples::of(2));
    let whose = |number: usize| if number.is_multiple_of(2) { one } else { two };
    let bodies = (0..6).map(|number| whose(number).event(format!("body {number} ").repeat(2000)));
    let (events, _) = opened.accept(bodies.collect()).await;
    for (number, event) in events.iter().enumerate() {
        settle(&opened, &whose(number), *event).await;
    }
    let rejections = [one.rejection(1), two.rejection(2), one.rejection(3)];
    let log = rejections.into_iter().map(LogEntry::Rejection).collect();
    opened.commit(Change { log, ..Change::default() }).await;
    let mut before = Vec::new();
    for event in events.iter().skip(1).step_by(2) {
        before.push(told(&opened.store, *event).await);
    }
    assert_eq!(opened.store.expire(a_day_of(&one, at(DAY))).await.unwrap(), 0, "it is not older than a day");
    assert_eq!(listed(&opened.store, &one).await, (3, 3, 2));

    opener.set_time(at(2 * DAY));
    assert!(opened.store.expire(a_day_of(&one, at(2 * DAY))).await.unwrap() > 0);
    for _ in 0..2 {
        for event in events.iter().step_by(2) {
            assert_gone(&opened.store, *event).await;
        }
        for (event, before) in events.iter().skip(1).step_by(2).zip(&before) {
            assert_eq!(&told(&opened.store, *event).await, before);
        }
        assert_eq!(listed(&opened.store, &one).await, (0, 0, 0));
        assert_eq!(listed(&opened.store, &two).await, (3, 3, 1));
        opened = opened.reopen(opener).await;
        assert!(opened.recovered.unfinished.is_empty() && opened.recovered.live.is_empty());
    }
    assert_eq!(opened.store.expire(a_day_of(&one, at(2 * DAY))).await.unwrap(), 0);
}

pub(crate) async fn what_is_alive_of_it_stays_until_it_ends(opener: &impl Opener) {
    let mut opened = open(opener).await;
    opener.set_time(at(0));
    let (one, two) = (Samples::of(1), Samples::of(2));
    let bodies = vec![one.event("open"), one.event("retried"), one.event("done"), two.event("a neighbour's")];
    let (events, _) = opened.accept(bodies).await;
    let [open_event, retried, done, neighbours] = events[..] else { panic!("{events:?}") };
    opened.commit(Change { log: vec![one.plan(open_event, 1)], ..Change::default() }).await;
    let id = retried.delivery(1);
    let change = Change {
        log: vec![one.plan(retried, 1), one.attempt(id, 1, Retrying)],
        deliveries: vec![one.record(id, 1, Retrying)],
        bytes: vec![(id, one.bytes("bytes"))],
        closed: vec![retried],
        ..Change::default()
    };
    opened.commit(change).await;
    settle(&opened, &one, done).await;
    settle(&opened, &two, neighbours).await;
    let before = told(&opened.store, neighbours).await;

    opener.set_time(at(2 * DAY));
    assert!(opened.store.expire(a_day_of(&one, at(2 * DAY))).await.unwrap() > 0);
    assert_eq!(opened.store.expire(a_day_of(&one, at(2 * DAY))).await.unwrap(), 0);
    opened = opened.reopen(opener).await;
    assert_gone(&opened.store, done).await;
    for event in [open_event, retried] {
        assert!(opened.store.event(event).await.unwrap().is_some());
        assert!(opened.store.event_log(event).await.unwrap().plan.is_some());
    }
    assert!(opened.store.delivery_bytes(id).await.unwrap().is_some());
    assert_eq!((opened.recovered.unfinished.len(), opened.recovered.live.len()), (1, 1));

    let change = Change {
        log: vec![one.attempt(id, 2, Delivered)],
        deliveries: vec![one.record(id, 2, Delivered)],
        closed: vec![open_event],
        ..Change::default()
    };
    opened.commit(change).await;
    assert!(opened.store.expire(a_day_of(&one, at(2 * DAY))).await.unwrap() > 0);
    opened = opened.reopen(opener).await;
    for event in [open_event, retried] {
        assert!(opened.store.event(event).await.unwrap().is_none());
    }
    assert_eq!(opened.store.delivery(id).await.unwrap(), None);
    // What was written just now goes when it is a day old.
    opener.set_time(at(4 * DAY));
    assert!(opened.store.expire(a_day_of(&one, at(4 * DAY))).await.unwrap() > 0);
    assert_eq!(opened.store.expire(a_day_of(&one, at(4 * DAY))).await.unwrap(), 0);
    assert_eq!(told(&opened.store, neighbours).await, before);
}

pub(crate) async fn each_expiry_goes_on_where_the_last_one_ended(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let (one, two) = (Samples::of(1), Samples::of(2));
    let mut events: Vec<(u64, EventId, EventId)> = Vec::new();
    for hour in 0..40 {
        opener.set_time(at(hour * HOUR));
        let (ids, _) = opened.accept(vec![one.event("one"), two.event("two")]).await;
        settle(&opened, &one, ids[0]).await;
        settle(&opened, &two, ids[1]).await;
        events.push((hour, ids[0], ids[1]));
        opened.store.expire(a_day_of(&one, at(hour * HOUR))).await.unwrap();
        if hour == 30 {
            opened = opened.reopen(opener).await;
        }
    }
    for (hour, ones, twos) in &events {
        assert!(opened.store.delivery(twos.delivery(1)).await.unwrap().is_some());
        assert!(opened.store.event(*twos).await.unwrap().is_some());
        match *hour + 24 < 39 {
            true => assert_gone(&opened.store, *ones).await,
            false => assert!(opened.store.event(*ones).await.unwrap().is_some(), "{hour}"),
        }
    }
    // The first one keeps what it has from here on; the other one lets go of all that is old.
    opened.store.expire(a_day_of(&two, at(50 * HOUR))).await.unwrap();
    let opened = opened.reopen(opener).await;
    for (hour, ones, twos) in &events {
        assert_eq!(opened.store.event(*ones).await.unwrap().is_some(), *hour + 24 >= 39, "{hour}");
        match *hour + 24 < 50 {
            true => assert_gone(&opened.store, *twos).await,
            false => assert!(opened.store.event(*twos).await.unwrap().is_some(), "{hour}"),
        }
    }
}
