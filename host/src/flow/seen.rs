//! Counts per source since the start: received, rejected by cause, when last. In memory only.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Mutex;

use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;

/// What one source saw.
#[derive(Clone, Debug, Default)]
pub struct SourceSeen {
    /// Events taken, duplicates not counted.
    pub received: u64,
    /// Requests refused, by cause.
    pub rejected: BTreeMap<&'static str, u64>,
    /// When the last event came in.
    pub last_received_at: Option<Timestamp>,
}

/// What every source saw.
#[derive(Debug, Default)]
pub struct SourcesSeen {
    by_source: Mutex<HashMap<SourceId, SourceSeen>>,
}

impl SourcesSeen {
    fn change(&self, source: SourceId, change: impl FnOnce(&mut SourceSeen)) {
        let mut by_source = self.by_source.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        change(by_source.entry(source).or_default());
    }

    /// Counts an event.
    pub fn received(&self, source: SourceId, at: Timestamp) {
        self.change(source, |seen| {
            seen.received += 1;
            seen.last_received_at = seen.last_received_at.max(Some(at));
        });
    }

    /// Counts a refused request.
    pub fn rejected(&self, source: SourceId, code: &'static str) {
        self.change(source, |seen| *seen.rejected.entry(code).or_default() += 1);
    }

    /// What one source saw.
    pub fn of(&self, source: SourceId) -> SourceSeen {
        let by_source = self.by_source.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        by_source.get(&source).cloned().unwrap_or_default()
    }
}
