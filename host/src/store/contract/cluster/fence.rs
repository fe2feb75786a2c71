//! The fence: what a node writes that somebody took over from.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::delivery::DeliveryState::Retrying;
use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::EventId;
use crate::domain::plugin::Digest;
use crate::store::Change;
use crate::store::ConfigWrite;
use crate::store::EventQuery;
use crate::store::Expiry;
use crate::store::Store;
use crate::store::contract::Opened;
use crate::store::contract::Samples;
use crate::store::contract::cluster::Cluster;
use crate::store::contract::cluster::is_fenced;
use crate::store::contract::cluster::join;
use crate::store::contract::cluster::node;
use crate::store::contract::cluster::open_events;
use crate::store::contract::cluster::take_over;
use crate::store::contract::samples::at;

async fn all_events<C: Cluster>(opened: &Opened<C>) -> Vec<EventId> {
    let query = EventQuery {
        workspace: Samples::of(1).workspace,
        source: None,
        event_type: None,
        since: None,
        until: None,
        after: None,
        before: None,
        limit: 100,
    };
    opened.store.events(query).await.unwrap().items.iter().map(|event| event.id).collect()
}

pub(crate) async fn a_stale_fence_writes_nothing(cluster: &impl Cluster) {
    let (mut first, second) = (join(cluster, 1).await, join(cluster, 2).await);
    let samples = Samples::of(1);
    let event = first.accept_one(samples.event("one")).await;
    take_over(cluster, &second, &first).await;

    let id = event.delivery(1);
    let space = KvSpace { workspace: samples.workspace, plugin: Arc::from("counter") };
    let change = || Change {
        log: vec![samples.plan(event, 1), samples.attempt(id, 1, Retrying)],
        deliveries: vec![samples.record(id, 1, Retrying)],
        bytes: vec![(id, samples.bytes("stale"))],
        lasting_bytes: vec![(event.delivery(2), samples.bytes("stale"))],
        closed: vec![event],
        kv: vec![KvWrite { space: space.clone(), key: "a".to_owned(), value: Some(b"stale".to_vec()) }],
    };
    let (digest, stale) = (Digest::from_bytes([7; 32]), &first.store);
    let write = ConfigWrite { key: "a".to_owned(), document: Some(b"1".to_vec()) };
    stale.note(change());
    assert!(is_fenced(stale.flushed().await, 1), "who noted something learns of it");
    assert!(is_fenced(stale.accept(vec![samples.event("two")]).await, 1));
    assert!(is_fenced(stale.commit(change()).await, 1));
    assert!(is_fenced(stale.configure(vec![write], 0).await, 1));
    assert!(is_fenced(stale.put_module(digest, Bytes::from_static(b"stale")).await, 1));
    assert!(is_fenced(stale.expire(Expiry::of_all(at(u64::MAX / 2), at(u64::MAX / 2))).await, 1));
    assert!(is_fenced(stale.renew().await, 1));
    assert!(is_fenced(stale.adopt(node(2)).await, 1));
    assert!(is_fenced(stale.health(), 1));

    let there = &second.store;
    there.flushed().await.unwrap();
    assert_eq!((all_events(&second).await, open_events(&second).await), (vec![event], vec![event]));
    let log = there.event_log(event).await.unwrap();
    assert_eq!((log.plan, log.attempts, log.records), (None, vec![], vec![]));
    for id in [id, event.delivery(2)] {
        assert_eq!(there.delivery(id).await.unwrap(), None);
        assert_eq!(there.delivery_bytes(id).await.unwrap(), None);
    }
    assert_eq!(there.kv_get(&space, "a").await.unwrap(), None);
    assert!(there.config_at(1).await.unwrap().is_none());
    assert_eq!(there.module(digest).await.unwrap(), None);
    assert_eq!(there.claim(None, 10).await.unwrap(), []);
}

pub(crate) async fn a_node_that_starts_again_fences_off_what_it_was(cluster: &impl Cluster) {
    let mut before = join(cluster, 1).await;
    let samples = Samples::of(1);
    let event = before.accept_one(samples.event("one")).await;
    let again = join(cluster, 1).await;
    assert!(again.store.lease().epoch > before.store.lease().epoch);
    assert_eq!(again.recovered.unfinished.iter().map(|one| one.event).collect::<Vec<_>>(), [event]);
    assert!(is_fenced(before.store.commit(Change { closed: vec![event], ..Change::default() }).await, 1));
    assert!(is_fenced(before.store.accept(vec![samples.event("two")]).await, 1));
    before.store.close().await.unwrap();
    assert_eq!(open_events(&again).await, [event]);
    again.commit(Change { closed: vec![event], ..Change::default() }).await;
    assert_eq!(open_events(&again).await, []);
}

pub(crate) async fn one_key_is_one_event_on_all_nodes(cluster: &impl Cluster) {
    let (mut first, mut second) = (join(cluster, 1).await, join(cluster, 2).await);
    let samples = Samples::of(1);
    let event = first.accept_one(samples.keyed(1)).await;
    let (same, fed) = second.accept(vec![samples.keyed(1)]).await;
    assert_eq!((same, fed.is_none()), (vec![event], true));
    assert_eq!((open_events(&first).await, open_events(&second).await), (vec![event], vec![]));
    let both = |n| vec![samples.keyed(n), samples.keyed(n)];
    for key in 2..50 {
        let (one, other) = tokio::join!(first.store.accept(both(key)), second.store.accept(both(key)));
        let (one, other) = (one.unwrap(), other.unwrap());
        let all = || one.iter().chain(&other);
        assert!(all().all(|answer| answer.id == one[0].id));
        assert_eq!(all().filter(|answer| !answer.duplicate).count(), 1);
    }
}
