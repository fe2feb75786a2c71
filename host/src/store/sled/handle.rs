//! The handle everybody has on a sled store: writes go to the committer, reads to a few blocking
//! threads. Not here: either of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::Sender;
use sled::Tree;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;
use tokio::sync::watch;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::event::Event;
use crate::domain::event::NewEvent;
use crate::domain::grant::KvSpace;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Rejection;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;
use crate::store::Accepted;
use crate::store::Change;
use crate::store::CommitRange;
use crate::store::ConfigAnswer;
use crate::store::ConfigState;
use crate::store::ConfigWrite;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;
use crate::store::EventLog;
use crate::store::EventQuery;
use crate::store::Held;
use crate::store::Page;
use crate::store::PlannedEvent;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::sled::commit::Expected;
use crate::store::sled::commit::Reply;
use crate::store::sled::fault::Fault;
use crate::store::sled::guard;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::record;
use crate::store::sled::read::configuration;
use crate::store::sled::read::deliveries;
use crate::store::sled::read::events;
use crate::store::sled::read::kv;
use crate::store::sled::read::log;
use crate::store::sled::read::modules;
use crate::store::sled::read::planned;
use crate::store::sled::read::rejections;
use crate::store::sled::shared::Shared;
use crate::store::sled::upkeep;
use crate::store::sled::upkeep::StoreStats;
use crate::store::sled::upkeep::expire::ExpireStep;
use crate::store::sled::write;
use crate::store::sled::write::Request;

/// Reads at a time; more would only wait for the same disk.
pub(super) const READERS: usize = 4;
/// A value in parts may be replaced or deleted while it is read; then its checksum is wrong, and
/// right the next time.
const READ_TRIES: usize = 4;
/// A commit that takes longer than this is a disk that hangs.
const COMMIT_PATIENCE: Duration = Duration::from_secs(30);

/// A store in a directory. Clones share it; when the last one is dropped it closes as if
/// `close` had been called, without anybody to tell.
#[derive(Clone, Debug)]
pub struct SledStore {
    pub(super) shared: Arc<Shared>,
    pub(super) requests: Sender<Request>,
    pub(super) readers: Arc<Semaphore>,
}

impl SledStore {
    /// How the store is doing.
    pub fn stats(&self) -> StoreStats {
        let hot = self.shared.budget.used.load(Ordering::Relaxed);
        let noted = self.shared.notes().changes.len();
        self.shared.counters.read(self.requests.len(), noted, hot)
    }

    /// Writes the configuration exported to a data directory into this store, in place of
    /// documents of the same keys, under a revision greater than it had there. Answers that
    /// revision; `None` when there is no export.
    pub async fn restore_config(&self, dir: &Path) -> Result<Option<u64>, StoreError> {
        let Some(state) = upkeep::read_export(dir)? else { return Ok(None) };
        let documents = state.documents.into_iter();
        let writes = documents.map(|(key, text)| ConfigWrite { key, document: Some(text) });
        let (writes, expected) = (writes.collect(), Expected::Any { above: state.revision });
        let answer = self.ask(|reply| Request::Configure { writes, expected, reply }).await?;
        Ok(Some(answer.revision()))
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(request(reply)).is_err() {
            return Err(self.shared.explain(&Fault::Closed));
        }
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(self.shared.trouble().unwrap_or(self.shared.explain(&Fault::Closed))),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl Fn(&Tree, &Shared) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.readers).acquire_owned().await;
        let shared = Arc::clone(&self.shared);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            read_here(&shared, &read)
        });
        task.await.map_err(|error| StoreError::Unavailable { detail: error.to_string() })?
    }
}

/// Reads on this thread.
fn read_here<T>(shared: &Shared, read: &dyn Fn(&Tree, &Shared) -> Result<T, Fault>) -> Result<T, StoreError> {
    let engine = shared.engine();
    let result = engine.as_ref().ok_or(Fault::Closed).and_then(|engine| {
        let once = || guard::caught(|| read(engine.tree(), shared));
        (1..READ_TRIES).fold(once(), |result, _| match result {
            Err(Fault::Bad { .. }) => once(),
            other => other,
        })
    });
    result.map_err(|fault| shared.explain(&fault))
}

impl Store for SledStore {
    async fn accept(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError> {
        self.ask(|reply| Request::Accept { events, reply }).await
    }

    fn note(&self, change: Change) {
        let mut notes = self.shared.notes();
        notes.changes.push(change);
        self.nudge_unless(std::mem::replace(&mut notes.watched, true));
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.ask(|reply| Request::Commit { change, reply }).await
    }

    async fn flushed(&self) -> Result<(), StoreError> {
        self.ask(|reply| Request::Flush { reply }).await
    }

    async fn configure(&self, writes: Vec<ConfigWrite>, expected: u64) -> Result<ConfigAnswer, StoreError> {
        let expected = Expected::Exactly(expected);
        self.ask(|reply| Request::Configure { writes, expected, reply }).await
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
        self.ask(|reply| Request::PutModule { digest, module, reply }).await
    }

    async fn module(&self, digest: Digest) -> Result<Option<Bytes>, StoreError> {
        self.read(move |tree, _| modules::get(tree, &digest)).await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        self.read(move |tree, _| events::event(tree, id)).await
    }

    async fn read(&self, range: CommitRange) -> Result<Vec<Held>, StoreError> {
        self.read(move |tree, shared| Ok(write::hold(events::of_commit(tree, range)?, &shared.budget))).await
    }

    async fn open_events(&self, after: Option<EventId>, limit: usize) -> Result<Vec<EventId>, StoreError> {
        self.ask(|reply| Request::Open { after, limit, reply }).await
    }

    async fn live(&self, after: Option<DeliveryId>, limit: usize) -> Result<Vec<DeliveryRecord>, StoreError> {
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
        self.read(move |tree, _| {
            for kind in [keys::BYTES, keys::LASTING_BYTES] {
                if let Some(entry) = parts::get(tree, keys::by_id(kind, id.bits()))? {
                    return record::decode("the bytes of a delivery", &entry.body(tree)?).map(Some);
                }
            }
            Ok(None)
        })
        .await
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
        let wanted = rejections::Wanted { workspace, source, before, limit };
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

    async fn expire(&self, events_before: Timestamp, log_before: Timestamp) -> Result<u64, StoreError> {
        let mut step = ExpireStep { events_before, log_before, from: Vec::new() };
        let mut chunks = 0;
        loop {
            let this = step.clone();
            let expired = self.ask(|reply| Request::Expire { step: this, reply }).await?;
            chunks += expired.chunks;
            match expired.next {
                Some(next) => step.from = next,
                None => return Ok(chunks),
            }
        }
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
        self.ask(|reply| Request::Close { reply }).await
    }
}

impl SledStore {
    /// Tells the committer that there is something noted, unless it looks there anyway. Called
    /// with the notes locked, so that it cannot stop looking in between.
    fn nudge_unless(&self, watched: bool) {
        if !watched {
            let _closed = self.requests.send(Request::Nudge);
        }
    }
}
