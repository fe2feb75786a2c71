//! The two kinds of guests: which a module is, that each has limits, code and threads of its own. The
//! interpreted guests here are ordinary ones that declare a large table.

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;

use crate::domain::grant::Grants;
use crate::domain::plugin::Fault;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::Compiler;
use crate::sandbox::RefusalCode;
use crate::sandbox::tests::support;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::forwarded;
use crate::sandbox::tests::support::guest;
use crate::sandbox::tests::support::no_config;
use crate::sandbox::tests::support::sandbox;

/// A guest with a table of so many entries.
fn with_table(name: &str, entries: u32) -> Bytes {
    support::with_table(&guest(name), entries).into()
}

#[tokio::test]
async fn a_module_is_of_one_tier_for_good() {
    let room = Room::new();
    let native = room.sandbox.admit(guest("lead")).await.unwrap();
    let interpreted = room.sandbox.admit(with_table("lead", 50_000)).await.unwrap();
    assert_eq!((native.tier, interpreted.tier), ("native", "interpreted"));
    let names: Vec<_> = std::fs::read_dir(room.dir.path().join("plugins")).unwrap().collect();
    assert_eq!(names.len(), 7, "a module, its code and a checksum each, and a plan: {names:?}");
    let Room { sandbox: first, dir } = room;
    drop(first);

    // After a restart the code on the disk is enough; without it the module tells again.
    let nobody = Compiler::Child("/nonexistent/hookmill".into());
    let second = sandbox(dir.path(), PluginLimits::default(), nobody);
    let plugin = second.load(TENANT, &interpreted.digest, Grants::default()).await.unwrap();
    assert_eq!(forwarded(&plugin.run(no_config(), event("e")).await.unwrap().verdict).len(), 1);
    drop(second);
    for entry in std::fs::read_dir(dir.path().join("plugins")).unwrap().map(Result::unwrap) {
        if entry.path().extension().is_some_and(|end| end == "cwasm") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let third = sandbox(dir.path(), PluginLimits::default(), Compiler::InProcess);
    let plugin = third.load(TENANT, &interpreted.digest, Grants::default()).await.unwrap();
    assert_eq!(forwarded(&plugin.run(no_config(), event("e")).await.unwrap().verdict).len(), 1);
}

#[tokio::test]
async fn what_fits_no_tier_is_refused_by_the_limit() {
    let room = Room::new();
    let refusal = room.sandbox.admit(with_table("lead", 100_001)).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TooComplex, "{refusal}");
    assert_eq!(refusal.detail, "entries of one table: 100001 of at most 100000 for interpreted code");
}

#[tokio::test]
async fn each_tier_has_its_own_limits_and_threads() {
    let room = Room::new();
    let slow = room.sandbox.admit(with_table("hostile", 50_000)).await.unwrap();
    let slow = room.sandbox.load(TENANT, &slow.digest, Grants::default()).await.unwrap();
    let quick = room.plugin("lead").await;
    // More endless loops than there are threads, for a quarter of a second of CPU each.
    let loops = join_all((0..6).map(|_| slow.run(no_config(), event("endless-loop"))));
    let others = async {
        let mut served = 0;
        for _ in 0..20 {
            quick.run(no_config(), event("e")).await.unwrap();
            served += 1;
        }
        served
    };
    tokio::select! {
        biased;
        _ = Box::pin(others) => {}
        _ = loops => panic!("the interpreted guests were done before the native ones"),
    }
    let failure = slow.run(no_config(), event("endless-loop")).await.unwrap_err();
    assert_eq!(failure.fault, Fault::OutOfTime { limit: Duration::from_millis(250) });
}
