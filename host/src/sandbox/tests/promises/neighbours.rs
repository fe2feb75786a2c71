//! Guests of one tenant that take all of something which everybody shares: slots of the pool. Others are served. Not
//! here: latencies through the whole gateway, which are black-box tests.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::module::tier::NATIVE;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::promises::wat::named;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::no_config;

/// Plugins that hoard; each has as many calls in flight as it may.
const HOARDERS: usize = 31;
const CALLS: usize = 16;

/// Hoards while `items` are in each instance: nobody else may lack what they take.
async fn others_are_served_beside(items: &str) {
    let forever = Duration::from_secs(3600);
    let room = Room::with(PluginLimits { cpu: forever, wall: forever, ..PluginLimits::default() });
    let served = room.sandbox.admit(honest().build().into()).await.unwrap();
    let served = room.sandbox.load(TENANT, &served.digest, Grants::default()).await.unwrap();
    let mut hoarders = Vec::new();
    for number in 0..HOARDERS {
        let guest = named(&format!("hoards-{number}")).imports(LOG).items(items).transform(
            "(call $log (i32.const 1) (i32.const 1024) (i32.const 9)) (loop $again (br $again)) unreachable",
        );
        let admitted = room.sandbox.admit(guest.build().into()).await.unwrap();
        // Of many workspaces, since none gets so much room alone.
        let tenant = WorkspaceId::from_bits(number as u128 + 2);
        hoarders.push(room.sandbox.load(tenant, &admitted.digest, Grants::default()).await.unwrap());
    }
    let begun = room.sandbox.builds().queue().begun();
    // The others wait for places among the long ones.
    let all = begun.load(Ordering::Relaxed) + (HOARDERS * CALLS).min(NATIVE.long_calls()) as u64;
    let mut held: FuturesUnordered<_> = hoarders
        .iter()
        .flat_map(|plugin| (0..CALLS).map(move |_| plugin.run(no_config(), event("e"))))
        .collect();
    let calls = async {
        while begun.load(Ordering::Relaxed) < all {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for _ in 0..20 {
            served.run(no_config(), event("e")).await.unwrap();
        }
    };
    tokio::select! {
        biased;
        ended = held.next() => panic!("a hoarder ended: {ended:?}"),
        () = calls => {}
    }
}

#[tokio::test]
async fn who_takes_tables_leaves_others_some() {
    // One more is that through which an import is linked.
    others_are_served_beside(&"(table 1 funcref)".repeat(4)).await;
}

/// Two workspaces that took in the same bytes: what one has under way takes no place of the other.
#[tokio::test]
async fn the_same_plugin_of_two_workspaces_has_places_for_each() {
    let forever = Duration::from_secs(3600);
    // One call of a plugin at a time.
    let limits = PluginLimits { cpu: forever, wall: forever, in_flight: 1, ..PluginLimits::default() };
    let room = Room::with(limits);
    let guest = named("both").transform(
        "(if (i32.eq (i32.load8_u (local.get 12)) (i32.const 108)) (then (loop $again (br $again)))) (call $ok)",
    );
    let digest = room.sandbox.admit(guest.build().into()).await.unwrap().digest;
    let load = async |tenant| {
        let tenant = WorkspaceId::from_bits(tenant);
        room.sandbox.load(tenant, &digest, Grants::default()).await.unwrap()
    };
    let (mine, theirs) = (load(1).await, load(2).await);
    let begun = room.sandbox.builds().queue().begun();
    let before = begun.load(Ordering::Relaxed);
    let looping = || GuestEvent { payload: "loops".into(), ..event("e") };
    let mut held: FuturesUnordered<_> = (0..40).map(|_| theirs.run(no_config(), looping())).collect();
    let calls = async {
        while begun.load(Ordering::Relaxed) == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for _ in 0..20 {
            mine.run(no_config(), event("e")).await.unwrap();
        }
        assert_eq!(begun.load(Ordering::Relaxed), before + 21, "of theirs, one is under way");
    };
    tokio::select! {
        biased;
        ended = held.next() => panic!("an endless call ended: {ended:?}"),
        served = tokio::time::timeout(Duration::from_secs(60), calls) => served.expect("mine are served"),
    }
}
