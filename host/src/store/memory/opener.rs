//! Opening the backend that forgets, and its run of the contract.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::store::HotBudget;
use crate::store::LogEntry;
use crate::store::Recovered;
use crate::store::Unfinished;
use crate::store::contract::Opener;
use crate::store::contract::contract_suite;
use crate::store::contract::samples::START;
use crate::store::memory::Data;
use crate::store::memory::MemoryFeed;
use crate::store::memory::MemoryStore;
use crate::store::memory::lists;

/// Keeps the data of a store while none is open.
#[derive(Debug)]
pub(crate) struct InMemory {
    data: Arc<Mutex<Data>>,
    clock: Arc<AtomicU64>,
}

impl InMemory {
    /// Empty.
    pub(crate) fn new() -> Self {
        Self { data: Arc::default(), clock: Arc::new(AtomicU64::new(START)) }
    }
}

impl InMemory {
    /// Its clock, for who stands on it.
    pub(crate) fn clock(&self) -> Clock {
        Clock::Manual(Arc::clone(&self.clock))
    }
}

impl Opener for InMemory {
    type Store = MemoryStore;
    type Feed = MemoryFeed;

    async fn open(&self) -> (MemoryStore, MemoryFeed, Recovered) {
        let recovered = recovered(&self.data.lock());
        let (sender, receiver) = mpsc::unbounded_channel();
        let store = MemoryStore {
            data: Arc::clone(&self.data),
            clock: Clock::Manual(Arc::clone(&self.clock)),
            window: Duration::from_secs(24 * 3600),
            budget: Arc::new(HotBudget { used: AtomicU64::new(0), max: 64 << 10 }),
            feed: Arc::new(Mutex::new(Some(sender))),
        };
        (store, MemoryFeed(receiver), recovered)
    }

    fn set_time(&self, now: Timestamp) {
        self.clock.store(now.as_millis(), Ordering::Relaxed);
    }
}

fn recovered(data: &Data) -> Recovered {
    let unfinished = data.open.keys().map(|event| {
        let ended = data.log.iter().filter_map(|(_, entry)| match entry {
            LogEntry::Attempt(entry) if entry.attempt.state.is_terminal() => {
                Some(entry.attempt.id.delivery())
            }
            _ => None,
        });
        let done = ended.chain(data.records.keys().copied()).filter(|id| id.event() == *event);
        let mut done: Vec<u16> = done.map(|id| id.slot()).collect();
        done.sort_unstable();
        done.dedup();
        let planned = lists::event_log(data, *event).plan.is_some();
        Unfinished { event: *event, done, planned }
    });
    let live = data.records.values().filter(|record| !record.state.is_terminal());
    let live: Vec<_> = live.cloned().collect();
    let config = data.configs.last().cloned().unwrap_or_default();
    let needed = |revision: u64| {
        let by_events = data.open.keys().any(|event| data.events[event].revision == revision);
        by_events || live.iter().any(|record| record.revision == revision)
    };
    let past = data.configs.iter().filter(|state| state.revision < config.revision && needed(state.revision));
    Recovered { unfinished: unfinished.collect(), past: past.cloned().collect(), config, live }
}

contract_suite!(InMemory::new());
