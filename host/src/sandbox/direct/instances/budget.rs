//! Bytes that may be kept, taken before they are and given back with what they were taken for. Not here: for what
//! (`shelf`).

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Bytes that are kept, and how many there may be.
#[derive(Debug)]
pub(in crate::sandbox::direct) struct ByteBudget {
    kept: AtomicUsize,
    most: usize,
}

/// Some of them. Dropped, they are free.
#[derive(Debug)]
pub(in crate::sandbox::direct) struct Room {
    budget: Arc<ByteBudget>,
    pub(in crate::sandbox::direct) bytes: usize,
}

impl ByteBudget {
    pub(in crate::sandbox::direct) fn new(most: usize) -> Self {
        Self { kept: AtomicUsize::new(0), most }
    }

    /// Bytes that are kept.
    #[cfg(test)]
    pub(in crate::sandbox::direct) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// Room for so many bytes, if there is.
    pub(in crate::sandbox::direct) fn room(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let before = self.kept.fetch_add(bytes, Ordering::Relaxed);
        // Dropped if it is too much, it is given back.
        let room = Room { budget: Arc::clone(self), bytes };
        (before.saturating_add(bytes) <= self.most).then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.kept.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
