//! The trait, on sled. The one node there is owns everything, so no write needs to look whether it still does: the lock
//! on the directory is the lease. Not here: how writes and reads get to their threads (`handle`).

use std::time::Duration;

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
use crate::store::sled::SledStore;
use crate::store::sled::commit::ExpectedRevision;
use crate::store::sled::fault::SledFault;
use crate::store::sled::read::configuration;
use crate::store::sled::read::deliveries;
use crate::store::sled::read::events;
use crate::store::sled::read::kv;
use crate::store::sled::read::log;
use crate::store::sled::read::modules;
use crate::store::sled::read::payloads;
use crate::store::sled::read::planned;
use crate::store::sled::read::rejections;
use crate::store::sled::write::CommitterRequest;

/// A commit that takes longer than this is a disk that hangs.
const COMMIT_PATIENCE: Duration = Duration::from_secs(30);

impl Store for SledStore {
    fn lease(&self) -> Lease {
        self.lease
    }

    /// Nobody else opens the directory while this process has it, so the lease has no end but the store's own.
    async fn renew(&self) -> Result<Renewed, StoreError> {
        match self.shared.is_closed() {
            true => Err(self.shared.explain(&SledFault::Closed)),
            false => Ok(Renewed { lease: self.lease, lapsed: Vec::new() }),
        }
    }

    async fn adopt(&self, node: NodeId) -> Result<Adoption, StoreError> {
        match node == self.lease.node {
            true => Ok(Adoption::Running { until: self.lease.until }),
            false => Ok(Adoption::Nothing),
        }
    }

    async fn accept(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError> {
        self.ask(|reply| CommitterRequest::Accept { events, reply }).await
    }

    fn note(&self, change: Change) {
        let mut notes = self.shared.notes();
        notes.changes.push(change);
        self.nudge_unless(std::mem::replace(&mut notes.watched, true));
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.ask(|reply| CommitterRequest::Commit { change, reply }).await
    }

    async fn flushed(&self) -> Result<(), StoreError> {
        self.ask(|reply| CommitterRequest::Flush { reply }).await
    }

    async fn configure(&self, writes: Vec<ConfigWrite>, expected: u64) -> Result<ConfigAnswer, StoreError> {
        let expected = ExpectedRevision::Exactly(expected);
        self.ask(|reply| CommitterRequest::Configure { writes, expected, reply }).await
    }

    fn watch_config(&self) -> watch::Receiver<u64> {
        self.shared.watch_config()
    }

    async fn config_at(&self, revision: u64) -> Result<Option<ConfigState>, StoreError> {
        self.read(
            move |tree, shared| Ok(configuration::at(tree, &shared.config(), &[revision].into())?.pop()),
        )
        .await
    }

    async fn put_module(&self, digest: Digest, module: Bytes) -> Result<(), StoreError> {
        self.ask(|reply| CommitterRequest::PutModule { digest, module, reply }).await
    }

    async fn module(&self, digest: Digest) -> Result<Option<Bytes>, StoreError> {
        self.read(move |tree, _| modules::get(tree, &digest)).await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        self.read(move |tree, _| events::event(tree, id)).await
    }

    async fn read(&self, range: CommitRange) -> Result<Vec<HotEvent>, StoreError> {
        self.read(move |tree, shared| Ok(shared.budget.hold(events::of_commit(tree, range)?))).await
    }

    async fn open_events(&self, after: Option<EventId>, limit: usize) -> Result<Vec<EventId>, StoreError> {
        self.ask(|reply| CommitterRequest::Open { after, limit, reply }).await
    }

    async fn claim(
        &self,
        after: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.read(move |tree, _| log::live(tree, after, limit)).await
    }

    async fn events(&self, query: EventQuery) -> Result<Page<Event, EventId>, StoreError> {
        self.read(move |tree, _| events::list(tree, &query)).await
    }

    async fn planned(&self, query: EventQuery) -> Result<Page<PlannedEvent, EventId>, StoreError> {
        self.read(move |tree, _| planned::list(tree, &query)).await
    }

    async fn event_log(&self, id: EventId) -> Result<EventLog, StoreError> {
        self.read(move |tree, _| log::of_event(tree, id)).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>, StoreError> {
        self.read(move |tree, _| Ok(log::record(tree, id)?.map(|stored| stored.record))).await
    }

    async fn delivery_bytes(&self, id: DeliveryId) -> Result<Option<DeliveryBytes>, StoreError> {
        self.read(move |tree, _| payloads::of_delivery(tree, id)).await
    }

    async fn deliveries(
        &self,
        query: DeliveryQuery,
    ) -> Result<Page<DeliverySummary, DeliveryId>, StoreError> {
        self.read(move |tree, _| deliveries::list(tree, &query)).await
    }

    async fn rejections(
        &self,
        workspace: WorkspaceId,
        source: SourceId,
        before: Option<RejectionId>,
        limit: usize,
    ) -> Result<Page<Rejection, RejectionId>, StoreError> {
        let wanted = rejections::RejectionsWanted { workspace, source, before, limit };
        self.read(move |tree, _| rejections::list(tree, wanted)).await
    }

    async fn kv_get(&self, space: &KvSpace, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (space, key) = (space.clone(), key.to_owned());
        self.read(move |tree, _| kv::get(tree, &space, &key)).await
    }

    async fn kv_keys(&self, space: &KvSpace, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let (space, prefix) = (space.clone(), prefix.to_owned());
        self.read(move |tree, _| kv::keys(tree, &space, &prefix, limit)).await
    }

    async fn kv_range(
        &self,
        space: &KvSpace,
        range: KvRange,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let space = space.clone();
        self.read(move |tree, _| kv::range(tree, &space, &range, limit)).await
    }

    async fn expire(&self, expiry: Expiry) -> Result<u64, StoreError> {
        self.let_go(expiry).await
    }

    fn health(&self) -> Result<(), StoreError> {
        if let Some(trouble) = self.shared.trouble() {
            return Err(trouble);
        }
        let running = Duration::from_micros(self.stats().running_us);
        if running < COMMIT_PATIENCE {
            return Ok(());
        }
        let detail = format!("the disk has not finished a write for {} s", running.as_secs());
        Err(StoreError::Unavailable { detail })
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.ask(|reply| CommitterRequest::Close { reply }).await
    }
}
