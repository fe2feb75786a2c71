//! Tests of the sled backend: the contract, and what only this backend promises.

mod child;
mod contract;
mod damage;
mod full;
mod kill;
mod model;
mod within;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::store::Recovered;
use crate::store::StoreError;
use crate::store::contract::Opener;
use crate::store::sled::SledFeed;
use crate::store::sled::SledStore;
use crate::store::sled::StoreOptions;

/// A store in a temporary directory, with a clock turned by hand.
#[derive(Debug)]
pub(super) struct Temporary {
    pub(super) dir: tempfile::TempDir,
    pub(super) clock: Arc<AtomicU64>,
}

impl Temporary {
    /// An empty one.
    pub(super) fn new() -> Self {
        let clock = Arc::new(AtomicU64::new(1_790_000_000_000));
        Self { dir: tempfile::tempdir().unwrap(), clock }
    }

    /// How the tests open it.
    pub(super) fn options(&self) -> StoreOptions {
        StoreOptions {
            hot_bytes_max: 64 << 10,
            free_bytes_min: Some(0),
            clock: Clock::Manual(Arc::clone(&self.clock)),
            ..StoreOptions::at(self.dir.path().join("data"))
        }
    }

    /// Opens it.
    pub(super) fn try_open(&self) -> Result<(SledStore, SledFeed, Recovered), StoreError> {
        crate::store::sled::open(self.options())
    }
}

impl Opener for Temporary {
    type Store = SledStore;
    type Feed = SledFeed;

    async fn open(&self) -> (SledStore, SledFeed, Recovered) {
        self.try_open().unwrap()
    }

    fn set_time(&self, now: Timestamp) {
        self.clock.store(now.as_millis(), Ordering::Relaxed);
    }
}
