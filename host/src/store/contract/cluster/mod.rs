//! What a backend promises that several nodes share. A backend's tests give `cluster_suite!` something that opens it
//! for any node, on one clock. Not here: what it promises to each of them alone (`contract`).

mod adoption;
mod configuration;
mod fence;
mod leases;
mod lives;

use std::future::Future;

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::Adoption;
use crate::store::NodeId;
use crate::store::Recovered;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::contract::Opened;
use crate::store::contract::Opener;

/// Opens a backend for several nodes, on the same data.
pub(crate) trait Cluster: Opener {
    /// As long as one lives, writes are in flight: they have passed the fence, and are not done.
    type Stall;

    /// Opens it for that node, which may be open already.
    fn join(&self, node: NodeId) -> impl Future<Output = (Self::Store, Self::Feed, Recovered)>;

    /// Keeps writes in flight.
    fn stall(&self) -> Self::Stall;
}

fn node(number: u16) -> NodeId {
    NodeId::new(number).unwrap()
}

async fn join<C: Cluster>(cluster: &C, number: u16) -> Opened<C> {
    let (store, feed, recovered) = cluster.join(node(number)).await;
    Opened { store, feed, recovered }
}

/// Lets the lease of one node end, while the other renews its own.
async fn let_lapse<C: Cluster>(cluster: &C, ends: &Opened<C>, stays: &Opened<C>) {
    let until = ends.store.lease().until;
    cluster.set_time(Timestamp::from_millis(until.as_millis() - 1));
    stays.store.renew().await.unwrap();
    cluster.set_time(until);
}

/// What one takes over from the other, whose lease has ended.
async fn adopt<C: Cluster>(by: &Opened<C>, from: &Opened<C>) -> Recovered {
    match by.store.adopt(from.store.lease().node).await.unwrap() {
        Adoption::Adopted(left) => *left,
        other => panic!("{other:?}"),
    }
}

/// One lease ends, and the other node takes over.
async fn take_over<C: Cluster>(cluster: &C, by: &Opened<C>, from: &Opened<C>) -> Recovered {
    let_lapse(cluster, from, by).await;
    adopt(by, from).await
}

async fn open_events<C: Cluster>(opened: &Opened<C>) -> Vec<EventId> {
    opened.store.open_events(None, 10_000).await.unwrap()
}

fn is_fenced<T>(answer: Result<T, StoreError>, number: u16) -> bool {
    matches!(answer, Err(StoreError::Fenced { node: fenced }) if fenced == node(number))
}

/// Makes a test of every function of the suite.
macro_rules! cluster_suite {
    ($opener:expr) => {
        $crate::store::contract::contract_suite!(@ run_cluster, $opener;
            leases: a_running_lease_is_not_taken_over, a_lease_that_ended_is_seen_by_all,
                a_lease_that_nobody_took_over_goes_on, of_two_that_take_over_one_does,
                of_two_that_take_over_from_each_other_one_does, a_closed_node_is_taken_over_at_once;
            fence: a_stale_fence_writes_nothing, a_node_that_starts_again_fences_off_what_it_was,
                one_key_is_one_event_on_all_nodes;
            adoption: everything_has_one_owner, what_a_node_left_is_adopted_as_it_was,
                adoption_waits_for_what_is_in_flight, no_event_is_lost_or_adopted_twice,
                adopted_events_are_planned_by_the_adopter_only, what_was_adopted_is_adopted_again;
            lives: an_event_is_one_nodes_whatever_befalls_them;
            configuration: of_two_writers_one_conflicts, every_node_hears_of_a_new_revision;
        );
    };
}
pub(crate) use cluster_suite;

/// Every function of the suite, for the macro.
pub(crate) mod run {
    pub(crate) use super::adoption::*;
    pub(crate) use super::configuration::*;
    pub(crate) use super::fence::*;
    pub(crate) use super::leases::*;
    pub(crate) use super::lives::*;
}
