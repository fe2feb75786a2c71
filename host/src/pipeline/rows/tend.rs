//! What is done for tables while nobody asks for it: changes that a crash or a full disk left unannounced are announced,
//! and the rows of tables that are gone go, a few at a time.

use std::time::Duration;

use crate::control::snapshot::Resource;
use crate::domain::grant::KvWrite;
use crate::domain::id::RowId;
use crate::domain::id::TableId;
use crate::domain::id::WorkspaceId;
use crate::domain::table::gone_space;
use crate::domain::table::space;
use crate::pipeline::Pipeline;
use crate::pipeline::rows::announce::Announcement;
use crate::pipeline::rows::key;
use crate::store::Change;
use crate::store::Store as _;
use crate::store::StoreError;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Keys that go in one commit.
const CHUNK: usize = 500;
/// Changes that are announced at a time.
const ANNOUNCED: usize = 200;

impl Pipeline {
    /// Tends tables; never ends.
    pub async fn tend_tables(self) {
        loop {
            // One that is announced just now is one event all the same.
            if let Err(error) = self.announce_left().await {
                self.observer().store_error("announce changes of tables", &error);
            }
            if let Err(error) = self.clear_gone_tables().await {
                self.observer().store_error("clear tables that are gone", &error);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Announces what was written and not announced.
    async fn announce_left(&self) -> Result<(), StoreError> {
        let snapshot = self.snapshot().clone();
        for table in snapshot.documents.tables.all() {
            let space = table.space();
            loop {
                let left = self.store().kv_range(&space, key::all_outgoing(), ANNOUNCED).await?;
                let count = left.len();
                let read = |(key, bytes): (String, Vec<u8>)| {
                    let (_, announcement) = key::read::<(RowId, Announcement)>(&bytes)?;
                    Some((key.strip_prefix('o')?.to_owned(), announcement))
                };
                let announcements: Vec<_> = left.into_iter().filter_map(read).collect();
                let are_readable = !announcements.is_empty();
                self.finish(table, snapshot.revision(), announcements).await?;
                self.store().flushed().await?;
                if count < ANNOUNCED || !are_readable {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Lets rows of tables go that are gone.
    pub(crate) async fn clear_gone_tables(&self) -> Result<(), StoreError> {
        let snapshot = self.snapshot().clone();
        for workspace in snapshot.documents.workspaces.all().map(|found| found.id()) {
            for id in self.store().kv_keys(&gone_space(workspace), "", CHUNK).await? {
                let Ok(table) = id.parse::<TableId>() else { continue };
                if snapshot.documents.tables.get(table).is_none() {
                    self.clear(workspace, table).await?;
                }
                let kv = vec![KvWrite { space: gone_space(workspace), key: id, value: None }];
                self.store().commit(Change { kv, ..Change::default() }).await?;
            }
        }
        Ok(())
    }

    async fn clear(&self, workspace: WorkspaceId, table: TableId) -> Result<(), StoreError> {
        let space = space(workspace, table);
        self.turns().forget(table);
        loop {
            let found = self.store().kv_range(&space, key::everything(), CHUNK).await?;
            if found.is_empty() {
                return Ok(());
            }
            let forget = |(key, _)| KvWrite { space: space.clone(), key, value: None };
            let kv = found.into_iter().map(forget).collect();
            self.store().commit(Change { kv, ..Change::default() }).await?;
        }
    }
}
