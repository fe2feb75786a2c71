//! The configuration and its revisions.

use crate::domain::delivery::DeliveryState::Retrying;
use crate::store::Change;
use crate::store::ConfigAnswer;
use crate::store::ConfigState;
use crate::store::ConfigWrite;
use crate::store::Store;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;

fn put(key: &str, text: &str) -> ConfigWrite {
    ConfigWrite { key: key.to_owned(), document: Some(text.as_bytes().to_vec()) }
}

fn delete(key: &str) -> ConfigWrite {
    ConfigWrite { key: key.to_owned(), document: None }
}

fn shown(state: &ConfigState) -> Vec<(&str, &str)> {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    state.documents.iter().map(|(key, bytes)| (key.as_str(), text(bytes))).collect()
}

/// Writes over the revision that is there.
async fn write(store: &impl Store, writes: Vec<ConfigWrite>) -> u64 {
    let expected = *store.watch_config().borrow();
    match store.configure(writes, expected).await.unwrap() {
        ConfigAnswer::Written { revision } => revision,
        conflict @ ConfigAnswer::Conflict { .. } => panic!("{conflict:?}"),
    }
}

pub(crate) async fn revisions_count_up(opener: &impl Opener) {
    let opened = open(opener).await;
    assert_eq!((opened.recovered.config.revision, shown(&opened.recovered.config)), (0, vec![]));
    let store = &opened.store;
    assert_eq!(write(store, vec![put("a", "1"), put("ab", "2")]).await, 1);
    assert_eq!(write(store, vec![put("a", &"3".repeat(30_000)), put("b", "4")]).await, 2);
    assert_eq!(write(store, vec![put("a", "5"), delete("b"), delete("none")]).await, 3);
    let opened = opened.reopen(opener).await;
    assert_eq!(opened.recovered.config.revision, 3);
    assert_eq!(shown(&opened.recovered.config), [("a", "5"), ("ab", "2")]);
    assert_eq!(write(&opened.store, vec![put("c", "6")]).await, 4);
}

pub(crate) async fn older_revisions_can_be_rebuilt(opener: &impl Opener) {
    let mut opened = open(opener).await;
    let samples = Samples::of(1);
    let mut old = Vec::new();
    for number in 1..=6u64 {
        let writes = vec![put("same", &number.to_string()), put(&format!("only {number}"), "x")];
        let writes = match number {
            4 => vec![delete("only 2"), put("same", "4"), put("same", "4 again")],
            _ => writes,
        };
        assert_eq!(write(&opened.store, writes).await, number);
        let mut event = samples.event("one");
        event.revision = number;
        old.push(opened.accept_one(event).await);
    }
    let expected = |revision: u64| -> Vec<(String, String)> {
        let mut documents = Vec::new();
        for number in (1..=revision).filter(|number| *number != 4) {
            if number != 2 || revision < 4 {
                documents.push((format!("only {number}"), "x".to_owned()));
            }
        }
        let same = if revision == 4 { "4 again".to_owned() } else { revision.to_string() };
        documents.push(("same".to_owned(), same));
        documents
    };
    let owned = |state: &ConfigState| -> Vec<(String, String)> {
        let pairs = shown(state).into_iter();
        pairs.map(|(key, text)| (key.to_owned(), text.to_owned())).collect()
    };
    for revision in 1..=6 {
        let state = opened.store.config_at(revision).await.unwrap().unwrap();
        assert_eq!((state.revision, owned(&state)), (revision, expected(revision)));
    }
    assert_eq!(shown(&opened.store.config_at(0).await.unwrap().unwrap()), []);
    assert!(opened.store.config_at(7).await.unwrap().is_none());
    // What is needed: 2 and 5 by open events, 3 by a live delivery, 6 is the present.
    let mut record = samples.record(old[2].delivery(1), 1, Retrying);
    record.revision = 3;
    let closed = vec![old[0], old[2], old[3]];
    opened.commit(Change { deliveries: vec![record], closed, ..Change::default() }).await;
    let opened = opened.reopen(opener).await;
    let past: Vec<u64> = opened.recovered.past.iter().map(|state| state.revision).collect();
    assert_eq!(past, [2, 3, 5]);
    for state in &opened.recovered.past {
        assert_eq!(owned(state), expected(state.revision));
    }
}

pub(crate) async fn a_write_for_another_revision_conflicts(opener: &impl Opener) {
    let opened = open(opener).await;
    let store = &opened.store;
    assert_eq!(store.configure(vec![put("a", "1")], 0).await.unwrap(), ConfigAnswer::Written { revision: 1 });
    for expected in [0, 2, u64::MAX] {
        let answer = store.configure(vec![put("a", "lost"), delete("a")], expected).await.unwrap();
        assert_eq!(answer, ConfigAnswer::Conflict { expected, found: 1 });
    }
    // Of those that come at once one is first, whether or not they share a commit.
    let several = |text| store.configure(vec![put("a", text)], 1);
    let answers = tokio::join!(several("x"), several("x"), several("x"));
    let answers = [answers.0.unwrap(), answers.1.unwrap(), answers.2.unwrap()];
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!(count(ConfigAnswer::Written { revision: 2 }), 1, "{answers:?}");
    assert_eq!(count(ConfigAnswer::Conflict { expected: 1, found: 2 }), 2, "{answers:?}");
    let opened = opened.reopen(opener).await;
    assert_eq!((opened.recovered.config.revision, shown(&opened.recovered.config)), (2, vec![("a", "x")]));
}

pub(crate) async fn a_new_revision_is_announced(opener: &impl Opener) {
    let opened = open(opener).await;
    let mut heard = opened.store.watch_config();
    assert_eq!(*heard.borrow_and_update(), 0);
    for revision in 0..3 {
        assert_eq!(write(&opened.store, vec![put("a", &revision.to_string())]).await, revision + 1);
        heard.changed().await.unwrap();
        assert_eq!(*heard.borrow_and_update(), revision + 1);
        assert_eq!(opened.store.config_at(revision + 1).await.unwrap().unwrap().revision, revision + 1);
    }
    let _conflict = opened.store.configure(vec![put("a", "lost")], 1).await.unwrap();
    assert!(!heard.has_changed().unwrap(), "nothing was written");
    let opened = opened.reopen(opener).await;
    assert_eq!(*opened.store.watch_config().borrow(), 3);
}
