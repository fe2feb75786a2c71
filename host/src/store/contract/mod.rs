//! What every backend must do, as plain test functions over the trait. A backend's tests give
//! `contract_suite!` something that opens it, again and again, on the same data.
//! Not here: what only one backend promises (its own tests).

pub(crate) mod cluster;
mod configuration;
mod deliveries;
mod events;
mod expiry;
mod kv;
mod lists;
mod modules;
mod ownership;
mod recovery;
pub(crate) mod samples;
pub(crate) mod tenants;

use std::future::Future;

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::Change;
use crate::store::Committed;
use crate::store::Feed;
use crate::store::Recovered;
use crate::store::Store;

pub(crate) use cluster::Cluster;
pub(crate) use cluster::cluster_suite;
pub(crate) use samples::Samples;

/// Opens a backend on data of its own, which outlives the store.
pub(crate) trait Opener {
    /// The backend.
    type Store: Store;
    /// Its feed.
    type Feed: Feed;

    /// Opens it; the one before was closed.
    fn open(&self) -> impl Future<Output = (Self::Store, Self::Feed, Recovered)>;

    /// Turns the clock to that instant.
    fn set_time(&self, now: Timestamp);
}

/// An open store whose feed is read by the test.
pub(crate) struct Opened<O: Opener> {
    pub(crate) store: O::Store,
    pub(crate) feed: O::Feed,
    pub(crate) recovered: Recovered,
}

/// Opens it.
pub(crate) async fn open<O: Opener>(opener: &O) -> Opened<O> {
    let (store, feed, recovered) = opener.open().await;
    Opened { store, feed, recovered }
}

impl<O: Opener> Opened<O> {
    /// Accepts events and answers with their ids, and what the feed said.
    pub(crate) async fn accept(
        &mut self,
        events: Vec<crate::domain::event::NewEvent>,
    ) -> (Vec<EventId>, Option<Committed>) {
        let fresh = !events.is_empty();
        let asking = self.store.accept(events);
        tokio::pin!(asking);
        let mut committed = None;
        let accepted = loop {
            tokio::select! {
                biased;
                accepted = &mut asking => break accepted.unwrap(),
                next = self.feed.next(), if committed.is_none() => committed = next,
            }
        };
        let all_known = accepted.iter().all(|one| one.duplicate);
        if committed.is_none() && fresh && !all_known {
            committed = self.feed.next().await;
        }
        (accepted.into_iter().map(|one| one.id).collect(), committed)
    }

    /// Accepts one event.
    pub(crate) async fn accept_one(&mut self, event: crate::domain::event::NewEvent) -> EventId {
        self.accept(vec![event]).await.0[0]
    }

    /// Writes a change.
    pub(crate) async fn commit(&self, change: Change) {
        self.store.commit(change).await.unwrap();
    }

    /// Closes it and opens it again.
    pub(crate) async fn reopen(self, opener: &O) -> Self {
        self.store.close().await.unwrap();
        drop((self.store, self.feed));
        open(opener).await
    }
}

/// Makes a test of every function of the suite.
macro_rules! contract_suite {
    ($opener:expr) => {
        $crate::store::contract::contract_suite!(@ run, $opener;
            events: an_event_comes_back_as_it_was, ids_and_the_feed_are_in_order,
                what_does_not_fit_in_memory_is_read_again, one_key_is_one_event, large_bodies_come_back,
                a_closed_store_takes_nothing;
            deliveries: a_plan_and_its_attempts_are_found, a_record_lives_and_ends, flushed_waits_for_what_was_noted,
                notes_are_written_in_order, late_rows_are_found,
                a_delivery_can_be_retried_by_hand, an_attempt_that_ends_a_delivery_needs_no_record;
            configuration: revisions_count_up, older_revisions_can_be_rebuilt,
                a_write_for_another_revision_conflicts, a_new_revision_is_announced;
            recovery: unfinished_events_are_found_again, closed_events_are_not,
                live_deliveries_and_their_configuration_come_back,
                keys_are_remembered_for_their_window, what_is_unfinished_is_listed;
            lists: events_are_listed_newest_first, events_after_one_are_those_that_came_in_later, events_are_filtered,
                events_are_listed_with_their_plans, deliveries_are_listed_newest_first,
                deliveries_are_filtered, rejections_are_listed_newest_first;
            expiry: what_is_old_goes, what_is_live_stays;
            tenants: what_a_workspace_keeps_for_less_goes_alone, what_is_alive_of_it_stays_until_it_ends,
                each_expiry_goes_on_where_the_last_one_ended;
            ownership: a_lease_is_held_and_renewed, alone_there_is_nothing_to_adopt, what_is_live_is_claimed;
            modules: modules_come_back_by_their_digest;
            kv: plugins_keep_values, keys_are_listed_in_order_and_kept_apart,
                ranges_are_read_in_both_directions, bytes_that_cannot_be_made_again_last;
        );
    };
    (@ $run:ident, $opener:expr; $($file:ident: $($name:ident),*;)*) => {
        $($(
            #[tokio::test]
            async fn $name() {
                $crate::store::contract::$run::$name(&$opener).await;
            }
        )*)*
    };
}
pub(crate) use contract_suite;

pub(crate) use cluster::run as run_cluster;

/// Every function of the suite under one roof, for the macro.
pub(crate) mod run {
    pub(crate) use super::configuration::*;
    pub(crate) use super::deliveries::*;
    pub(crate) use super::events::*;
    pub(crate) use super::expiry::*;
    pub(crate) use super::kv::*;
    pub(crate) use super::lists::*;
    pub(crate) use super::modules::*;
    pub(crate) use super::ownership::*;
    pub(crate) use super::recovery::*;
    pub(crate) use super::tenants::*;
}
