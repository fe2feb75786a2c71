//! A backend that forgets everything with its last handle: it shows that the contract suite asks
//! nothing only sled could do, and says what a list should hold where that is easier to see.
//! Not here: durability, limits, speed.

mod damage;
mod lists;
mod opener;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::event::Event;
use crate::domain::event::IdempotencyKey;
use crate::domain::event::NewEvent;
use crate::domain::grant::KvSpace;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::id::compose;
use crate::domain::plan::Rejection;
use crate::domain::plugin::Digest;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::store::Accepted;
use crate::store::Change;
use crate::store::CommitRange;
use crate::store::Committed;
use crate::store::ConfigAnswer;
use crate::store::ConfigState;
use crate::store::ConfigWrite;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;
use crate::store::EventLog;
use crate::store::EventQuery;
use crate::store::Feed;
use crate::store::Held;
use crate::store::HeldEvent;
use crate::store::HotBudget;
use crate::store::LogEntry;
use crate::store::Page;
use crate::store::PlannedEvent;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::held_bytes;

pub(crate) use opener::InMemory;

/// What outlives a handle.
#[derive(Debug, Default)]
struct Data {
    last_id: u128,
    events: BTreeMap<EventId, NewEvent>,
    open: BTreeMap<EventId, ()>,
    keys: HashMap<IdempotencyKey, EventId>,
    log: Vec<(Timestamp, LogEntry)>,
    records: BTreeMap<DeliveryId, DeliveryRecord>,
    bytes: BTreeMap<DeliveryId, DeliveryBytes>,
    lasting_bytes: BTreeMap<DeliveryId, DeliveryBytes>,
    configs: Vec<ConfigState>,
    revision: watch::Sender<u64>,
    kv: BTreeMap<(KvSpace, String), Vec<u8>>,
    modules: BTreeMap<[u8; 32], Bytes>,
}

/// A handle; clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct MemoryStore {
    data: Arc<Mutex<Data>>,
    clock: Clock,
    window: std::time::Duration,
    budget: Arc<HotBudget>,
    feed: Arc<Mutex<Option<mpsc::UnboundedSender<Committed>>>>,
}

/// Its feed.
#[derive(Debug)]
pub(crate) struct MemoryFeed(mpsc::UnboundedReceiver<Committed>);

impl Feed for MemoryFeed {
    async fn next(&mut self) -> Option<Committed> {
        self.0.recv().await
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable { detail: "it is closed".to_owned() }
}

impl MemoryStore {
    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock()
    }

    fn feed(&self) -> Option<mpsc::UnboundedSender<Committed>> {
        self.feed.lock().clone()
    }

    fn hold(&self, events: Vec<Event>) -> Vec<Held> {
        let held = events.into_iter().map(|event| {
            let bytes = held_bytes(&event.data);
            self.budget.used.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
            Held(Arc::new(HeldEvent { event, budget: Some(Arc::clone(&self.budget)) }))
        });
        held.collect()
    }

    fn apply(&self, change: Change) {
        let mut data = self.data();
        let now = self.clock.now();
        data.log.extend(change.log.into_iter().map(|entry| (now, entry)));
        data.bytes.extend(change.bytes);
        data.lasting_bytes.extend(change.lasting_bytes);
        for record in change.deliveries {
            if record.state.is_terminal() {
                data.bytes.remove(&record.id);
            }
            data.records.insert(record.id, record);
        }
        for write in change.kv {
            let key = (write.space, write.key);
            match write.value {
                Some(value) => data.kv.insert(key, value),
                None => data.kv.remove(&key),
            };
        }
        for event in change.closed {
            data.open.remove(&event);
        }
    }
}

impl Data {
    fn accept(&mut self, data: NewEvent, now: Timestamp, window: std::time::Duration) -> Accepted {
        let known = data.idempotency.and_then(|key| self.keys.get(&key).copied());
        let made = |id: &EventId| Timestamp::from_millis(id.unix_millis());
        if let Some(id) = known.filter(|id| now.since(made(id)) < window) {
            return Accepted { id, duplicate: true };
        }
        let fresh = compose(now.as_millis(), 0, 0);
        self.last_id = fresh.max(self.last_id + (1 << 64));
        let id = EventId::from_bits(self.last_id);
        if let Some(key) = data.idempotency {
            self.keys.insert(key, id);
        }
        self.events.insert(id, data);
        self.open.insert(id, ());
        Accepted { id, duplicate: false }
    }
}

impl Store for MemoryStore {
    async fn accept(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError> {
        let feed = self.feed().ok_or_else(closed)?;
        let now = self.clock.now();
        let mut data = self.data();
        let mut fresh = Vec::new();
        let mut accepted = Vec::new();
        for event in events {
            let one = data.accept(event.clone(), now, self.window);
            if !one.duplicate {
                fresh.push(Event { id: one.id, data: event });
            }
            accepted.push(one);
        }
        drop(data);
        if let Some(first) = fresh.first() {
            let range = CommitRange { first: first.id, count: fresh.len() as u32 };
            let bytes: u64 = fresh.iter().map(|event| held_bytes(&event.data)).sum();
            let used = self.budget.used.load(std::sync::atomic::Ordering::Relaxed);
            let events = (used + bytes <= self.budget.max).then(|| self.hold(fresh));
            feed.send(Committed { range, events }).map_err(|_| closed())?;
        }
        Ok(accepted)
    }

    fn note(&self, change: Change) {
        if self.feed().is_some() {
            self.apply(change);
        }
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.feed().ok_or_else(closed)?;
        self.apply(change);
        Ok(())
    }

    async fn flushed(&self) -> Result<(), StoreError> {
        self.feed().map(drop).ok_or_else(closed)
    }

    async fn configure(&self, writes: Vec<ConfigWrite>, expected: u64) -> Result<ConfigAnswer, StoreError> {
        let mut data = self.data();
        let mut state = data.configs.last().cloned().unwrap_or_default();
        if state.revision != expected {
            return Ok(ConfigAnswer::Conflict { expected, found: state.revision });
        }
        let mut documents: BTreeMap<String, Vec<u8>> = state.documents.into_iter().collect();
        for ConfigWrite { key, document } in writes {
            match document {
                Some(document) => documents.insert(key, document),
                None => documents.remove(&key),
            };
        }
        state.documents = documents.into_iter().collect();
        state.revision += 1;
        let revision = state.revision;
        data.configs.push(state);
        data.revision.send_replace(revision);
        Ok(ConfigAnswer::Written { revision })
    }

    fn watch_config(&self) -> watch::Receiver<u64> {
        self.data().revision.subscribe()
    }

    async fn config_at(&self, revision: u64) -> Result<Option<ConfigState>, StoreError> {
        let nothing = (revision == 0).then(ConfigState::default);
        Ok(self.data().configs.iter().find(|state| state.revision == revision).cloned().or(nothing))
    }

    async fn put_module(&self, digest: Digest, module: Bytes) -> Result<(), StoreError> {
        self.data().modules.insert(*digest.as_bytes(), module);
        Ok(())
    }

    async fn module(&self, digest: Digest) -> Result<Option<Bytes>, StoreError> {
        Ok(self.data().modules.get(digest.as_bytes()).cloned())
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        Ok(self.data().events.get(&id).cloned().map(|data| Event { id, data }))
    }

    async fn read(&self, range: CommitRange) -> Result<Vec<Held>, StoreError> {
        let data = self.data();
        let events = data.events.range(range.first..).take(range.count as usize);
        let events = events.map(|(id, data)| Event { id: *id, data: data.clone() }).collect();
        drop(data);
        Ok(self.hold(events))
    }

    async fn open_events(&self, after: Option<EventId>, limit: usize) -> Result<Vec<EventId>, StoreError> {
        let data = self.data();
        let open = data.open.keys().filter(|id| after.is_none_or(|after| **id > after));
        Ok(open.take(limit).copied().collect())
    }

    async fn live(&self, after: Option<DeliveryId>, limit: usize) -> Result<Vec<DeliveryRecord>, StoreError> {
        let data = self.data();
        let records = data.records.values().filter(|record| !record.state.is_terminal());
        let records = records.filter(|record| after.is_none_or(|after| record.id > after));
        Ok(records.take(limit).cloned().collect())
    }

    async fn events(&self, query: EventQuery) -> Result<Page<Event, EventId>, StoreError> {
        Ok(lists::events(&self.data(), &query))
    }

    async fn planned(&self, query: EventQuery) -> Result<Page<PlannedEvent, EventId>, StoreError> {
        let data = self.data();
        let page = lists::events(&data, &query);
        let with_plan = |event: Event| PlannedEvent { plan: lists::event_log(&data, event.id).plan, event };
        Ok(Page { items: page.items.into_iter().map(with_plan).collect(), next: page.next })
    }

    async fn event_log(&self, id: EventId) -> Result<EventLog, StoreError> {
        Ok(lists::event_log(&self.data(), id))
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>, StoreError> {
        Ok(self.data().records.get(&id).cloned())
    }

    async fn delivery_bytes(&self, id: DeliveryId) -> Result<Option<DeliveryBytes>, StoreError> {
        let data = self.data();
        Ok(data.bytes.get(&id).or_else(|| data.lasting_bytes.get(&id)).cloned())
    }

    async fn deliveries(
        &self,
        query: DeliveryQuery,
    ) -> Result<Page<DeliverySummary, DeliveryId>, StoreError> {
        Ok(lists::deliveries(&self.data(), &query))
    }

    async fn rejections(
        &self,
        workspace: WorkspaceId,
        source: SourceId,
        before: Option<RejectionId>,
        limit: usize,
    ) -> Result<Page<Rejection, RejectionId>, StoreError> {
        Ok(lists::rejections(&self.data(), (workspace, source), before, limit))
    }

    async fn kv_get(&self, space: &KvSpace, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.data().kv.get(&(space.clone(), key.to_owned())).cloned())
    }

    async fn kv_keys(&self, space: &KvSpace, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let data = self.data();
        let keys = data.kv.keys().filter(|(whose, key)| whose == space && key.starts_with(prefix));
        Ok(keys.map(|(_, key)| key.clone()).take(limit).collect())
    }

    async fn expire(&self, events_before: Timestamp, log_before: Timestamp) -> Result<u64, StoreError> {
        Ok(lists::expire(&mut self.data(), events_before, log_before))
    }

    fn health(&self) -> Result<(), StoreError> {
        self.feed().map(|_| ()).ok_or_else(closed)
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.feed.lock().take();
        Ok(())
    }
}
