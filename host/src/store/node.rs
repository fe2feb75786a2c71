//! The name of a node among those that share a store. Not here: what it owns, and for how long (`lease`).

use std::fmt;

/// One of the processes that share a store, by a number that it keeps when it starts again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u16);

impl NodeId {
    /// The one there is where a store has only one.
    pub const ALONE: Self = Self(1);
    /// The greatest number: twelve bits, so that an id of an event has room for it.
    pub const MAX: u16 = 4095;

    /// The node of that number; there is none with 0.
    pub const fn new(number: u16) -> Option<Self> {
        if number == 0 || number > Self::MAX { None } else { Some(Self(number)) }
    }

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_twelve_bits_and_are_not_zero() {
        let valid =
            [0, 1, NodeId::MAX, NodeId::MAX + 1, u16::MAX].map(|number| NodeId::new(number).is_some());
        assert_eq!(valid, [false, true, true, false, false]);
        assert_eq!(NodeId::new(1), Some(NodeId::ALONE));
        assert_eq!(NodeId::ALONE.to_string(), "node 1");
    }
}
