//! What a node owns, as far as it shows without another one.

use crate::domain::delivery::DeliveryState::Delivered;
use crate::domain::delivery::DeliveryState::Retrying;
use crate::store::Adoption;
use crate::store::Change;
use crate::store::NodeId;
use crate::store::Store;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::START;

pub(crate) async fn a_lease_is_held_and_renewed(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let lease = opened.store.lease();
    assert!(lease.until.as_millis() > START);
    let renewed = opened.store.renew().await.unwrap();
    assert_eq!((renewed.lease.node, renewed.lease.epoch), (lease.node, lease.epoch));
    assert!(renewed.lease.until >= lease.until);
    assert_eq!((renewed.lapsed, opened.store.lease()), (vec![], renewed.lease));
    opened.accept_one(Samples::of(1).event("one")).await;
    let opened = opened.reopen(opener).await;
    let again = opened.store.lease();
    assert_eq!(again.node, lease.node, "a node keeps its number");
    assert!(again.epoch > lease.epoch, "and what it was before is told from what it is now");
}

pub(crate) async fn alone_there_is_nothing_to_adopt(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let event = opened.accept_one(Samples::of(1).event("one")).await;
    let own = opened.store.adopt(opened.store.lease().node).await.unwrap();
    assert!(matches!(own, Adoption::Running { until } if until == opened.store.lease().until), "{own:?}");
    let nobody = opened.store.adopt(NodeId::new(NodeId::MAX).unwrap()).await.unwrap();
    assert!(matches!(nobody, Adoption::Nothing), "{nobody:?}");
    assert_eq!(opened.store.open_events(None, 10).await.unwrap(), [event]);
}

/// A record is claimed as long as it is live, and again when it comes back to life.
pub(crate) async fn what_is_live_is_claimed(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let event = opened.accept_one(samples.event("one")).await;
    let id = event.delivery(1);
    for (state, is_live) in [(Retrying, true), (Delivered, false), (Retrying, true)] {
        let record = samples.record(id, 1, state);
        opened.commit(Change { deliveries: vec![record.clone()], ..Change::default() }).await;
        let expected = is_live.then_some(record).into_iter().collect::<Vec<_>>();
        assert_eq!(opened.store.claim(None, 10).await.unwrap(), expected);
    }
}
