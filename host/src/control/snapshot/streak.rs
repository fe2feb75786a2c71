//! How many calls of a version of a plugin have faulted one after the other, and whether it is in quarantine for that.
//! One count for all configurations that run the version. Not here: what quarantine means (`control::plugins`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use crate::domain::id::PluginId;
use crate::domain::plugin::Digest;

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Streak {
    faults: AtomicU32,
    quarantined: AtomicBool,
}

impl Streak {
    /// A call gave a verdict, or refused its event, which is one too.
    pub(crate) fn answered(&self) {
        // Read first: the usual case then writes nothing that other threads read.
        if self.faults.load(Ordering::Relaxed) != 0 {
            self.faults.store(0, Ordering::Relaxed);
        }
    }

    /// A call faulted. Answers how many have in a row if that is `most` and quarantine begins here; 0 is never.
    pub(crate) fn faulted(&self, most: u32) -> Option<u32> {
        let faults = self.faults.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let begins = most != 0 && faults >= most && !self.quarantined.swap(true, Ordering::Relaxed);
        begins.then_some(faults)
    }

    /// Whether events that meet the version are held.
    pub(crate) fn is_quarantined(&self) -> bool {
        self.quarantined.load(Ordering::Relaxed)
    }

    /// Begins anew.
    pub(crate) fn clear(&self) {
        self.faults.store(0, Ordering::Relaxed);
        self.quarantined.store(false, Ordering::Relaxed);
    }
}

/// The streak of every version that was ever compiled into a step. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Streaks(Arc<Mutex<ByVersion>>);

type ByVersion = HashMap<(PluginId, Digest), Arc<Streak>>;

impl Streaks {
    /// That of a version; `quarantined` counts where it was not known yet.
    pub(crate) fn of(&self, plugin: PluginId, version: Digest, quarantined: bool) -> Arc<Streak> {
        let mut streaks = self.0.lock();
        let first = || Arc::new(Streak { quarantined: AtomicBool::new(quarantined), ..Streak::default() });
        streaks.entry((plugin, version)).or_insert_with(first).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_in_a_row_lead_to_quarantine_once() {
        let streak = Streak::default();
        assert_eq!(streak.faulted(3), None);
        assert_eq!(streak.faulted(3), None);
        streak.answered();
        assert_eq!((streak.faulted(3), streak.faulted(3)), (None, None));
        assert!(!streak.is_quarantined());
        assert_eq!(streak.faulted(3), Some(3));
        assert!(streak.is_quarantined());
        assert_eq!(streak.faulted(3), None, "calls that were under way change nothing");
        streak.clear();
        assert!(!streak.is_quarantined());
        assert_eq!(streak.faulted(1), Some(1));
        let never = Streak::default();
        assert!((0..1000).all(|_| never.faulted(0).is_none()) && !never.is_quarantined());
    }

    #[test]
    fn all_configurations_share_a_streak() {
        let streaks = Streaks::default();
        let of = |plugin, quarantined| {
            streaks.of(PluginId::from_bits(plugin), Digest::from_bytes([7; 32]), quarantined)
        };
        assert!(of(1, true).is_quarantined());
        of(1, false).clear();
        assert!(!of(1, true).is_quarantined(), "what is known counts, not what was written down");
        assert!(!of(2, false).is_quarantined());
    }
}
