//! Who owns what was accepted: a node, by a lease that it renews. Whatever a handle writes carries the lease it was
//! opened with; once somebody else has taken over, it writes nothing any more. Not here: how a backend keeps leases,
//! and what a node does that lost its own.

use crate::domain::time::Timestamp;
use crate::store::node::NodeId;
use crate::store::recovered::Recovered;

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
