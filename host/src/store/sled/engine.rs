//! sled, opened and written to the way that survives a power cut. Not here: what is written.

use std::fs::File;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use sled::Tree;

use crate::store::sled::fault::SledFault;

/// Parts are sized for this; see `parts`.
const SEGMENT: usize = 512 * 1024;
/// For how long the remains of an earlier store may hold the files.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// An open store.
#[derive(Debug)]
pub(super) struct Engine {
    db: sled::Db,
    /// `flush` hands pages to the kernel without syncing them; syncing any handle of the same
    /// file does the rest.
    durable: File,
}

impl Engine {
    /// Opens the files in `dir`, or makes them.
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, SledFault> {
        let db = open_db(dir, cache_bytes)?;
        let durable = File::open(dir.join("db"))?;
        durable.sync_data()?;
        File::open(dir)?.sync_all()?;
        Ok(Self { db, durable })
    }

    /// Where everything is.
    pub(super) fn tree(&self) -> &Tree {
        &self.db
    }

    /// Writes all of it or nothing, and returns when it is on disk: how long that took.
    pub(super) fn write(&self, batch: sled::Batch) -> Result<Duration, SledFault> {
        self.db.apply_batch(batch)?;
        let start = Instant::now();
        self.db.flush()?;
        self.durable.sync_data()?;
        Ok(start.elapsed())
    }

    /// Bytes of the files.
    pub(super) fn size_on_disk(&self) -> Result<u64, SledFault> {
        Ok(self.db.size_on_disk()?)
    }
}

/// The store was locked by its directory's owner already, so if sled's own lock is taken, that is
/// a store of this process whose last background work is ending.
fn open_db(dir: &Path, cache_bytes: u64) -> Result<sled::Db, SledFault> {
    let config = sled::Config::new()
        .path(dir)
        .mode(sled::Mode::LowSpace)
        .cache_capacity(cache_bytes)
        .segment_size(SEGMENT)
        // Garbage is collected in that thread only.
        .flush_every_ms(Some(500))
        .use_compression(false);
    let start = Instant::now();
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if is_locked(&error) && start.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(2));
            }
            other => return Ok(other?),
        }
    }
}

fn is_locked(error: &std::io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}
