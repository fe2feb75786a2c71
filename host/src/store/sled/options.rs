//! What a store is opened with, and where its files are. Not here: reading settings (`config`).

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::time::Clock;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The data directory; made with mode 0700 if it is missing. The store takes `store/`, `lock`
    /// and `config-export.json` in it.
    pub dir: PathBuf,
    /// Below so many free bytes events are refused. Without it: 256 MiB or a tenth of the file
    /// system, whichever is less.
    pub free_bytes_min: Option<u64>,
    /// Bytes of events that may be in memory between commit and close; what is over is read
    /// again when its turn comes.
    pub hot_bytes_max: u64,
    /// For how long an idempotency key is remembered.
    pub idempotency_window: Duration,
    /// How many idempotency keys are remembered at most; about 48 bytes of memory each.
    pub idempotency_keys_max: usize,
    /// Bytes of pages kept in memory. No cap on memory as a whole.
    pub cache_bytes: u64,
    /// Where the time comes from.
    pub clock: Clock,
}

impl StoreOptions {
    /// The defaults for that data directory.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            free_bytes_min: None,
            hot_bytes_max: 16 << 20,
            idempotency_window: Duration::from_secs(24 * 3600),
            idempotency_keys_max: 1_000_000,
            cache_bytes: 16 << 20,
            clock: Clock::System,
        }
    }

    /// Where sled's files are.
    pub(super) fn files(&self) -> PathBuf {
        self.dir.join("store")
    }

    /// What keeps a second process out.
    pub(super) fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// The copy of the configuration that outlives a damaged store.
    pub(super) fn export(&self) -> PathBuf {
        self.dir.join(crate::store::sled::upkeep::EXPORT_FILE)
    }
}
