//! Changes of the configuration: durable first, then in force. Not here: what is allowed
//! (`manage`).

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;

use crate::control::Control;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::FlowState;
use crate::domain::grant::KvWrite;
use crate::domain::id::DestinationId;
use crate::domain::table::Table;
use crate::domain::table::gone_space;
use crate::store::Change;
use crate::store::ConfigAnswer;
use crate::store::ConfigWrite;
use crate::store::Store;
use crate::store::StoreError;

/// Held from reading the configuration to writing it, so that two changes never cross.
#[derive(Debug)]
pub struct WriteGuard {
    _guard: OwnedMutexGuard<()>,
}

impl Control {
    /// Waits until nobody else changes the configuration.
    pub async fn write_guard(&self) -> WriteGuard {
        WriteGuard { _guard: self.write_lock().lock_owned().await }
    }

    /// Writes documents, all of them or none; they are on disk and in force when this returns
    /// their revision. Hold a `write_guard` from before the decision to write.
    pub async fn write(&self, writes: Vec<DocumentWrite>) -> Result<u64, StoreError> {
        let stored = writes.iter().map(DocumentWrite::to_stored);
        let stored = stored.map(|(key, document)| ConfigWrite { key, document }).collect();
        let old = self.snapshot().clone();
        self.note_gone_tables(&old.documents, &writes);
        let revision = match self.store().configure(stored, old.revision()).await? {
            ConfigAnswer::Written { revision } => revision,
            ConfigAnswer::Conflict { expected, found } => {
                self.catch_up(found).await?;
                let detail = format!("somebody else wrote revision {found} over {expected}; try again");
                return Err(StoreError::Unavailable { detail });
            }
        };
        let documents = old.documents.with(revision, &writes);
        let next = self.compiler().compile(documents, Some(&old)).await;
        self.configuration().replace(next);
        Ok(revision)
    }

    /// Rows are no configuration and go later; that they have to is on disk before their table is gone.
    fn note_gone_tables(&self, documents: &Documents, writes: &[DocumentWrite]) {
        let gone = writes.iter().filter_map(|write| match write {
            DocumentWrite::DeleteTable(id) => documents.tables.get(*id),
            _ => None,
        });
        let note = |table: &Arc<Table>| KvWrite {
            space: gone_space(table.workspace),
            key: table.id.to_string(),
            value: Some(Vec::new()),
        };
        let kv: Vec<KvWrite> = gone.map(note).collect();
        if !kv.is_empty() {
            self.store().note(Change { kv, ..Change::default() });
        }
    }

    /// Takes over what other nodes write, as they write it. Ends with the store, or when the server goes down.
    pub async fn follow(self) {
        let mut changes = self.store().watch_config();
        while changes.changed().await.is_ok() {
            // What this node writes itself is in force when the guard is free.
            let _guard = self.write_guard().await;
            let found = *changes.borrow_and_update();
            if self.is_stopping() {
                return;
            }
            if found <= self.snapshot().revision() {
                continue;
            }
            if let Err(error) = self.catch_up(found).await {
                self.observer().store_error("take over the configuration of another node", &error);
            }
        }
    }

    /// Takes over what somebody else wrote, or what was written here and not answered.
    async fn catch_up(&self, revision: u64) -> Result<(), StoreError> {
        let Some(state) = self.store().config_at(revision).await? else { return Ok(()) };
        let documents = Documents::from_stored(state.revision, &state.documents);
        let documents = documents.map_err(|error| StoreError::Unavailable { detail: error.to_string() })?;
        let old = self.snapshot().clone();
        self.configuration().replace(self.compiler().compile(documents, Some(&old)).await);
        Ok(())
    }

    /// Pauses a destination whose receiver said 410 Gone: what waits for it is held, not lost.
    pub(super) async fn pause_gone(&self, destination: DestinationId) {
        let _guard = self.write_guard().await;
        let found = self.snapshot().documents.destinations.get(destination).cloned();
        let Some(found) = found.filter(|found| found.state == FlowState::Active) else { return };
        let mut paused = found.as_ref().clone();
        paused.state = FlowState::Paused;
        if let Err(error) = self.write(vec![DocumentWrite::PutDestination(paused)]).await {
            self.observer().store_error("pause a destination that is gone", &error);
        }
    }
}
