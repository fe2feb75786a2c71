//! The backends there are, as one type: what the gateway holds. Each passes the contract suite (`contract`). Not here:
//! any of them.

use bytes::Bytes;
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
#[cfg(test)]
use crate::store::failing::FailingStore;
use crate::store::sled::SledStore;

/// A store of one of the kinds there are; clones share it.
#[derive(Clone, Debug)]
pub enum Backend {
    /// A directory of this machine.
    Sled(SledStore),
    /// Memory, with faults where a test wants them.
    #[cfg(test)]
    Failing(FailingStore),
}

impl From<SledStore> for Backend {
    fn from(store: SledStore) -> Self {
        Self::Sled(store)
    }
}

/// The same call to whichever it is.
macro_rules! each {
    ($backend:expr, $store:ident => $call:expr) => {
        match $backend {
            Backend::Sled($store) => $call,
            #[cfg(test)]
            Backend::Failing($store) => $call,
        }
    };
}

impl Store for Backend {
    fn lease(&self) -> Lease {
        each!(self, store => store.lease())
    }

    async fn renew(&self) -> Result<Renewed, StoreError> {
        each!(self, store => store.renew().await)
    }

    async fn adopt(&self, node: NodeId) -> Result<Adoption, StoreError> {
        each!(self, store => store.adopt(node).await)
    }

    async fn accept(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError> {
        each!(self, store => store.accept(events).await)
    }

    fn note(&self, change: Change) {
        each!(self, store => store.note(change));
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        each!(self, store => store.commit(change).await)
    }

    async fn flushed(&self) -> Result<(), StoreError> {
        each!(self, store => store.flushed().await)
    }

    async fn configure(&self, writes: Vec<ConfigWrite>, expected: u64) -> Result<ConfigAnswer, StoreError> {
        each!(self, store => store.configure(writes, expected).await)
    }

    fn watch_config(&self) -> watch::Receiver<u64> {
        each!(self, store => store.watch_config())
    }

    async fn config_at(&self, revision: u64) -> Result<Option<ConfigState>, StoreError> {
        each!(self, store => store.config_at(revision).await)
    }

    async fn put_module(&self, digest: Digest, module: Bytes) -> Result<(), StoreError> {
        each!(self, store => store.put_module(digest, module).await)
    }

    async fn module(&self, digest: Digest) -> Result<Option<Bytes>, StoreError> {
        each!(self, store => store.module(digest).await)
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        each!(self, store => store.event(id).await)
    }

    async fn read(&self, range: CommitRange) -> Result<Vec<HotEvent>, StoreError> {
        each!(self, store => store.read(range).await)
    }

    async fn open_events(&self, after: Option<EventId>, limit: usize) -> Result<Vec<EventId>, StoreError> {
        each!(self, store => store.open_events(after, limit).await)
    }

    async fn claim(
        &self,
        after: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        each!(self, store => store.claim(after, limit).await)
    }

    async fn events(&self, query: EventQuery) -> Result<Page<Event, EventId>, StoreError> {
        each!(self, store => store.events(query).await)
    }

    async fn planned(&self, query: EventQuery) -> Result<Page<PlannedEvent, EventId>, StoreError> {
        each!(self, store => store.planned(query).await)
    }

    async fn event_log(&self, id: EventId) -> Result<EventLog, StoreError> {
        each!(self, store => store.event_log(id).await)
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>, StoreError> {
        each!(self, store => store.delivery(id).await)
    }

    async fn delivery_bytes(&self, id: DeliveryId) -> Result<Option<DeliveryBytes>, StoreError> {
        each!(self, store => store.delivery_bytes(id).await)
    }

    async fn deliveries(
        &self,
        query: DeliveryQuery,
    ) -> Result<Page<DeliverySummary, DeliveryId>, StoreError> {
        each!(self, store => store.deliveries(query).await)
    }

    async fn rejections(
        &self,
        workspace: WorkspaceId,
        source: SourceId,
        before: Option<RejectionId>,
        limit: usize,
    ) -> Result<Page<Rejection, RejectionId>, StoreError> {
        each!(self, store => store.rejections(workspace, source, before, limit).await)
    }

    async fn kv_get(&self, space: &KvSpace, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        each!(self, store => store.kv_get(space, key).await)
    }

    async fn kv_keys(&self, space: &KvSpace, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        each!(self, store => store.kv_keys(space, prefix, limit).await)
    }

    async fn kv_range(
        &self,
        space: &KvSpace,
        range: KvRange,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        each!(self, store => store.kv_range(space, range, limit).await)
    }

    async fn expire(&self, expiry: Expiry) -> Result<u64, StoreError> {
        each!(self, store => store.expire(expiry).await)
    }

    fn health(&self) -> Result<(), StoreError> {
        each!(self, store => store.health())
    }

    async fn close(&self) -> Result<(), StoreError> {
        each!(self, store => store.close().await)
    }
}
