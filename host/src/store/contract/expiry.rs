//! What goes when it is old, and what stays.

use crate::domain::delivery::DeliveryState::Delivered;
use crate::domain::delivery::DeliveryState::Retrying;
use crate::domain::id::EventId;
use crate::store::Change;
use crate::store::Expiry;
use crate::store::Store;
use crate::store::contract::Opened;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::at;

async fn accept_closed<O: Opener>(opened: &mut Opened<O>) -> EventId {
    let samples = Samples::of(1);
    let event = opened.accept_one(samples.event("one")).await;
    let log = vec![samples.plan(event, 1), samples.attempt(event.delivery(1), 1, Delivered)];
    opened.commit(Change { log, closed: vec![event], ..Change::default() }).await;
    event
}

pub(crate) async fn what_is_old_goes(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let mut events = Vec::new();
    for second in 0..250 {
        opener.set_time(at(second * 1000));
        events.push(accept_closed(&mut opened).await);
    }
    opener.set_time(at(300_000));
    let gone = opened.store.expire(Expiry::of_all(at(200_000), at(100_000))).await.unwrap();
    assert!(gone > 0);
    let opened = opened.reopen(opener).await;
    for (second, event) in events.iter().enumerate() {
        let found = opened.store.event(*event).await.unwrap().is_some();
        assert_eq!(found, second >= 200, "event of second {second}");
        if found {
            assert_eq!(opened.store.event_log(*event).await.unwrap().attempts.len(), 1);
        }
    }
    assert_eq!(opened.store.expire(Expiry::of_all(at(200_000), at(100_000))).await.unwrap(), 0);
}

pub(crate) async fn what_is_live_stays(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    opener.set_time(at(0));
    let open_event = opened.accept_one(samples.event("open")).await;
    opened.commit(Change { log: vec![samples.plan(open_event, 1)], ..Change::default() }).await;
    opener.set_time(at(1000));
    let retried = opened.accept_one(samples.event("retried")).await;
    let id = retried.delivery(1);
    let change = Change {
        log: vec![samples.plan(retried, 1), samples.attempt(id, 1, Retrying)],
        deliveries: vec![samples.record(id, 1, Retrying)],
        bytes: vec![(id, samples.bytes("bytes"))],
        closed: vec![retried],
        kv: Vec::new(),
        lasting_bytes: Vec::new(),
    };
    opened.commit(change).await;
    opener.set_time(at(2000));
    let done = accept_closed(&mut opened).await;
    opener.set_time(at(90_000));
    opened.store.expire(Expiry::of_all(at(80_000), at(80_000))).await.unwrap();
    let mut opened = opened.reopen(opener).await;
    assert!(opened.store.event(done).await.unwrap().is_none());
    for event in [open_event, retried] {
        assert!(opened.store.event(event).await.unwrap().is_some());
        assert!(opened.store.event_log(event).await.unwrap().plan.is_some());
    }
    assert!(opened.store.delivery_bytes(id).await.unwrap().is_some());
    assert_eq!(opened.recovered.unfinished.len(), 1);
    assert_eq!(opened.recovered.live.len(), 1);
    // Once nothing needs them they go, too.
    let deliveries = vec![samples.record(id, 2, Delivered)];
    opened.commit(Change { deliveries, closed: vec![open_event], ..Change::default() }).await;
    opened.store.expire(Expiry::of_all(at(80_000), at(80_000))).await.unwrap();
    opened = opened.reopen(opener).await;
    for event in [open_event, retried] {
        assert!(opened.store.event(event).await.unwrap().is_none());
    }
    assert_eq!(opened.store.delivery(id).await.unwrap(), None);
}
