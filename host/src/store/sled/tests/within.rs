//! What a workspace has no more is gone with its bytes, in as many steps as it takes, and no chunk is looked into twice.

use std::collections::BTreeSet;

use crate::domain::id::WorkspaceId;
use crate::store::Store;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::at;
use crate::store::contract::tenants::a_day_of;
use crate::store::contract::tenants::settle;
use crate::store::sled::SledStore;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::log_chunk;
use crate::store::sled::layout::parts;
use crate::store::sled::tests::Temporary;

const DAY: u64 = 24 * 3600 * 1000;
/// More than a step unpacks.
const COMMITS: usize = 60;

/// In how many values a text is.
fn holding(store: &SledStore, text: &str) -> usize {
    let engine = store.shared.engine();
    let tree = engine.as_ref().unwrap().tree();
    let kinds = [keys::EVENTS, keys::LOG, keys::ENDED, keys::LASTING_BYTES, keys::LATE];
    let values = kinds.into_iter().flat_map(|kind| parts::all(tree, kind));
    values
        .filter(|entry| {
            let entry = entry.as_ref().unwrap();
            let body = entry.body(tree).unwrap();
            body.windows(text.len()).any(|found| found == text.as_bytes())
        })
        .count()
}

/// Whose rows the log has.
fn logged(store: &SledStore) -> BTreeSet<WorkspaceId> {
    let engine = store.shared.engine();
    let tree = engine.as_ref().unwrap().tree();
    let mut found = BTreeSet::new();
    for entry in parts::all(tree, keys::LOG).map(Result::unwrap) {
        let (head, body) = (log_chunk::head(entry.head().unwrap()).unwrap(), entry.body(tree).unwrap());
        for row in log_chunk::read(&head, &body).unwrap().1 {
            found.insert(row.entry().unwrap().workspace());
        }
    }
    found
}

#[tokio::test]
async fn its_bytes_are_gone() {
    let temporary = Temporary::new();
    let mut opened = open(&temporary).await;
    let (one, two) = (Samples::of(1), Samples::of(2));
    for _ in 0..COMMITS {
        let bodies = vec![one.event("precious ".repeat(1000)), two.event("a neighbour's ".repeat(1000))];
        let (ids, _) = opened.accept(bodies).await;
        settle(&opened, &one, ids[0]).await;
        settle(&opened, &two, ids[1]).await;
    }
    assert!(holding(&opened.store, "precious") >= COMMITS);
    let theirs = holding(&opened.store, "a neighbour's");
    let gone = opened.store.expire(a_day_of(&one, at(2 * DAY))).await.unwrap();
    assert!(gone >= COMMITS as u64, "{gone}");
    assert_eq!(holding(&opened.store, "precious"), 0);
    assert_eq!(holding(&opened.store, "a neighbour's"), theirs);
    let commits = opened.store.stats().commits;
    assert_eq!(logged(&opened.store), BTreeSet::from([two.workspace]));
    assert_eq!(opened.store.expire(a_day_of(&one, at(2 * DAY))).await.unwrap(), 0);
    // What is old of all, what was left, events, the log: a step each, and none of them looks into a chunk.
    let steps = opened.store.stats().commits - commits;
    assert!(steps <= 11, "{steps}");
    opened.store.close().await.unwrap();
}
