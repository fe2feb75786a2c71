//! The nodes on one memory: their leases, and the fence that every write passes. A write holds its node's fence for
//! reading until it is done; who takes over holds it for writing, so that it comes after what was in flight and before
//! all that follows. Not here: what is written (`data`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::RwLock;
use tokio::sync::RwLockReadGuard;
use tokio::sync::watch;

use crate::domain::time::Timestamp;
use crate::store::Lease;
use crate::store::NodeId;
use crate::store::StoreError;

/// How long a lease runs.
pub(super) const LEASE: Duration = Duration::from_secs(10);

/// All of them.
#[derive(Debug)]
pub(super) struct Nodes {
    nodes: Mutex<BTreeMap<NodeId, Arc<ClusterNode>>>,
    /// Whether writes that passed the fence wait before they are done.
    stalled: watch::Sender<bool>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct ClusterNode {
    fence: RwLock<()>,
    /// Changes only while the fence is held for writing.
    epoch: AtomicU64,
    until: AtomicU64,
    /// Whether somebody has taken over.
    is_empty: AtomicBool,
}

/// A handle's place behind the fence.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) id: NodeId,
    pub(super) epoch: u64,
    node: Arc<ClusterNode>,
}

impl Default for Nodes {
    fn default() -> Self {
        Self { nodes: Mutex::default(), stalled: watch::Sender::new(false) }
    }
}

impl Nodes {
    /// The node begins, again or for the first time; what it was before is fenced off.
    pub(super) async fn enter(&self, id: NodeId, now: Timestamp) -> Seat {
        let fresh = || Arc::new(ClusterNode::new());
        let node = Arc::clone(self.nodes.lock().entry(id).or_insert_with(fresh));
        let alone = node.fence.write().await;
        let epoch = node.epoch.fetch_add(1, SeqCst) + 1;
        node.until.store(now.plus(LEASE).as_millis(), SeqCst);
        node.is_empty.store(false, SeqCst);
        drop(alone);
        Seat { id, epoch, node }
    }

    /// That node, if there ever was one.
    pub(super) fn find(&self, id: NodeId) -> Option<Arc<ClusterNode>> {
        self.nodes.lock().get(&id).cloned()
    }

    /// Nodes whose lease has ended, and whose things nobody took over.
    pub(super) fn lapsed(&self, now: Timestamp) -> Vec<NodeId> {
        let nodes = self.nodes.lock();
        let lapsed = nodes.iter().filter(|(_, node)| node.until() <= now && !node.is_empty());
        lapsed.map(|(id, _)| *id).collect()
    }

    /// Whether writes are to wait while they are in flight.
    pub(super) fn stall(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }

    /// Waits as long as writes are stalled.
    pub(super) async fn fly(&self) {
        let mut stalled = self.stalled.subscribe();
        let _never_closed = stalled.wait_for(|stalled| !stalled).await;
    }
}

impl ClusterNode {
    fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self { fence: RwLock::default(), epoch: zero(), until: zero(), is_empty: AtomicBool::new(false) }
    }

    /// When its lease ends.
    pub(super) fn until(&self) -> Timestamp {
        Timestamp::from_millis(self.until.load(SeqCst))
    }

    /// Whether somebody has taken over.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty.load(SeqCst)
    }

    /// Waits for what is in flight. As long as the answer lives nothing of the node is written.
    pub(super) async fn shut(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.fence.write().await
    }

    /// From now on its handles write nothing. To be called with the fence shut.
    pub(super) fn take_over(&self) {
        self.epoch.fetch_add(1, SeqCst);
        self.is_empty.store(true, SeqCst);
    }
}

impl Seat {
    /// Whether nobody took over; as long as the answer lives nobody does.
    pub(super) async fn pass(&self) -> Result<RwLockReadGuard<'_, ()>, StoreError> {
        let passed = self.node.fence.read().await;
        self.check().map(|()| passed)
    }

    /// The same without waiting: `None` as well while somebody tries to take over.
    pub(super) fn try_pass(&self) -> Option<RwLockReadGuard<'_, ()>> {
        let passed = self.node.fence.try_read().ok()?;
        self.check().ok().map(|()| passed)
    }

    /// Whether nobody took over so far.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let now = self.node.epoch.load(SeqCst);
        if now == self.epoch { Ok(()) } else { Err(StoreError::Fenced { node: self.id }) }
    }

    /// The lease runs until that instant. To be called behind the fence.
    pub(super) fn extend(&self, until: Timestamp) {
        self.node.until.store(until.as_millis(), SeqCst);
    }

    /// As it is now.
    pub(super) fn lease(&self) -> Lease {
        Lease { node: self.id, epoch: self.epoch, until: self.node.until() }
    }
}
