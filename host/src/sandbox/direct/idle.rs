//! Instances that were put back and wait for their next call, of all guests of a pool. There are few places, and no guest
//! has many; who waits longest makes room, so that a guest which is busy has its instances however many others once ran.
//! Not here: putting them back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::sandbox::direct::live::Live;

/// Instances of one guest.
const EACH: usize = 4;

/// See the head of this file.
pub(super) struct Idle {
    /// With the numbers of their guests; the first waits longest.
    waiting: Mutex<VecDeque<(u64, Live)>>,
    most: usize,
}

impl Idle {
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: Mutex::default(), most }
    }

    /// One of that guest, with that configuration rather than another.
    pub(super) fn take(&self, guest: u64, config: Option<&Arc<str>>) -> Option<Live> {
        let mut waiting = self.waiting();
        let own = |(of, _): &(u64, Live)| *of == guest;
        let fits = waiting.iter().rposition(|one| own(one) && one.1.is_configured(config));
        let at = fits.or_else(|| waiting.iter().rposition(own))?;
        waiting.remove(at).map(|(_, live)| live)
    }

    pub(super) fn put(&self, guest: u64, live: Live) {
        let mut waiting = self.waiting();
        if waiting.iter().filter(|(of, _)| *of == guest).count() >= EACH {
            return;
        }
        waiting.push_back((guest, live));
        let gone = if waiting.len() > self.most { waiting.pop_front() } else { None };
        // Its memory is given back without anybody waiting for that.
        drop(waiting);
        drop(gone);
    }

    /// That guest is gone.
    pub(super) fn forget(&self, guest: u64) {
        let mut gone = Vec::new();
        let mut waiting = self.waiting();
        for one in std::mem::take(&mut *waiting) {
            if one.0 == guest { gone.push(one) } else { waiting.push_back(one) }
        }
        drop(waiting);
    }

    /// How many of that guest wait.
    #[cfg(test)]
    pub(super) fn of(&self, guest: u64) -> usize {
        self.waiting().iter().filter(|(of, _)| *of == guest).count()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(u64, Live)>> {
        // The list is whole between any two statements.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
