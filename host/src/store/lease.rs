//! Who owns what was accepted: a node, by a lease that it renews. Whatever a handle writes carries the lease it was
//! opened with; once somebody else has taken over, it writes nothing any more. Not here: how a backend keeps leases,
//! and what a node does that lost its own.

use std::fmt;

use crate::domain::time::Timestamp;
use crate::store::recovered::Recovered;

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

/// What a node owns things by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose.
    pub node: NodeId,
    /// Grows whenever what the node has goes to somebody else, or the node starts again: of two handles of one node
    /// only the one with the greater epoch writes.
    pub epoch: u64,
    /// Nobody takes over before that, by the clock of the store.
    pub until: Timestamp,
}

/// What a node hears when it renews its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// The lease, longer now.
    pub lease: Lease,
    /// Nodes whose lease has ended, and whose things nobody took over yet.
    pub lapsed: Vec<NodeId>,
}

/// What came of the wish to take over from a node.
#[derive(Debug)]
pub enum Adoption {
    /// What it left belongs to this node now, and the other one writes nothing any more.
    Adopted(Box<Recovered>),
    /// It keeps what it has: its lease runs until then.
    Running {
        /// By the clock of the store.
        until: Timestamp,
    },
    /// There is no such node, or somebody else was first.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_twelve_bits_and_are_not_zero() {
        let valid = [0, 1, NodeId::MAX, NodeId::MAX + 1, u16::MAX].map(|number| NodeId::new(number).is_some());
        assert_eq!(valid, [false, true, true, false, false]);
        assert_eq!(NodeId::new(1), Some(NodeId::ALONE));
        assert_eq!(NodeId::ALONE.to_string(), "node 1");
    }
}
