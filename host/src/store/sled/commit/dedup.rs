//! The idempotency keys of the last hours, in memory. Two generations: when the young one is
//! full, or half a window old, it becomes the old one, and the old one goes.
//! Not here: how keys are made (`rules`) and stored (`commit`).

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::event::IdempotencyKey;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;

/// Keys and the first event with each.
#[derive(Debug)]
pub(crate) struct Dedup {
    window: Duration,
    max: usize,
    young_since: Timestamp,
    young: HashMap<IdempotencyKey, EventId>,
    old: HashMap<IdempotencyKey, EventId>,
}

impl Dedup {
    /// Remembers keys for `window`, and at most `max` of them.
    pub(crate) fn new(window: Duration, max: usize) -> Self {
        let (young, old) = (HashMap::new(), HashMap::new());
        Self { window, max: max.max(2), young_since: Timestamp::default(), young, old }
    }

    /// For how long keys are remembered.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// The event that had this key first, if that is within the window.
    pub(crate) fn find(&self, key: &IdempotencyKey, now: Timestamp) -> Option<EventId> {
        let id = *self.young.get(key).or_else(|| self.old.get(key))?;
        let age = now.since(Timestamp::from_millis(id.unix_millis()));
        (age < self.window).then_some(id)
    }

    /// Remembers an event's key. To be called in the order of ids.
    pub(crate) fn insert(&mut self, key: IdempotencyKey, id: EventId) {
        let at = Timestamp::from_millis(id.unix_millis());
        if self.young.len() >= self.max / 2 || at.since(self.young_since) >= self.window {
            self.old = std::mem::take(&mut self.young);
            self.young_since = at;
        }
        self.young.insert(key, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> EventId {
        EventId::from_bits(crate::domain::id::compose(millis, 0, 0))
    }

    #[test]
    fn remembers_for_the_window() {
        let mut dedup = Dedup::new(Duration::from_millis(100), 1000);
        for millis in 0..1000u64 {
            let key = IdempotencyKey(u128::from(millis).to_be_bytes());
            dedup.insert(key, at(millis));
            let now = Timestamp::from_millis(millis);
            for (age, known) in [(0, true), (60, true), (99, true), (100, false), (500, false)] {
                let Some(then) = millis.checked_sub(age) else { continue };
                let key = IdempotencyKey(u128::from(then).to_be_bytes());
                assert_eq!(dedup.find(&key, now), known.then(|| at(then)), "{millis} {age}");
            }
        }
        assert!(dedup.young.len() + dedup.old.len() <= 200);
    }

    #[test]
    fn never_holds_more_than_its_maximum() {
        let mut dedup = Dedup::new(Duration::from_secs(1000), 50);
        for n in 0..1000u128 {
            dedup.insert(IdempotencyKey(n.to_be_bytes()), at(1));
            assert!(dedup.young.len() + dedup.old.len() <= 50);
        }
        assert!(dedup.find(&IdempotencyKey(999u128.to_be_bytes()), Timestamp::from_millis(2)).is_some());
    }
}
