//! A change of a row, from the request or delivery that asks for it to the disk. Written first, announced then: a crash in
//! between leaves what is to be announced in the store, and whoever comes next announces it.

use crate::control::snapshot::Snapshot;
use crate::domain::config::Origin;
use crate::domain::grant::KvWrite;
use crate::domain::id::DeliveryId;
use crate::domain::id::RowId;
use crate::domain::table::RowChange;
use crate::domain::table::Table;
use crate::pipeline::Pipeline;
use crate::pipeline::chain;
use crate::pipeline::chain::DEPTH_MAX;
use crate::pipeline::rows::announce::Announcement;
use crate::pipeline::rows::change::Cause;
use crate::pipeline::rows::change::RowError;
use crate::pipeline::rows::change::RowWrite;
use crate::pipeline::rows::change::RowWritten;
use crate::pipeline::rows::decide::Decider;
use crate::pipeline::rows::key;
use crate::pipeline::rows::key::TableSize;
use crate::pipeline::rows::turns::TableTurn;
use crate::rules::table::RowFaults;
use crate::rules::tier;
use crate::store::Change;
use crate::store::Store as _;
use crate::store::StoreError;

/// What is left to do for changes that were noted.
#[derive(Default)]
struct Noted {
    number: u64,
    /// By cause.
    announcements: Vec<(String, Announcement)>,
}

impl Pipeline {
    /// Makes one change; it is on disk and announced when this returns.
    pub async fn write_row(
        &self,
        table: &Table,
        write: RowWrite,
        cause: Cause,
    ) -> Result<RowWritten, RowError> {
        let mut done = self.write_rows(table, vec![write], cause).await?;
        done.pop().unwrap_or_else(|| Err(StoreError::Unavailable { detail: "no answer".to_owned() }.into()))
    }

    /// Makes changes in their order, each for itself; they are on disk and announced when this returns.
    pub async fn write_rows(
        &self,
        table: &Table,
        writes: Vec<RowWrite>,
        cause: Cause,
    ) -> Result<Vec<Result<RowWritten, RowError>>, StoreError> {
        // Rows are new where events are, and refused where these are; what is deleted makes room.
        if writes.iter().any(|write| !matches!(write, RowWrite::Delete(_))) {
            self.store().health()?;
        }
        let snapshot = self.snapshot().clone();
        let parent = match self.parent(&snapshot, table, cause).await {
            Ok(parent) => parent,
            Err(RowError::Store(error)) => return Err(error),
            Err(refused) => return Ok(vec![Err(refused)]),
        };
        let turn = self.turns().of(table.id);
        let mut noted = Noted::default();
        let mut done = Vec::with_capacity(writes.len());
        for write in writes {
            done.push(self.note_row(table, write, &parent, &turn, &mut noted).await);
        }
        self.finish(table, snapshot.revision(), noted.announcements).await?;
        turn.lock().await.is_on_disk(noted.number);
        Ok(done)
    }

    /// What the changes come from, and whether anybody wants to know of them. Refused where too many led to them.
    async fn parent(&self, snapshot: &Snapshot, table: &Table, cause: Cause) -> Result<Parent, RowError> {
        let is_heard =
            !snapshot.connections_from(table.workspace, Origin::Source(table.changes())).is_empty();
        let Cause::Delivery(delivery) = cause else {
            return Ok(Parent { is_heard, depth: 0, delivery: None });
        };
        let mut depth = 0;
        if is_heard {
            depth = self.store().event(delivery.event()).await?.as_ref().map_or(0, chain::depth);
        }
        if depth >= DEPTH_MAX {
            let detail = format!(
                "{DEPTH_MAX} events led to this change, each to the next: this looks like a loop, which ends here"
            );
            return Err(RowFaults::one("", detail).into());
        }
        Ok(Parent { is_heard, depth, delivery: Some(delivery) })
    }

    async fn note_row(
        &self,
        table: &Table,
        write: RowWrite,
        parent: &Parent,
        turn: &TableTurn,
        noted: &mut Noted,
    ) -> Result<RowWritten, RowError> {
        let space = table.space();
        let new_id = parent
            .delivery
            .map_or_else(|| RowId::from_bits(self.new_id()), |delivery| RowId::from_bits(delivery.bits()));
        let cause =
            parent.delivery.map_or_else(|| RowId::from_bits(self.new_id()).to_string(), |id| id.to_string());
        let mut written = turn.lock().await;
        let decider = Decider {
            store: self.store(),
            table,
            space: &space,
            written: &written,
            now: self.now(),
            most: self.table_size_max(table),
        };
        // The change was made, and its delivery comes again: only the event may be missing.
        if parent.delivery.is_some()
            && let Some(bytes) = written.get(self.store(), &space, &key::outgoing(&cause)).await?
            && let Some((row, announcement)) = key::read::<(RowId, Announcement)>(&bytes)
            && let Some(row) = decider.row(row).await?
        {
            noted.announcements.push((cause, announcement));
            return Ok(RowWritten { change: RowChange::Unchanged, row });
        }
        let decided = decider.decide(write, new_id).await?;
        let mut kv = decided.kv;
        let Some(row) = decided.row.clone().or_else(|| decided.before.clone()) else {
            return Err(RowError::NotFound(new_id));
        };
        if parent.is_heard && decided.change != RowChange::Unchanged {
            let (before, after) = (decided.before.as_ref(), decided.row.as_ref());
            let announcement = Announcement::new(table, decided.change, before, after, self.now());
            let announcement = announcement.made_by(parent.delivery, parent.depth);
            kv.push(decider.write(key::outgoing(&cause), Some(key::write(&(row.id, &announcement)))));
            noted.announcements.push((cause, announcement));
        }
        if !kv.is_empty() {
            noted.number = written.put(self.store(), kv);
        }
        Ok(RowWritten { change: decided.change, row })
    }

    /// Waits until what was noted is on disk, and announces it.
    pub(super) async fn finish(
        &self,
        table: &Table,
        revision: u64,
        announcements: Vec<(String, Announcement)>,
    ) -> Result<(), StoreError> {
        if announcements.is_empty() {
            return self.store().flushed().await;
        }
        let space = table.space();
        let done = announcements.iter().map(|(cause, _)| KvWrite {
            space: space.clone(),
            key: key::outgoing(cause),
            value: None,
        });
        let kv = done.collect();
        let events =
            announcements.into_iter().map(|(cause, announced)| announced.event(table, &cause, revision));
        self.store().accept(events.collect()).await?;
        self.store().note(Change { kv, ..Change::default() });
        Ok(())
    }

    /// The least of what the server and the workspace allow.
    fn table_size_max(&self, table: &Table) -> TableSize {
        let (limits, snapshot) = (self.limits(), self.snapshot());
        let own = snapshot.documents.workspaces.get(table.workspace).map(|found| tier::limits_of(found));
        let rows = own.and_then(|own| own.table_rows).unwrap_or(u64::MAX);
        TableSize { rows: limits.table_rows_max.min(rows), bytes: limits.table_bytes_max }
    }
}

/// Where changes come from.
struct Parent {
    /// Whether a connection takes them.
    is_heard: bool,
    /// How many changes led to these.
    depth: u8,
    /// Which delivery makes them.
    delivery: Option<DeliveryId>,
}
