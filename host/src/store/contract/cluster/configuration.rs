//! The configuration, written by several nodes.

use crate::store::ConfigAnswer;
use crate::store::ConfigWrite;
use crate::store::Store;
use crate::store::contract::cluster::Cluster;
use crate::store::contract::cluster::join;

fn put(key: &str, text: &str) -> Vec<ConfigWrite> {
    vec![ConfigWrite { key: key.to_owned(), document: Some(text.as_bytes().to_vec()) }]
}

pub(crate) async fn of_two_writers_one_conflicts(cluster: &impl Cluster) {
    let (first, second) = (join(cluster, 1).await, join(cluster, 2).await);
    for revision in 0..20 {
        let by_first = first.store.configure(put("a", "first"), revision);
        let by_second = second.store.configure(put("a", "second"), revision);
        let (by_first, by_second) = tokio::join!(by_first, by_second);
        let written = ConfigAnswer::Written { revision: revision + 1 };
        let conflict = ConfigAnswer::Conflict { expected: revision, found: revision + 1 };
        let winner = match (by_first.unwrap(), by_second.unwrap()) {
            answers if answers == (written, conflict) => "first",
            answers if answers == (conflict, written) => "second",
            answers => panic!("{answers:?}"),
        };
        let state = first.store.config_at(revision + 1).await.unwrap().unwrap();
        assert_eq!(state.documents, [("a".to_owned(), winner.as_bytes().to_vec())]);
        assert!(first.store.config_at(revision + 2).await.unwrap().is_none());
    }
}

pub(crate) async fn every_node_hears_of_a_new_revision(cluster: &impl Cluster) {
    let (first, second) = (join(cluster, 1).await, join(cluster, 2).await);
    let mut heard = [first.store.watch_config(), second.store.watch_config()];
    let answer = first.store.configure(put("a", "1"), 0).await.unwrap();
    assert_eq!(answer, ConfigAnswer::Written { revision: 1 });
    // At the latest it comes with the next renewal.
    second.store.renew().await.unwrap();
    for heard in &mut heard {
        heard.changed().await.unwrap();
        assert_eq!(*heard.borrow_and_update(), 1);
    }
    let later = join(cluster, 3).await;
    assert_eq!((*later.store.watch_config().borrow(), later.recovered.config.revision), (1, 1));
}
