//! Counts of the month outlive the process: they are written down once a second, and after a start, events that came after
//! the last time are counted anew. Of several nodes each counts what it takes in itself.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::control::snapshot::Resource;
use crate::domain::event::Event;
use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::domain::workspace_limits::Month;
use crate::pipeline::Pipeline;
use crate::pipeline::chain;
use crate::store::Change;
use crate::store::EventQuery;
use crate::store::Store as _;
use crate::store::StoreError;

/// Between two times.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Events counted anew at a time.
const PAGE: usize = 500;

/// A month's count as it lies in the store.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct WrittenCount {
    events: u64,
    bytes: u64,
    /// When that was so.
    at: Timestamp,
}

/// Among the values that plugins keep: no plugin's name has a slash.
fn space(workspace: WorkspaceId) -> KvSpace {
    KvSpace { workspace, plugin: "/taken".into() }
}

impl Pipeline {
    /// Keeps the counts of the month; never ends.
    pub async fn tend_allowances(self) {
        let restore = || self.restore_allowances();
        if self.until_answered("read what workspaces took in", restore).await.is_none() {
            return;
        }
        loop {
            tokio::time::sleep(WRITE_EVERY).await;
            self.write_allowances();
        }
    }

    fn write_allowances(&self) {
        let at = self.now();
        let write = |(workspace, count): (WorkspaceId, super::count::Count)| {
            let written = WrittenCount { events: count.events, bytes: count.bytes, at };
            let value = serde_json::to_vec(&written).ok();
            KvWrite { space: space(workspace), key: count.month.to_string(), value }
        };
        let kv: Vec<KvWrite> = self.allowances().take_changed().into_iter().map(write).collect();
        if !kv.is_empty() {
            self.store().note(Change { kv, ..Change::default() });
        }
    }

    /// Puts what was taken before this start on top of what was taken since.
    async fn restore_allowances(&self) -> Result<(), StoreError> {
        let (snapshot, now) = (self.snapshot().clone(), self.now());
        let month = Month::of(now);
        for workspace in snapshot.documents.workspaces.all().map(|found| found.id()) {
            let bytes = self.store().kv_get(&space(workspace), &month.to_string()).await?;
            let written = bytes.and_then(|bytes| serde_json::from_slice::<WrittenCount>(&bytes).ok());
            // Nothing was written down yet: all of this month counts.
            let mut before = written.unwrap_or(WrittenCount { events: 0, bytes: 0, at: month.begin() });
            self.count_since(workspace, before.at, now, &mut before).await?;
            let count = self.allowances().of(workspace);
            let mut count = count.lock();
            count.turn_to(now);
            if before.events > 0 && count.month == month {
                count.events = count.events.saturating_add(before.events);
                count.bytes = count.bytes.saturating_add(before.bytes);
                count.is_changed = true;
            }
        }
        Ok(())
    }

    /// Adds what was taken in after one instant and before another.
    async fn count_since(
        &self,
        workspace: WorkspaceId,
        since: Timestamp,
        until: Timestamp,
        count: &mut WrittenCount,
    ) -> Result<(), StoreError> {
        let mut before = None;
        loop {
            let query = EventQuery {
                since: Some(since),
                until: Some(until),
                before,
                ..EventQuery::all(workspace, PAGE)
            };
            let page = self.store().events(query).await?;
            for event in page.items.iter().filter(|event| is_taken_in(event)) {
                count.events = count.events.saturating_add(1);
                count.bytes = count.bytes.saturating_add(event.data.body.len() as u64);
            }
            before = page.next;
            if before.is_none() {
                return Ok(());
            }
        }
    }
}

/// Whether it came from outside.
fn is_taken_in(event: &Event) -> bool {
    let by = event.data.verified_by.as_ref();
    ![chain::OF_TABLE, chain::OF_ANSWER, chain::OF_ALERT].contains(&by) && !by.starts_with("replay of ")
}
