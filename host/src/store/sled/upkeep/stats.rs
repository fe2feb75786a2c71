//! Counters of the committer, for metrics and its watchdog. Not here: their names outside.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

/// How the store is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Commits so far.
    pub commits: u64,
    /// Events stored so far.
    pub events: u64,
    /// Events in the last commit.
    pub last_batch: u64,
    /// Microseconds all commits spent waiting for the disk.
    pub sync_us: u64,
    /// Microseconds the last commit waited for the disk.
    pub last_sync_us: u64,
    /// Microseconds the slowest commit waited for the disk.
    pub max_sync_us: u64,
    /// For how many microseconds a commit is running now; 0 when none is. Grows without end
    /// when the disk hangs.
    pub running_us: u64,
    /// Requests that wait for a commit.
    pub queue: u64,
    /// Noted changes that wait for a commit.
    pub noted: u64,
    /// Events that are accepted and not closed.
    pub open_events: u64,
    /// Bytes of events in memory.
    pub hot_bytes: u64,
    /// Bytes of the store's files, as of some seconds ago.
    pub disk_bytes: u64,
    /// How often a write failed.
    pub failures: u64,
}

/// Where the committer counts.
#[derive(Debug)]
pub(crate) struct StoreCounters {
    epoch: Instant,
    commits: AtomicU64,
    events: AtomicU64,
    last_batch: AtomicU64,
    sync_us: AtomicU64,
    last_sync_us: AtomicU64,
    max_sync_us: AtomicU64,
    started: AtomicU64,
    open_events: AtomicU64,
    disk_bytes: AtomicU64,
    failures: AtomicU64,
}

impl StoreCounters {
    /// All zero.
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            epoch: Instant::now(),
            commits: zero(),
            events: zero(),
            last_batch: zero(),
            sync_us: zero(),
            last_sync_us: zero(),
            max_sync_us: zero(),
            started: zero(),
            open_events: zero(),
            disk_bytes: zero(),
            failures: zero(),
        }
    }

    fn now_us(&self) -> u64 {
        self.epoch.elapsed().as_micros() as u64
    }

    /// A commit begins.
    pub(crate) fn begin(&self) {
        self.started.store(self.now_us().max(1), Relaxed);
    }

    /// It ended; without `sync` it failed.
    pub(crate) fn end(&self, events: usize, open: usize, sync: Option<Duration>) {
        self.started.store(0, Relaxed);
        let Some(sync) = sync else {
            self.failures.fetch_add(1, Relaxed);
            return;
        };
        let micros = sync.as_micros() as u64;
        self.commits.fetch_add(1, Relaxed);
        self.events.fetch_add(events as u64, Relaxed);
        self.last_batch.store(events as u64, Relaxed);
        self.sync_us.fetch_add(micros, Relaxed);
        self.last_sync_us.store(micros, Relaxed);
        self.max_sync_us.fetch_max(micros, Relaxed);
        self.open_events.store(open as u64, Relaxed);
    }

    /// What the files take now.
    pub(crate) fn set_disk_bytes(&self, bytes: u64) {
        self.disk_bytes.store(bytes, Relaxed);
    }

    /// A reading.
    pub(crate) fn read(&self, queue: usize, noted: usize, hot_bytes: u64) -> StoreStats {
        let started = self.started.load(Relaxed);
        let running_us = if started == 0 { 0 } else { self.now_us().saturating_sub(started) };
        StoreStats {
            commits: self.commits.load(Relaxed),
            events: self.events.load(Relaxed),
            last_batch: self.last_batch.load(Relaxed),
            sync_us: self.sync_us.load(Relaxed),
            last_sync_us: self.last_sync_us.load(Relaxed),
            max_sync_us: self.max_sync_us.load(Relaxed),
            running_us,
            queue: queue as u64,
            noted: noted as u64,
            open_events: self.open_events.load(Relaxed),
            hot_bytes,
            disk_bytes: self.disk_bytes.load(Relaxed),
            failures: self.failures.load(Relaxed),
        }
    }
}
