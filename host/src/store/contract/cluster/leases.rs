//! Leases: who may take over, and when.

use crate::domain::time::Timestamp;
use crate::store::Adoption;
use crate::store::Change;
use crate::store::Store;
use crate::store::contract::Samples;
use crate::store::contract::cluster::Cluster;
use crate::store::contract::cluster::adopt;
use crate::store::contract::cluster::is_fenced;
use crate::store::contract::cluster::join;
use crate::store::contract::cluster::let_lapse;
use crate::store::contract::cluster::node;
use crate::store::contract::cluster::open_events;

pub(crate) async fn a_running_lease_is_not_taken_over(cluster: &impl Cluster) {
    let (mut first, second) = (join(cluster, 1).await, join(cluster, 2).await);
    let event = first.accept_one(Samples::of(1).event("one")).await;
    let before = first.store.lease().until;
    cluster.set_time(Timestamp::from_millis(before.as_millis() - 1));
    let tried = second.store.adopt(node(1)).await.unwrap();
    assert!(matches!(tried, Adoption::Running { until } if until == before), "{tried:?}");
    let renewed = first.store.renew().await.unwrap().lease;
    assert!(renewed.until > before && renewed.epoch == first.store.lease().epoch);
    assert_eq!(first.store.lease(), renewed);
    cluster.set_time(before);
    let tried = second.store.adopt(node(1)).await.unwrap();
    assert!(matches!(tried, Adoption::Running { until } if until == renewed.until), "{tried:?}");
    let own = second.store.adopt(node(2)).await.unwrap();
    assert!(matches!(own, Adoption::Running { .. }), "nobody takes over from itself: {own:?}");
    assert!(matches!(second.store.adopt(node(9)).await.unwrap(), Adoption::Nothing), "there is none");
    assert_eq!((open_events(&first).await, open_events(&second).await), (vec![event], vec![]));
}

pub(crate) async fn a_lease_that_ended_is_seen_by_all(cluster: &impl Cluster) {
    let (first, second, third) = (join(cluster, 1).await, join(cluster, 2).await, join(cluster, 3).await);
    assert_eq!(second.store.renew().await.unwrap().lapsed, []);
    let_lapse(cluster, &first, &second).await;
    for seeing in [&second, &third] {
        let lapsed = seeing.store.renew().await.unwrap().lapsed;
        assert!(lapsed.contains(&node(1)) && !lapsed.contains(&node(2)), "{lapsed:?}");
    }
    adopt(&second, &first).await;
    assert_eq!(third.store.renew().await.unwrap().lapsed, [], "somebody has taken over");
}

pub(crate) async fn a_lease_that_nobody_took_over_goes_on(cluster: &impl Cluster) {
    let (mut first, second) = (join(cluster, 1).await, join(cluster, 2).await);
    let_lapse(cluster, &first, &second).await;
    let event = first.accept_one(Samples::of(1).event("late, and not too late")).await;
    first.store.renew().await.unwrap();
    assert!(matches!(second.store.adopt(node(1)).await.unwrap(), Adoption::Running { .. }));
    assert_eq!(open_events(&first).await, [event]);
}

pub(crate) async fn of_two_that_take_over_one_does(cluster: &impl Cluster) {
    let mut first = join(cluster, 1).await;
    let (second, third) = (join(cluster, 2).await, join(cluster, 3).await);
    let event = first.accept_one(Samples::of(1).event("one")).await;
    let_lapse(cluster, &first, &second).await;
    third.store.renew().await.unwrap();
    let tried = tokio::join!(second.store.adopt(node(1)), third.store.adopt(node(1)));
    let took = [tried.0.unwrap(), tried.1.unwrap()].map(|one| matches!(one, Adoption::Adopted(_)));
    assert!(took[0] != took[1], "{took:?}");
    let (winner, loser) = if took[0] { (&second, &third) } else { (&third, &second) };
    assert_eq!((open_events(winner).await, open_events(loser).await), (vec![event], vec![]));
}

pub(crate) async fn of_two_that_take_over_from_each_other_one_does(cluster: &impl Cluster) {
    let (mut first, mut second) = (join(cluster, 1).await, join(cluster, 2).await);
    let samples = Samples::of(1);
    let events =
        [first.accept_one(samples.event("one")).await, second.accept_one(samples.event("two")).await];
    cluster.set_time(first.store.lease().until.max(second.store.lease().until));
    let (by_first, by_second) = tokio::join!(first.store.adopt(node(2)), second.store.adopt(node(1)));
    let (winner, loser, lost) = match (by_first, by_second) {
        (Ok(Adoption::Adopted(_)), lost) => (&first, 2, lost),
        (lost, Ok(Adoption::Adopted(_))) => (&second, 1, lost),
        neither => panic!("{neither:?}"),
    };
    assert!(is_fenced(lost, loser));
    assert_eq!(open_events(winner).await, events);
    winner.store.commit(Change { closed: events.to_vec(), ..Change::default() }).await.unwrap();
    assert_eq!(open_events(winner).await, []);
}

pub(crate) async fn a_closed_node_is_taken_over_at_once(cluster: &impl Cluster) {
    let (mut first, second) = (join(cluster, 1).await, join(cluster, 2).await);
    let event = first.accept_one(Samples::of(1).event("one")).await;
    first.store.close().await.unwrap();
    assert_eq!(second.store.renew().await.unwrap().lapsed, [node(1)]);
    let left = adopt(&second, &first).await;
    assert_eq!(left.unfinished.iter().map(|one| one.event).collect::<Vec<_>>(), [event]);
}
