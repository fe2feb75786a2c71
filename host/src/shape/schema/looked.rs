//! What rules have looked at of one value, for those that ask about the rest. Empty where nobody asks. Not here: asking
//! (`unevaluated`).

use std::collections::HashSet;

use crate::shape::tape::Node;

/// Members and elements of one value, by where they stand in the text.
#[derive(Debug, Default)]
pub(super) struct Looked(HashSet<usize>);

impl Looked {
    pub(super) fn member(&mut self, value: Node<'_>) {
        self.0.insert(value.offset());
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn has(&self, value: Node<'_>) -> bool {
        self.0.contains(&value.offset())
    }
}
