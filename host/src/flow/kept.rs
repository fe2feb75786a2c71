//! What plugins with grants are given while one event is worked on, and what they leave. What is left becomes lasting
//! with the event's plan, see `plan`. Not here: which grants a plugin has (`snapshot`), what a guest sees (`sandbox`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::domain::grant::Grant;
use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::flow::snapshot::PluginStep;
use crate::sandbox::Given;
use crate::sandbox::KvRead;
use crate::sandbox::KvWrites;
use crate::store::Store as _;
use crate::store::sled::SledStore;

/// See the head of this file. For one event; steps of several connections see each other's writes.
pub(crate) struct Kept {
    store: SledStore,
    workspace: WorkspaceId,
    now: Timestamp,
    writes: Mutex<Writes>,
}

/// By plugin.
type Writes = BTreeMap<Arc<str>, KvWrites>;

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({:?})", self.writes())
    }
}

impl Kept {
    /// Nothing written yet; for guests it stays `now`.
    pub(crate) fn new(store: &SledStore, workspace: WorkspaceId, now: Timestamp) -> Self {
        Self { store: store.clone(), workspace, now, writes: Mutex::default() }
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn space(&self, plugin: &Arc<str>) -> KvSpace {
        KvSpace { workspace: self.workspace, plugin: plugin.clone() }
    }

    /// What a step's plugin is given.
    pub(crate) fn given(&self, step: &PluginStep) -> Given {
        if step.grants.is_empty() {
            return Given::default();
        }
        let stored = Stored { store: self.store.clone(), space: self.space(&step.name) };
        let kv = step.grants.has(Grant::Kv).then(|| Arc::new(stored) as Arc<dyn KvRead>);
        let writes = self.writes().get(&step.name).cloned().unwrap_or_default();
        Given { kv, writes, now_ms: self.now.as_millis() }
    }

    /// Takes over what a step's plugin left: its earlier writes included.
    pub(crate) fn keep(&self, step: &PluginStep, writes: KvWrites) {
        if !writes.is_empty() {
            self.writes().insert(step.name.clone(), writes);
        }
    }

    /// What was written so far, to return to.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.writes().clone())
    }

    /// Forgets what was written since.
    pub(crate) fn back_to(&self, mark: Mark) {
        *self.writes() = mark.0;
    }

    /// For the store.
    pub(crate) fn into_writes(self) -> Vec<KvWrite> {
        let writes = std::mem::take(&mut *self.writes());
        let of = |(plugin, writes): (Arc<str>, KvWrites)| {
            let space = self.space(&plugin);
            writes.into_iter().map(move |(key, value)| KvWrite { space: space.clone(), key, value })
        };
        writes.into_iter().flat_map(of).collect()
    }
}

/// A point to return to.
#[derive(Debug)]
pub(crate) struct Mark(Writes);

/// A plugin's values on disk.
struct Stored {
    store: SledStore,
    space: KvSpace,
}

impl KvRead for Stored {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.store.kv_get(&self.space, key).map_err(|error| error.to_string())
    }

    fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, String> {
        self.store.kv_keys(&self.space, prefix, limit).map_err(|error| error.to_string())
    }
}
