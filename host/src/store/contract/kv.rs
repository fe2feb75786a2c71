//! What plugins keep, and the bytes of deliveries that they made with it.

use std::sync::Arc;

use crate::domain::delivery::DeliveryState::Delivered;
use crate::domain::delivery::DeliveryState::Pending;
use crate::domain::grant::KvRange;
use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::WorkspaceId;
use crate::store::Change;
use crate::store::Expiry;
use crate::store::Store;
use crate::store::contract::Opened;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::at;

fn space(workspace: u128, plugin: &str) -> KvSpace {
    KvSpace { workspace: WorkspaceId::from_bits(workspace), plugin: Arc::from(plugin) }
}

fn write(space: &KvSpace, key: &str, value: Option<&[u8]>) -> KvWrite {
    KvWrite { space: space.clone(), key: key.to_owned(), value: value.map(<[u8]>::to_vec) }
}

async fn commit(store: &impl Store, kv: Vec<KvWrite>) {
    store.commit(Change { kv, ..Change::default() }).await.unwrap();
}

async fn get<O: Opener>(opened: &Opened<O>, space: &KvSpace, key: &str) -> Option<Vec<u8>> {
    opened.store.kv_get(space, key).await.unwrap()
}

pub(crate) async fn plugins_keep_values(opener: &impl Opener) {
    let opened = open(opener).await;
    let (mine, large) = (space(1, "counter"), vec![7; 64 << 10]);
    assert_eq!(get(&opened, &mine, "a").await, None);
    commit(&opened.store, vec![write(&mine, "a", Some(b"1")), write(&mine, "ab", Some(&large))]).await;
    commit(&opened.store, vec![write(&mine, "a", Some(b"2")), write(&mine, "", Some(b"empty key"))]).await;
    commit(&opened.store, vec![write(&mine, "b", Some(b"3")), write(&mine, "b", None)]).await;
    let opened = opened.reopen(opener).await;
    assert_eq!(get(&opened, &mine, "a").await.unwrap(), b"2");
    assert_eq!(get(&opened, &mine, "ab").await.unwrap(), large);
    assert_eq!(get(&opened, &mine, "").await, Some(b"empty key".to_vec()));
    assert_eq!(get(&opened, &mine, "b").await, None, "the last write of a change counts");
    commit(&opened.store, vec![write(&mine, "ab", Some(b"small now")), write(&mine, "none", None)]).await;
    assert_eq!(get(&opened, &mine, "ab").await.unwrap(), b"small now");
}

pub(crate) async fn keys_are_listed_in_order_and_kept_apart(opener: &impl Opener) {
    let opened = open(opener).await;
    let (mine, namesake, other) = (space(1, "seen"), space(2, "seen"), space(1, "seen-too"));
    let large = vec![1; 20_000];
    let keys = ["b", "a/2", "a/1", "a", "ä", "a/10"];
    let all = keys.iter().map(|key| write(&mine, key, Some(&large))).collect();
    commit(&opened.store, all).await;
    commit(&opened.store, vec![write(&namesake, "a/9", Some(b"x")), write(&other, "a/8", Some(b"x"))]).await;
    let list = async |space: &KvSpace, prefix: &str, limit| {
        opened.store.kv_keys(space, prefix, limit).await.unwrap()
    };
    assert_eq!(list(&mine, "", 100).await, ["a", "a/1", "a/10", "a/2", "b", "ä"]);
    assert_eq!(list(&mine, "a/", 2).await, ["a/1", "a/10"]);
    assert_eq!(list(&mine, "c", 100).await, [""; 0]);
    assert_eq!(list(&namesake, "", 100).await, ["a/9"]);
    assert_eq!(list(&other, "", 100).await, ["a/8"]);
    assert_eq!(opened.store.kv_get(&mine, "a/9").await.unwrap(), None);
}

pub(crate) async fn ranges_are_read_in_both_directions(opener: &impl Opener) {
    let opened = open(opener).await;
    let (mine, other) = (space(1, "/table/a"), space(1, "/table/b"));
    let long = vec![7; 40_000];
    let keys = ["r1", "r2", "r2\u{1}x", "r3", "s"];
    commit(&opened.store, keys.iter().map(|key| write(&mine, key, Some(key.as_bytes()))).collect()).await;
    commit(&opened.store, vec![write(&mine, "r2", Some(&long)), write(&other, "r2", Some(b"x"))]).await;
    let read = async |from: &str, to: &str, backward, limit| {
        let range = KvRange { from: from.to_owned(), to: to.to_owned(), backward };
        let found = opened.store.kv_range(&mine, range, limit).await.unwrap();
        found.into_iter().map(|(key, value)| (key, value.len())).collect::<Vec<_>>()
    };
    let all =
        [("r1", 2), ("r2", 40_000), ("r2\u{1}x", 4), ("r3", 2)].map(|(key, bytes)| (key.to_owned(), bytes));
    assert_eq!(read("r", "s", false, 9).await, all);
    assert_eq!(read("r", "s", true, 2).await, [all[3].clone(), all[2].clone()]);
    assert_eq!(read("r2", "r3", false, 9).await, all[1..3]);
    assert_eq!(read("r2", "r3", true, 1).await, all[2..3]);
    assert_eq!(read("r1\u{1}", "r3", false, 9).await, all[1..3], "what begins behind a key is without it");
    assert_eq!(read("r3", "r1", false, 9).await, []);
}

pub(crate) async fn bytes_that_cannot_be_made_again_last(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    opener.set_time(at(0));
    let event = opened.accept_one(samples.event("one")).await;
    let id = event.delivery(1);
    let change = Change {
        deliveries: vec![samples.record(id, 0, Pending)],
        lasting_bytes: vec![(id, samples.bytes("made once"))],
        closed: vec![event],
        ..Change::default()
    };
    opened.commit(change).await;
    opened.commit(Change { deliveries: vec![samples.record(id, 1, Delivered)], ..Change::default() }).await;
    opened = opened.reopen(opener).await;
    assert_eq!(opened.store.delivery_bytes(id).await.unwrap(), Some(samples.bytes("made once")));
    opener.set_time(at(90_000));
    opened.store.expire(Expiry::of_all(at(80_000), at(80_000))).await.unwrap();
    assert_eq!(opened.store.delivery_bytes(id).await.unwrap(), None, "they go with their event");
}
