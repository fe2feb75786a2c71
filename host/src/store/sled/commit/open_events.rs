//! The events that are accepted and not closed, in the order of commits: what recovery would
//! have to find again. Not here: where that is stored (`record::RecoveryMark`).

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::domain::id::EventId;

/// What is known of an open event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenPlace {
    /// The commit it was written in.
    pub(crate) seq: u64,
    /// The configuration in force when it was accepted.
    pub(crate) revision: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct OpenEvents(BTreeMap<u128, OpenPlace>);

impl OpenEvents {
    /// One more.
    pub(crate) fn insert(&mut self, event: EventId, open: OpenPlace) {
        self.0.insert(event.bits(), open);
    }

    /// One less.
    pub(crate) fn remove(&mut self, event: EventId) {
        self.0.remove(&event.bits());
    }

    /// Whether it is one of them.
    pub(crate) fn contains(&self, event: EventId) -> bool {
        self.0.contains_key(&event.bits())
    }

    /// Whether any lies in `from..=to`.
    pub(crate) fn any_in(&self, from: u128, to: u128) -> bool {
        from <= to && self.0.range(from..=to).next().is_some()
    }

    /// The oldest.
    pub(crate) fn oldest(&self) -> Option<(u128, OpenPlace)> {
        self.0.first_key_value().map(|(id, open)| (*id, *open))
    }

    /// The oldest configuration any of them needs.
    pub(crate) fn oldest_revision(&self) -> Option<u64> {
        self.0.values().map(|open| open.revision).min()
    }

    /// All of them, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (EventId, OpenPlace)> + '_ {
        self.0.iter().map(|(id, open)| (EventId::from_bits(*id), *open))
    }

    /// Those after an event, oldest first.
    pub(crate) fn after(&self, event: Option<EventId>) -> impl Iterator<Item = EventId> + '_ {
        let from = event.map_or(Bound::Unbounded, |event| Bound::Excluded(event.bits()));
        self.0.range((from, Bound::Unbounded)).map(|(id, _)| EventId::from_bits(*id))
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
