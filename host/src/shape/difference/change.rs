//! One place that changed, and the set of them. Not here: how they are found.

use std::collections::BTreeSet;

/// Places told of one event; what changes in more is one heap anyway.
pub(super) const CHANGES_MAX: usize = 64;

/// How a place changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is another value.
    Changed,
}

impl ChangeKind {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// One place that changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceChange {
    /// A JSONPath into the payload, with `[*]` for every element of an array; or what else of a
    /// delivery it is: `payload` (not JSON), `outputs`, `event type`, `content type`, `method`,
    /// `path`, `header x-name`, `failure`.
    pub place: String,
    /// How.
    pub kind: ChangeKind,
}

/// The places that changed, each once, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Changes {
    /// At most 64.
    pub places: BTreeSet<PlaceChange>,
    /// Whether there are more than are told.
    pub more: bool,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether there is no room for further ones.
    pub(super) fn is_full(&self) -> bool {
        self.more
    }

    /// Notes one.
    pub(super) fn add(&mut self, place: &str, kind: ChangeKind) {
        let change = PlaceChange { place: place.to_owned(), kind };
        if self.places.len() < CHANGES_MAX || self.places.contains(&change) {
            self.places.insert(change);
        } else {
            self.more = true;
        }
    }

    /// Notes it if the two differ.
    pub(super) fn add_unless_equal<T: PartialEq>(
        &mut self,
        place: &str,
        before: &Option<T>,
        after: &Option<T>,
    ) {
        match (before, after) {
            (None, None) => {}
            (None, Some(_)) => self.add(place, ChangeKind::Added),
            (Some(_), None) => self.add(place, ChangeKind::Removed),
            (Some(before), Some(after)) if before == after => {}
            (Some(_), Some(_)) => self.add(place, ChangeKind::Changed),
        }
    }
}
