//! The backend that forgets, with faults: the nth call of a kind answers with an error, or a commit reaches the store
//! and its answer is lost. For tests of what stands on a store. Not here: the store itself (`memory`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::watch;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::event::Event;
use crate::domain::event::NewEvent;
use crate::domain::grant::KvRange;
use crate::domain::grant::KvSpace;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Rejection;
use crate::domain::plugin::Digest;
use crate::store::Accepted;
use crate::store::Adoption;
use crate::store::Change;
use crate::store::CommitRange;
use crate::store::ConfigAnswer;
use crate::store::ConfigState;
use crate::store::ConfigWrite;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;
use crate::store::EventLog;
use crate::store::EventQuery;
use crate::store::Expiry;
use crate::store::HotEvent;
use crate::store::Lease;
use crate::store::NodeId;
use crate::store::Page;
use crate::store::PlannedEvent;
use crate::store::Renewed;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::memory::MemoryStore;

/// The kinds of calls that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StoreCall {
    Accept,
    Commit,
    /// A commit that is written, and answered with an error all the same.
    CommitAnswer,
    Flushed,
    Configure,
    ConfigAt,
    Event,
    Read,
    OpenEvents,
    Claim,
    EventLog,
    Delivery,
    DeliveryBytes,
    Deliveries,
}

impl StoreCall {
    /// Every kind.
    pub(crate) const ALL: [Self; 14] = [
        Self::Accept,
        Self::Commit,
        Self::CommitAnswer,
        Self::Flushed,
        Self::Configure,
        Self::ConfigAt,
        Self::Event,
        Self::Read,
        Self::OpenEvents,
        Self::Claim,
        Self::EventLog,
        Self::Delivery,
        Self::DeliveryBytes,
        Self::Deliveries,
    ];
}

/// Which calls fail. Clones share it, with the stores they are given to.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreFaults(Arc<Mutex<Wanted>>);

#[derive(Debug, Default)]
struct Wanted {
    made: BTreeMap<StoreCall, u64>,
    nth: BTreeSet<(StoreCall, u64)>,
    always: BTreeSet<StoreCall>,
    failed: u64,
}

impl StoreFaults {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.0.lock()
    }

    /// The nth call of that kind fails, counted from 1 and from now on.
    pub(crate) fn nth(&self, call: StoreCall, nth: u64) {
        let mut wanted = self.wanted();
        let made = wanted.made.get(&call).copied().unwrap_or(0);
        wanted.nth.insert((call, made + nth));
    }

    /// Every call of that kind fails from now on.
    pub(crate) fn always(&self, call: StoreCall) {
        self.wanted().always.insert(call);
    }

    /// None of them fails any more.
    pub(crate) fn none(&self) {
        let mut wanted = self.wanted();
        wanted.always.clear();
        wanted.nth.clear();
    }

    /// How many failed.
    pub(crate) fn failed(&self) -> u64 {
        self.wanted().failed
    }

    fn meet(&self, call: StoreCall) -> Result<(), StoreError> {
        let mut wanted = self.wanted();
        let made = wanted.made.entry(call).or_default();
        *made += 1;
        let made = *made;
        if wanted.nth.contains(&(call, made)) || wanted.always.contains(&call) {
            wanted.failed += 1;
            return Err(StoreError::Unavailable { detail: format!("a test wants {call:?} {made} to fail") });
        }
        Ok(())
    }
}

/// See the head of this file.
#[derive(Clone, Debug)]
pub struct FailingStore {
    /// What it would be without faults.
    pub(crate) inner: MemoryStore,
    /// Which calls fail.
    pub(crate) faults: StoreFaults,
}

impl Store for FailingStore {
    fn lease(&self) -> Lease {
        self.inner.lease()
    }

    async fn renew(&self) -> Result<Renewed, StoreError> {
        self.inner.renew().await
    }

    async fn adopt(&self, node: NodeId) -> Result<Adoption, StoreError> {
        self.inner.adopt(node).await
    }

    async fn accept(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError> {
        self.faults.meet(StoreCall::Accept)?;
        self.inner.accept(events).await
    }

    fn note(&self, change: Change) {
        self.inner.note(change);
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.faults.meet(StoreCall::Commit)?;
        self.inner.commit(change).await?;
        self.faults.meet(StoreCall::CommitAnswer)
    }

    async fn flushed(&self) -> Result<(), StoreError> {
        self.faults.meet(StoreCall::Flushed)?;
        self.inner.flushed().await
    }

    async fn configure(&self, writes: Vec<ConfigWrite>, expected: u64) -> Result<ConfigAnswer, StoreError> {
        self.faults.meet(StoreCall::Configure)?;
        self.inner.configure(writes, expected).await
    }

    fn watch_config(&self) -> watch::Receiver<u64> {
        self.inner.watch_config()
    }

    async fn config_at(&self, revision: u64) -> Result<Option<ConfigState>, StoreError> {
        self.faults.meet(StoreCall::ConfigAt)?;
        self.inner.config_at(revision).await
    }

    async fn put_module(&self, digest: Digest, module: Bytes) -> Result<(), StoreError> {
        self.inner.put_module(digest, module).await
    }

    async fn module(&self, digest: Digest) -> Result<Option<Bytes>, StoreError> {
        self.inner.module(digest).await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        self.faults.meet(StoreCall::Event)?;
        self.inner.event(id).await
    }

    async fn read(&self, range: CommitRange) -> Result<Vec<HotEvent>, StoreError> {
        self.faults.meet(StoreCall::Read)?;
        self.inner.read(range).await
    }

    async fn open_events(&self, after: Option<EventId>, limit: usize) -> Result<Vec<EventId>, StoreError> {
        self.faults.meet(StoreCall::OpenEvents)?;
        self.inner.open_events(after, limit).await
    }

    async fn claim(
        &self,
        after: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.faults.meet(StoreCall::Claim)?;
        self.inner.claim(after, limit).await
    }

    async fn events(&self, query: EventQuery) -> Result<Page<Event, EventId>, StoreError> {
        self.inner.events(query).await
    }

    async fn planned(&self, query: EventQuery) -> Result<Page<PlannedEvent, EventId>, StoreError> {
        self.inner.planned(query).await
    }

    async fn event_log(&self, id: EventId) -> Result<EventLog, StoreError> {
        self.faults.meet(StoreCall::EventLog)?;
        self.inner.event_log(id).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>, StoreError> {
        self.faults.meet(StoreCall::Delivery)?;
        self.inner.delivery(id).await
    }

    async fn delivery_bytes(&self, id: DeliveryId) -> Result<Option<DeliveryBytes>, StoreError> {
        self.faults.meet(StoreCall::DeliveryBytes)?;
        self.inner.delivery_bytes(id).await
    }

    async fn deliveries(
        &self,
        query: DeliveryQuery,
    ) -> Result<Page<DeliverySummary, DeliveryId>, StoreError> {
        self.faults.meet(StoreCall::Deliveries)?;
        self.inner.deliveries(query).await
    }

    async fn rejections(
        &self,
        workspace: WorkspaceId,
        source: SourceId,
        before: Option<RejectionId>,
        limit: usize,
    ) -> Result<Page<Rejection, RejectionId>, StoreError> {
        self.inner.rejections(workspace, source, before, limit).await
    }

    async fn kv_get(&self, space: &KvSpace, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.kv_get(space, key).await
    }

    async fn kv_keys(&self, space: &KvSpace, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.inner.kv_keys(space, prefix, limit).await
    }

    async fn kv_range(
        &self,
        space: &KvSpace,
        range: KvRange,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.inner.kv_range(space, range, limit).await
    }

    async fn expire(&self, expiry: Expiry) -> Result<u64, StoreError> {
        self.inner.expire(expiry).await
    }

    fn health(&self) -> Result<(), StoreError> {
        self.inner.health()
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
