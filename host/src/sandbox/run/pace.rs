//! Whether a plugin's calls are short, as most are: then they run where they come before all that compute for long.
//! Judged by what its calls took so far, since nobody can tell of one call in advance. Not here: where calls run
//! (`guests`).

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// Short calls in a row after which a plugin that had a long one is trusted again, the first time and at most; it
/// doubles in between.
const TRUSTED_AFTER: u32 = 16;
const TRUSTED_AFTER_MAX: u32 = 1024;

/// What is known of the calls of one plugin. The numbers are hints: relaxed accesses do, and to be off by one call is
/// fine.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Short calls since the last long one.
    short_in_a_row: AtomicU32,
    /// How many make the next call count as short. None, as long as no call was long.
    wanted: AtomicU32,
}

impl Pace {
    /// Whether the next call will probably be short.
    pub(crate) fn is_short(&self) -> bool {
        self.short_in_a_row.load(Ordering::Relaxed) >= self.wanted.load(Ordering::Relaxed)
    }

    /// The same, and several were before.
    pub(crate) fn is_known_short(&self) -> bool {
        let wanted = self.wanted.load(Ordering::Relaxed).max(TRUSTED_AFTER);
        self.short_in_a_row.load(Ordering::Relaxed) >= wanted
    }

    /// Whether nothing is known against it, and little for it.
    pub(crate) fn is_new(&self) -> bool {
        self.is_short() && !self.is_known_short()
    }

    /// A call was short.
    pub(crate) fn was_short(&self) {
        // What is known well enough is not written again, for all threads to see.
        if !self.is_known_short() {
            self.short_in_a_row.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A call was long.
    pub(crate) fn was_long(&self) {
        let wanted = self.wanted.load(Ordering::Relaxed) * 2;
        self.wanted.store(wanted.clamp(TRUSTED_AFTER, TRUSTED_AFTER_MAX), Ordering::Relaxed);
        self.short_in_a_row.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_long_call_takes_longer_to_forget() {
        let pace = Pace::default();
        assert!(pace.is_short() && pace.is_new(), "nothing is known against it, nor for it");
        (0..TRUSTED_AFTER).for_each(|_| pace.was_short());
        assert!(pace.is_known_short() && !pace.is_new());
        for expected in [16, 32, 64, 128, 256, 512, 1024, 1024] {
            pace.was_long();
            let mut short = 0;
            while !pace.is_short() {
                pace.was_short();
                short += 1;
            }
            assert_eq!(short, expected);
        }
    }

    #[test]
    fn a_long_call_in_between_begins_the_row_anew() {
        let pace = Pace::default();
        pace.was_long();
        (0..TRUSTED_AFTER - 1).for_each(|_| pace.was_short());
        pace.was_long();
        (0..TRUSTED_AFTER * 2 - 1).for_each(|_| pace.was_short());
        assert!(!pace.is_short());
        pace.was_short();
        assert!(pace.is_short());
    }
}
