//! Files that are not what they were: an error, or rows that are right. Never a panic, never
//! other rows.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::domain::delivery::DeliveryState::Delivered;
use crate::domain::event::Event;
use crate::store::Change;
use crate::store::ConfigWrite;
use crate::store::EventQuery;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::contract::Opened;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::sled;
use crate::store::sled::tests::Temporary;

const COMMITS: usize = 60;

/// A closed store with a few hundred events, all settled, and a document.
async fn filled() -> Temporary {
    let temporary = Temporary::new();
    let mut opened: Opened<Temporary> = open(&temporary).await;
    let document = Some(b"{\"name\": \"precious\"}".to_vec());
    let write = ConfigWrite { key: "source/one".to_owned(), document };
    assert_eq!(opened.store.configure(vec![write], 0).await.unwrap().revision(), 1);
    let samples = Samples::of(1);
    for commit in 0..COMMITS {
        let bodies = (0..5).map(|number| format!("{commit}-{number}-").repeat(200));
        let (ids, _) = opened.accept(bodies.map(|body| samples.event(body)).collect()).await;
        for id in ids {
            let log = vec![samples.plan(id, 1), samples.attempt(id.delivery(1), 1, Delivered)];
            opened.store.note(Change { log, closed: vec![id], ..Change::default() });
        }
    }
    opened.store.close().await.unwrap();
    temporary
}

fn query(limit: usize) -> EventQuery {
    EventQuery {
        workspace: Samples::of(1).workspace,
        source: None,
        event_type: None,
        since: None,
        until: None,
        after: None,
        before: None,
        limit,
    }
}

/// Whether the event is one of those that were stored.
fn assert_genuine(event: &Event) {
    let body = std::str::from_utf8(&event.data.body).unwrap();
    let (commit, rest) = body.split_once('-').unwrap();
    let (number, _) = rest.split_once('-').unwrap();
    assert_eq!(body, format!("{commit}-{number}-").repeat(200));
}

/// Damages the files, then opens them and reads everything that can be read.
async fn check(name: &str, damage: impl FnOnce(&Path)) -> bool {
    let temporary = filled().await;
    damage(&temporary.options().files());
    let (store, _feed, recovered) = match temporary.try_open() {
        Ok(opened) => opened,
        Err(StoreError::Damaged { way_out, .. }) => {
            assert!(way_out.contains("--recover"));
            return false;
        }
        Err(StoreError::Unavailable { .. }) => return false,
        Err(other) => panic!("{name}: {other:?}"),
    };
    for (key, document) in &recovered.config.documents {
        assert_eq!((key.as_str(), &document[..]), ("source/one", &b"{\"name\": \"precious\"}"[..]));
    }
    if let Ok(page) = store.events(query(10_000)).await {
        assert_eq!(page.items.len(), COMMITS * 5, "{name}: it opened without a word");
        for event in &page.items {
            assert_genuine(event);
            if let Ok(log) = store.event_log(event.id).await {
                assert!(log.attempts.iter().all(|entry| entry.attempt.id.delivery().event() == event.id));
            }
        }
    }
    // It may turn out only now that it cannot be written.
    let _may_fail = store.close().await;
    true
}

fn patch(dir: &Path, at: f64, bytes: &[u8]) {
    let file = OpenOptions::new().read(true).write(true).open(dir.join("db")).unwrap();
    let length = file.metadata().unwrap().len();
    file.write_all_at(bytes, (length as f64 * at) as u64).unwrap();
}

#[tokio::test]
async fn whole_files_open() {
    assert!(check("untouched", |_| ()).await);
}

#[tokio::test]
async fn a_truncated_file_is_noticed_or_right() {
    for keep in [0.0, 0.3, 0.9] {
        check("truncated", |dir| {
            let file = OpenOptions::new().write(true).open(dir.join("db")).unwrap();
            let length = file.metadata().unwrap().len();
            file.set_len((length as f64 * keep) as u64).unwrap();
        })
        .await;
    }
}

#[tokio::test]
async fn zeroed_pages_are_noticed_or_right() {
    for at in [0.0, 0.2, 0.5, 0.8] {
        check("zeroed", |dir| patch(dir, at, &[0; 64 << 10])).await;
    }
}

#[tokio::test]
async fn flipped_bytes_are_noticed_or_right() {
    for at in [0.0, 0.01, 0.1, 0.25, 0.4, 0.55, 0.7, 0.9] {
        check("flipped", |dir| patch(dir, at, &[0x5a; 3])).await;
    }
}

#[tokio::test]
async fn a_damaged_store_is_moved_aside_and_the_configuration_restored() {
    let temporary = filled().await;
    let options = temporary.options();
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(1 << 20).collect();
    std::fs::write(options.files().join("db"), noise).unwrap();
    std::fs::write(options.files().join("conf"), b"garbage").unwrap();
    let error = temporary.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let aside = sled::quarantine(&options.dir, options.clock.now()).unwrap();
    assert!(aside.join("db").exists());
    let (store, _feed, recovered) = temporary.open().await;
    assert_eq!(recovered.config.revision, 0);
    assert_eq!(store.restore_config(&options.dir).await.unwrap(), Some(2));
    let state = store.config_at(2).await.unwrap().unwrap();
    assert_eq!(state.documents, [("source/one".to_owned(), b"{\"name\": \"precious\"}".to_vec())]);
}

#[tokio::test]
async fn a_second_process_is_kept_out() {
    let temporary = Temporary::new();
    let opened: Opened<Temporary> = open(&temporary).await;
    assert!(matches!(temporary.try_open(), Err(StoreError::Locked { .. })));
    opened.store.close().await.unwrap();
    assert!(temporary.try_open().is_ok());
}

#[tokio::test]
async fn a_newer_format_is_left_alone() {
    let temporary = filled().await;
    let files = temporary.options().files();
    {
        let engine = sled::engine::Engine::open(&files, 1 << 20).unwrap();
        let key = sled::layout::keys::part(sled::layout::keys::REVISION, 0);
        let mut value = engine.tree().get(&key).unwrap().unwrap().to_vec();
        value[0] += 1;
        let mut batch = ::sled::Batch::default();
        batch.insert(key, value);
        engine.write(batch).unwrap();
    }
    let error = temporary.try_open().map(|_| ()).unwrap_err();
    let known = sled::fault::FORMAT;
    assert!(
        matches!(error, StoreError::NewerFormat { found, known: k, .. } if found == known + 1 && k == known)
    );
}

#[tokio::test]
async fn nothing_goes_to_files_of_its_own() {
    let temporary = Temporary::new();
    let mut opened: Opened<Temporary> = open(&temporary).await;
    let samples = Samples::of(1);
    for size in [1 << 20, 20_000, 6_000, 1 << 20, 100_000] {
        let noise = |_| (0..size).map(|_| fastrand::u8(..)).collect::<Vec<u8>>();
        let (ids, _) = opened.accept((0..5).map(noise).map(|body| samples.event(body)).collect()).await;
        for id in ids {
            let record = samples.record(id.delivery(1), 1, crate::domain::delivery::DeliveryState::Held);
            let bytes = vec![(record.id, samples.bytes(noise(0)))];
            opened.commit(Change { deliveries: vec![record], bytes, ..Change::default() }).await;
        }
    }
    let opened = opened.reopen(&temporary).await;
    assert_eq!(opened.recovered.live.len(), 25);
    let blobs = temporary.options().files().join("blobs");
    assert_eq!(std::fs::read_dir(blobs).unwrap().count(), 0);
}
