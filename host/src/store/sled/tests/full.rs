//! A disk without space: events are refused, notes are kept, and all goes on when there is space.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::delivery::DeliveryState::Delivered;
use crate::store::Change;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::contract::Opened;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::numbers;
use crate::store::sled;
use crate::store::sled::StoreOptions;
use crate::store::sled::tests::Temporary;
use crate::store::sled::tests::child;

#[tokio::test]
async fn below_the_floor_only_events_are_refused() {
    let temporary = Temporary::new();
    let mut opened: Opened<Temporary> = open(&temporary).await;
    let event = opened.accept_one(Samples::of(1).event("before")).await;
    let opened = {
        opened.store.close().await.unwrap();
        let options = StoreOptions { free_bytes_min: Some(u64::MAX), ..temporary.options() };
        let (store, feed, recovered) = sled::open(options).unwrap();
        Opened::<Temporary> { store, feed, recovered }
    };
    let refused = opened.store.accept(vec![Samples::of(1).event("no")]).await.unwrap_err();
    assert!(matches!(refused, StoreError::DiskFull { floor_bytes: u64::MAX, .. }));
    assert!(matches!(opened.store.health(), Err(StoreError::DiskFull { .. })));
    opened.commit(Change { closed: vec![event], ..Change::default() }).await;
    let opened = opened.reopen(&temporary).await;
    assert_eq!(opened.recovered.unfinished, []);
}

/// In name spaces of its own anybody may mount; root may without.
fn on_a_small_disk(test: &str, dir: &Path) -> bool {
    let child = child::command(test, dir);
    let mount = "mount -t tmpfs -o size=24m tmpfs \"$1\" || exit 77; shift; exec \"$@\"";
    for flags in [&["--user", "--map-root-user", "--mount"][..], &["--mount"]] {
        let mut command = Command::new("unshare");
        command.args(flags).args(["sh", "-c", mount, "sh"]).arg(dir);
        command.arg(child.get_program()).args(child.get_args());
        command.envs(child.get_envs().filter_map(|(key, value)| Some((key, value?))));
        match command.status().unwrap().code() {
            Some(0) => return true,
            Some(77 | 1) => {}
            other => panic!("the child ended with {other:?}"),
        }
    }
    false
}

#[test]
fn a_full_disk_loses_nothing_and_recovers_without_a_restart() {
    if let Some(dir) = child::dir() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(fill_and_free(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let test = concat!(module_path!(), "::a_full_disk_loses_nothing_and_recovers_without_a_restart");
    assert!(on_a_small_disk(test, dir.path()), "no small disk could be had, or the child failed");
}

async fn fill_and_free(dir: &Path) {
    let options = StoreOptions { free_bytes_min: Some(0), ..StoreOptions::at(dir.join("data")) };
    let (store, mut feed, _) = sled::open(options.clone()).unwrap();
    let store = Arc::new(store);
    let reader = tokio::spawn(async move { while crate::store::Feed::next(&mut feed).await.is_some() {} });
    let samples = Samples::of(1);
    let noise = || (0..40_000).map(|_| fastrand::u8(..)).collect::<Vec<u8>>();

    let ballast = dir.join("ballast");
    std::fs::write(&ballast, vec![0; 14 << 20]).unwrap();
    let mut accepted = Vec::new();
    let refused = loop {
        match store.accept(vec![samples.event(noise())]).await {
            Ok(answer) => accepted.push(answer[0].id),
            Err(error) => break error,
        }
        assert!(accepted.len() < 1000, "24 MiB never got full");
    };
    assert!(!matches!(refused, StoreError::Locked { .. } | StoreError::NewerFormat { .. }), "{refused}");
    assert!(store.health().is_err());
    let noted = accepted[0];
    let log = vec![samples.attempt(noted.delivery(1), 1, Delivered)];
    store.note(Change { log, closed: vec![noted], ..Change::default() });
    assert!(store.accept(vec![samples.event("no")]).await.is_err());

    std::fs::remove_file(&ballast).unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let later = loop {
        match store.accept(vec![samples.event("yes")]).await {
            Ok(answer) => break answer[0].id,
            Err(error) => assert!(std::time::Instant::now() < deadline, "still {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    store.flushed().await.unwrap();
    assert!(store.health().is_ok());
    for id in accepted.iter().chain([&later]) {
        assert!(store.event(*id).await.unwrap().is_some());
    }
    assert_eq!(numbers(&store.event_log(noted).await.unwrap().attempts), [(1, 1)]);
    store.close().await.unwrap();
    reader.await.unwrap();
    let (store, _feed, recovered) = sled::open(options).unwrap();
    assert!(recovered.unfinished.iter().all(|unfinished| unfinished.event != noted));
    assert!(recovered.unfinished.len() >= accepted.len());
    store.close().await.unwrap();
}
