//! What the committer, the readers and the handle share. Not here: anything they do with it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use parking_lot::RwLock;
use parking_lot::RwLockReadGuard;
use parking_lot::RwLockWriteGuard;
use tokio::sync::watch;

use crate::store::Change;
use crate::store::ConfigState;
use crate::store::HotBudget;
use crate::store::StoreError;
use crate::store::sled::engine::Engine;
use crate::store::sled::fault::SledFault;
use crate::store::sled::options::StoreOptions;
use crate::store::sled::upkeep::StoreCounters;

/// What was noted and not yet written.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Changes, in the order of calls.
    pub(super) changes: Vec<Change>,
    /// Whether the committer will look here soon by itself.
    pub(super) watched: bool,
}

impl Notes {
    /// Whether nothing is noted.
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct StoreShared {
    /// How it was opened.
    pub(super) options: StoreOptions,
    engine: RwLock<Option<Engine>>,
    notes: Mutex<Notes>,
    config: RwLock<Arc<ConfigState>>,
    revision: watch::Sender<u64>,
    trouble: RwLock<Option<StoreError>>,
    closed: AtomicBool,
    /// Memory for events between commit and close.
    pub(super) budget: Arc<HotBudget>,
    /// Counters.
    pub(super) counters: StoreCounters,
}

impl StoreShared {
    /// Around an open store.
    pub(super) fn new(options: StoreOptions, engine: Engine, config: ConfigState) -> Self {
        let budget = HotBudget::new(options.hot_bytes_max);
        Self {
            options,
            engine: RwLock::new(Some(engine)),
            notes: Mutex::default(),
            revision: watch::Sender::new(config.revision),
            config: RwLock::new(Arc::new(config)),
            trouble: RwLock::new(None),
            closed: AtomicBool::new(false),
            budget: Arc::new(budget),
            counters: StoreCounters::new(),
        }
    }

    /// The open store, for reading or committing.
    pub(super) fn engine(&self) -> RwLockReadGuard<'_, Option<Engine>> {
        self.engine.read()
    }

    /// The open store, for closing or replacing; waits for all readers.
    pub(super) fn engine_mut(&self) -> RwLockWriteGuard<'_, Option<Engine>> {
        self.engine.write()
    }

    /// What is noted.
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock()
    }

    /// The configuration now.
    pub(super) fn config(&self) -> Arc<ConfigState> {
        Arc::clone(&self.config.read())
    }

    /// A newer configuration is on disk.
    pub(super) fn set_config(&self, config: Arc<ConfigState>) {
        let revision = config.revision;
        *self.config.write() = config;
        self.revision.send_replace(revision);
    }

    /// The revision of the configuration, and every new one.
    pub(super) fn watch_config(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Why events are not taken now.
    pub(super) fn trouble(&self) -> Option<StoreError> {
        self.trouble.read().clone()
    }

    /// Says that events are, or are not, taken.
    pub(super) fn set_trouble(&self, trouble: Option<StoreError>) {
        if trouble.is_none() && self.trouble().is_none() {
            return;
        }
        *self.trouble.write() = trouble;
    }

    /// Whether the store was closed for good.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// It is closed for good.
    pub(super) fn set_closed(&self) {
        self.set_trouble(Some(self.explain(&SledFault::Closed)));
        self.closed.store(true, Ordering::Release);
    }

    /// Words for a fault.
    pub(super) fn explain(&self, fault: &SledFault) -> StoreError {
        fault.explain(&self.options.dir)
    }
}
