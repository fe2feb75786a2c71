//! What a connection is doing, shared between its user and its driver without a lock: since when it
//! is idle, and whether its peer has begun to answer.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

/// The mark of a connection that is in use.
const BUSY: u64 = u64::MAX;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Activity {
    born: Instant,
    idle_since_ms: AtomicU64,
    heard: AtomicBool,
}

impl Activity {
    /// A connection that is about to be used.
    pub(super) fn new() -> Self {
        Self { born: Instant::now(), idle_since_ms: AtomicU64::new(BUSY), heard: AtomicBool::new(false) }
    }

    /// It is in use from now on, and nothing of the next answer has come.
    pub(super) fn begin(&self) {
        self.idle_since_ms.store(BUSY, Ordering::Relaxed);
        self.heard.store(false, Ordering::Relaxed);
    }

    /// It is idle from now on.
    pub(super) fn rest(&self) {
        self.idle_since_ms.store(self.age_ms(), Ordering::Relaxed);
    }

    /// For how long nobody has used it; zero while somebody does.
    pub(super) fn idle(&self) -> Duration {
        match self.idle_since_ms.load(Ordering::Relaxed) {
            BUSY => Duration::ZERO,
            since => Duration::from_millis(self.age_ms().saturating_sub(since)),
        }
    }

    /// A byte came.
    pub(super) fn hear(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Whether a byte has come since it was taken into use.
    pub(super) fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }
}
