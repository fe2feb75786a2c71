//! How full the disk is. Not here: what follows from it.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use crate::store::error::StoreError;

/// Asking costs a system call.
const EVERY: Duration = Duration::from_millis(100);
const FLOOR: u64 = 256 << 20;

/// Watches the free space of one file system.
#[derive(Debug)]
pub(crate) struct Space {
    dir: PathBuf,
    floor: Option<u64>,
    asked: Option<Instant>,
    full: Option<StoreError>,
}

impl Space {
    /// Of the file system with `dir` on it; events need `floor` bytes free.
    pub(crate) fn new(dir: &Path, floor: Option<u64>) -> Self {
        Self { dir: dir.to_owned(), floor, asked: None, full: None }
    }

    /// The error if less than the floor is free; asked again ten times a second.
    pub(crate) fn full(&mut self) -> Option<&StoreError> {
        if self.asked.is_none_or(|asked| asked.elapsed() >= EVERY) {
            self.asked = Some(Instant::now());
            self.full = self.look();
        }
        self.full.as_ref()
    }

    /// The same, asked now. A file system that cannot be asked is not called full: writing to
    /// it will say what is wrong.
    pub(crate) fn look(&self) -> Option<StoreError> {
        let stats = fs4::statvfs(&self.dir).ok()?;
        let floor_bytes = self.floor.unwrap_or_else(|| FLOOR.min(stats.total_space() / 10));
        let free_bytes = stats.available_space();
        let path = self.dir.clone();
        (free_bytes < floor_bytes).then_some(StoreError::DiskFull { path, free_bytes, floor_bytes })
    }
}
