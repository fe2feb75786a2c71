//! Opening the backend that forgets, as one node or as several, and its run of the contract.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::store::HotBudget;
use crate::store::NodeId;
use crate::store::Recovered;
use crate::store::contract::Cluster;
use crate::store::contract::Opener;
use crate::store::contract::cluster_suite;
use crate::store::contract::contract_suite;
use crate::store::contract::samples::START;
use crate::store::memory::Common;
use crate::store::memory::MemoryFeed;
use crate::store::memory::MemoryStore;
use crate::store::memory::data::Data;
use crate::store::memory::nodes::Nodes;

/// Keeps the data of a store while none is open.
#[derive(Debug)]
pub(crate) struct InMemory(Arc<Common>);

/// As long as it lives, writes that passed the fence are in flight.
#[derive(Debug)]
pub(crate) struct Stall(Arc<Common>);

impl InMemory {
    /// Empty.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Common {
            data: Mutex::new(Data::default()),
            nodes: Nodes::default(),
            revision: watch::Sender::new(0),
            clock: Arc::new(AtomicU64::new(START)),
        }))
    }

    /// Its clock, for who stands on it.
    pub(crate) fn clock(&self) -> Clock {
        Clock::Manual(Arc::clone(&self.0.clock))
    }
}

impl Opener for InMemory {
    type Store = MemoryStore;
    type Feed = MemoryFeed;

    async fn open(&self) -> (MemoryStore, MemoryFeed, Recovered) {
        self.join(NodeId::ALONE).await
    }

    fn set_time(&self, now: Timestamp) {
        self.0.clock.store(now.as_millis(), Ordering::Relaxed);
    }
}

impl Cluster for InMemory {
    type Stall = Stall;

    async fn join(&self, node: NodeId) -> (MemoryStore, MemoryFeed, Recovered) {
        let seat = self.0.nodes.enter(node, self.0.now()).await;
        let recovered = self.0.data().recovered(node);
        let (sender, receiver) = mpsc::unbounded_channel();
        let store = MemoryStore {
            common: Arc::clone(&self.0),
            seat,
            window: Duration::from_secs(24 * 3600),
            budget: Arc::new(HotBudget::new(64 << 10)),
            feed: Arc::new(Mutex::new(Some(sender))),
            noted: Arc::default(),
        };
        (store, MemoryFeed(receiver), recovered)
    }

    fn stall(&self) -> Stall {
        self.0.nodes.stall(true);
        Stall(Arc::clone(&self.0))
    }
}

impl Drop for Stall {
    fn drop(&mut self) {
        self.0.nodes.stall(false);
    }
}

contract_suite!(InMemory::new());
cluster_suite!(InMemory::new());
