//! Changes of a table one after the other: whoever has a table's turn sees what all before it wrote, also what is not on
//! disk yet.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::IdMap;
use crate::domain::id::TableId;
use crate::store::Backend;
use crate::store::Change;
use crate::store::Store as _;
use crate::store::StoreError;

/// Whoever locks it has the turn.
pub(super) type TableTurn = Arc<tokio::sync::Mutex<Unflushed>>;

/// Those of all tables that were changed since the start.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<IdMap<TableId, TableTurn>>);

impl Turns {
    /// That of a table.
    pub(super) fn of(&self, table: TableId) -> TableTurn {
        self.0.lock().entry(table).or_default().clone()
    }

    /// Lets go of that of a table that is gone.
    pub(super) fn forget(&self, table: TableId) {
        self.0.lock().remove(&table);
    }
}

/// What was written and may not be on disk yet.
#[derive(Debug, Default)]
pub(super) struct Unflushed {
    /// By key, with the number of the write.
    entries: HashMap<String, (u64, Option<Vec<u8>>)>,
    writes: u64,
}

impl Unflushed {
    /// What lies under a key.
    pub(super) async fn get(
        &self,
        store: &Backend,
        space: &KvSpace,
        key: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.entries.get(key) {
            Some((_, value)) => Ok(value.clone()),
            None => store.kv_get(space, key).await,
        }
    }

    /// Has this written; answers its number.
    pub(super) fn put(&mut self, store: &Backend, kv: Vec<KvWrite>) -> u64 {
        self.writes += 1;
        for write in &kv {
            self.entries.insert(write.key.clone(), (self.writes, write.value.clone()));
        }
        store.note(Change { kv, ..Change::default() });
        self.writes
    }

    /// All up to that number is on disk: the store says it as well.
    pub(super) fn is_on_disk(&mut self, number: u64) {
        self.entries.retain(|_, (written, _)| *written > number);
    }
}
