//! The handle everybody has on a sled store: writes go to the committer, reads to a few blocking
//! threads. Not here: either of them, and the trait (`store`).

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Sender;
use sled::Tree;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;

use crate::store::ConfigWrite;
use crate::store::Lease;
use crate::store::StoreError;
use crate::store::sled::commit::ExpectedRevision;
use crate::store::sled::commit::ReplyTo;
use crate::store::sled::fault::SledFault;
use crate::store::sled::guard;
use crate::store::sled::shared::StoreShared;
use crate::store::sled::upkeep;
use crate::store::sled::upkeep::StoreStats;
use crate::store::sled::write::CommitterRequest;

/// Reads at a time; more would only wait for the same disk.
pub(super) const READERS: usize = 4;
/// A value in parts may be replaced or deleted while it is read; then its checksum is wrong, and
/// right the next time.
const READ_TRIES: usize = 4;

/// A store in a directory. Clones share it; when the last one is dropped it closes as if
/// `close` had been called, without anybody to tell.
#[derive(Clone, Debug)]
pub struct SledStore {
    pub(super) shared: Arc<StoreShared>,
    pub(super) requests: Sender<CommitterRequest>,
    pub(super) readers: Arc<Semaphore>,
    /// The same as long as the store is open.
    pub(super) lease: Lease,
}

impl SledStore {
    /// How the store is doing.
    pub fn stats(&self) -> StoreStats {
        let hot = self.shared.budget.used();
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
        let (writes, expected) = (writes.collect(), ExpectedRevision::Any { above: state.revision });
        let answer = self.ask(|reply| CommitterRequest::Configure { writes, expected, reply }).await?;
        Ok(Some(answer.revision()))
    }

    pub(super) async fn ask<T>(
        &self,
        request: impl FnOnce(ReplyTo<T>) -> CommitterRequest,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(request(reply)).is_err() {
            return Err(self.shared.explain(&SledFault::Closed));
        }
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(self.shared.trouble().unwrap_or(self.shared.explain(&SledFault::Closed))),
        }
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl Fn(&Tree, &StoreShared) -> Result<T, SledFault> + Send + 'static,
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
fn read_here<T>(
    shared: &StoreShared,
    read: &dyn Fn(&Tree, &StoreShared) -> Result<T, SledFault>,
) -> Result<T, StoreError> {
    let engine = shared.engine();
    let result = engine.as_ref().ok_or(SledFault::Closed).and_then(|engine| {
        let once = || guard::caught(|| read(engine.tree(), shared));
        (1..READ_TRIES).fold(once(), |result, _| match result {
            Err(SledFault::Bad { .. }) => once(),
            other => other,
        })
    });
    result.map_err(|fault| shared.explain(&fault))
}

impl SledStore {
    /// Tells the committer that there is something noted, unless it looks there anyway. Called
    /// with the notes locked, so that it cannot stop looking in between.
    pub(super) fn nudge_unless(&self, watched: bool) {
        if !watched {
            let _closed = self.requests.send(CommitterRequest::Nudge);
        }
    }
}
