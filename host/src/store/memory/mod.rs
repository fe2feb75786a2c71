//! A backend that forgets everything with its last handle: it shows that the contract suite asks
//! nothing only sled could do, and says what a list should hold where that is easier to see. Several nodes can stand
//! on one memory, each with a handle, a feed and a lease of its own. Not here: durability, limits, speed.

mod damage;
mod data;
mod lists;
mod nodes;
mod opener;
mod recovered;
mod store;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::RwLockReadGuard;
use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::store::Change;
use crate::store::Committed;
use crate::store::Feed;
use crate::store::HotBudget;
use crate::store::StoreError;
use crate::store::memory::data::Data;
use crate::store::memory::nodes::Nodes;
use crate::store::memory::nodes::Seat;

pub(crate) use opener::InMemory;

/// What all nodes share.
#[derive(Debug)]
struct Common {
    data: Mutex<Data>,
    nodes: Nodes,
    revision: watch::Sender<u64>,
    clock: Arc<AtomicU64>,
}

/// A handle of one node; clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct MemoryStore {
    common: Arc<Common>,
    seat: Seat,
    window: Duration,
    budget: Arc<HotBudget>,
    feed: Arc<Mutex<Option<mpsc::UnboundedSender<Committed>>>>,
    /// Changes that were noted while somebody tried to take over.
    noted: Arc<Mutex<Vec<Change>>>,
}

/// Its feed.
#[derive(Debug)]
pub(crate) struct MemoryFeed(mpsc::UnboundedReceiver<Committed>);

impl Feed for MemoryFeed {
    async fn next(&mut self) -> Option<Committed> {
        self.0.recv().await
    }
}

impl Common {
    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock()
    }

    fn now(&self) -> Timestamp {
        Clock::Manual(Arc::clone(&self.clock)).now()
    }
}

impl MemoryStore {
    fn data(&self) -> MutexGuard<'_, Data> {
        self.common.data()
    }

    fn feed(&self) -> Result<mpsc::UnboundedSender<Committed>, StoreError> {
        let closed = || StoreError::Unavailable { detail: "it is closed".to_owned() };
        self.feed.lock().clone().ok_or_else(closed)
    }

    /// Behind the fence: as long as the answer lives nobody takes over. What was noted before is written.
    async fn pass(&self) -> Result<RwLockReadGuard<'_, ()>, StoreError> {
        self.feed()?;
        let passed = self.seat.pass().await?;
        self.write_noted();
        Ok(passed)
    }

    /// The same for a write, which is in flight from then on.
    async fn fly(&self) -> Result<RwLockReadGuard<'_, ()>, StoreError> {
        let passed = self.pass().await?;
        self.common.nodes.fly().await;
        Ok(passed)
    }

    /// To be called behind the fence.
    fn write_noted(&self) {
        let mut noted = self.noted.lock();
        if noted.is_empty() {
            return;
        }
        let (mut data, now) = (self.data(), self.common.now());
        for change in noted.drain(..) {
            data.apply(self.seat.id, change, now);
        }
    }
}
