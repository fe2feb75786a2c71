//! The configuration in force and those before it, ready to be met by events. What decides lies in the store; this is a
//! cache of it, which every room may read and only `write` changes. Not here: compiling (`snapshot`), changing
//! (`write`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use arc_swap::Guard;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::control::snapshot::Documents;
use crate::control::snapshot::Snapshot;
use crate::control::snapshot::SnapshotCompiler;
use crate::control::snapshot::SourceRuntime;
use crate::store::Backend;
use crate::store::Store as _;

/// Configurations kept for events in flight. Older ones are read from the store again.
const PAST_MAX: usize = 64;

/// A revision of the configuration cannot be read. It may be readable in a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("configuration revision {revision} cannot be read: {detail}")]
pub struct Unreadable {
    revision: u64,
    detail: String,
}

/// See the head of this file. Clones are the same.
#[derive(Clone)]
pub struct Configuration(Arc<Inner>);

struct Inner {
    store: Backend,
    compiler: SnapshotCompiler,
    current: ArcSwap<Snapshot>,
    /// Configurations that events still in flight were accepted under, by revision.
    past: Mutex<BTreeMap<u64, Arc<Snapshot>>>,
    revision: watch::Sender<u64>,
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Configuration(revision {})", self.current().revision())
    }
}

impl Configuration {
    /// With this one in force.
    pub fn new(store: Backend, compiler: SnapshotCompiler, snapshot: Snapshot) -> Self {
        let (revision, _) = watch::channel(snapshot.revision());
        let (current, past) = (ArcSwap::from_pointee(snapshot), Mutex::default());
        Self(Arc::new(Inner { store, compiler, current, past, revision }))
    }

    /// The configuration in force.
    pub fn current(&self) -> Guard<Arc<Snapshot>> {
        self.0.current.load()
    }

    /// What compiles documents.
    pub fn compiler(&self) -> &SnapshotCompiler {
        &self.0.compiler
    }

    /// Tells when another configuration is in force.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.revision.subscribe()
    }

    /// The configuration at a revision, for an event accepted under it. Never another one.
    pub async fn at(&self, revision: u64) -> Result<Arc<Snapshot>, Unreadable> {
        if let Some(kept) = self.at_hand(revision) {
            return Ok(kept);
        }
        let rebuilt = self.rebuild(revision).await;
        let snapshot = Arc::new(rebuilt.map_err(|detail| Unreadable { revision, detail })?);
        self.keep(snapshot.clone());
        Ok(snapshot)
    }

    /// The same if it need not be read from the store.
    pub fn at_hand(&self, revision: u64) -> Option<Arc<Snapshot>> {
        let current = self.0.current.load_full();
        if current.revision() == revision {
            Some(current)
        } else {
            self.0.past.lock().get(&revision).cloned()
        }
    }

    /// Or why not, in words.
    async fn rebuild(&self, revision: u64) -> Result<Snapshot, String> {
        let state = self.0.store.config_at(revision).await.map_err(|error| error.to_string())?;
        let state = state.ok_or_else(|| "the store does not have it any more".to_owned())?;
        let documents = Documents::from_stored(revision, &state.documents);
        let documents = documents.map_err(|error| error.to_string())?;
        Ok(self.0.compiler.compile(documents, None).await)
    }

    fn keep(&self, snapshot: Arc<Snapshot>) {
        let mut past = self.0.past.lock();
        past.insert(snapshot.revision(), snapshot);
        while past.len() > PAST_MAX {
            past.pop_first();
        }
    }

    /// Puts a new configuration in force; the old one stays at hand for events in flight.
    pub(super) fn replace(&self, snapshot: Snapshot) {
        let revision = snapshot.revision();
        let old = self.0.current.swap(Arc::new(snapshot));
        self.keep(old);
        self.0.revision.send_replace(revision);
    }

    /// A source by id, or by its name in the first workspace, ready to take requests.
    pub fn source_at(&self, id_or_name: &str) -> Option<Arc<SourceRuntime>> {
        let snapshot = self.current();
        let found = snapshot.documents.source_at(id_or_name);
        found.and_then(|found| snapshot.sources.get(&found.id)).cloned()
    }
}
