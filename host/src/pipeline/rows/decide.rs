//! What a change of a row comes to: which row it is about, whether it may be, and what is written of it. Reads, and
//! writes nothing itself.

use serde_json::Value;

use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::RowId;
use crate::domain::table::Column;
use crate::domain::table::Row;
use crate::domain::table::RowChange;
use crate::domain::table::Table;
use crate::domain::table::Values;
use crate::domain::time::Timestamp;
use crate::pipeline::rows::change::RowError;
use crate::pipeline::rows::change::RowWrite;
use crate::pipeline::rows::key;
use crate::pipeline::rows::key::TableSize;
use crate::pipeline::rows::turns::Unflushed;
use crate::rules::table;
use crate::rules::table::RowFaults;
use crate::store::Backend;

/// Looks at a table while having its turn.
pub(super) struct Decider<'d> {
    pub(super) store: &'d Backend,
    pub(super) table: &'d Table,
    pub(super) space: &'d KvSpace,
    pub(super) written: &'d Unflushed,
    pub(super) now: Timestamp,
    /// Rows and bytes that there may be.
    pub(super) most: TableSize,
}

/// What it comes to.
pub(super) struct Decided {
    pub(super) change: RowChange,
    pub(super) before: Option<Row>,
    pub(super) row: Option<Row>,
    pub(super) kv: Vec<KvWrite>,
}

impl Decider<'_> {
    /// `new_id` is that of the row, if it is new.
    pub(super) async fn decide(&self, write: RowWrite, new_id: RowId) -> Result<Decided, RowError> {
        match write {
            RowWrite::Put(given) => {
                let values = table::whole(self.table, given)?;
                let there = match table::key_of(self.table, &values) {
                    Some(digest) => self.row_under(&key::keyed(&digest)).await?,
                    // It was written before, and its delivery comes again.
                    None => self.row(new_id).await?,
                };
                let id = there.as_ref().map_or(new_id, |row| row.id);
                self.to(there, Some(Row { id, values, updated_at: self.now })).await
            }
            RowWrite::Change(id, given) => {
                let there = self.row(id).await?.ok_or(RowError::NotFound(id))?;
                let values = table::changed(self.table, &there.values, given)?;
                self.to(Some(there), Some(Row { id, values, updated_at: self.now })).await
            }
            RowWrite::Delete(id) => {
                let there = self.row(id).await?.ok_or(RowError::NotFound(id))?;
                self.to(Some(there), None).await
            }
        }
    }

    async fn to(&self, before: Option<Row>, row: Option<Row>) -> Result<Decided, RowError> {
        let change = match (&before, &row) {
            (None, _) => RowChange::Created,
            (Some(_), None) => RowChange::Deleted,
            (Some(before), Some(row)) if before.values == row.values => RowChange::Unchanged,
            (Some(_), Some(_)) => RowChange::Updated,
        };
        if change == RowChange::Unchanged {
            return Ok(Decided { change, row: before.clone(), before, kv: Vec::new() });
        }
        if let Some(row) = &row {
            self.check_doubles(row).await?;
        }
        let mut kv: Vec<KvWrite> = Vec::new();
        // Of two writes to a key the last one counts.
        kv.extend(before.iter().flat_map(|row| self.entries(row)).map(|(key, _)| self.write(key, None)));
        kv.extend(
            row.iter().flat_map(|row| self.entries(row)).map(|(key, value)| self.write(key, Some(value))),
        );
        let size = self.size_after(before.as_ref(), row.as_ref()).await?;
        kv.push(self.write(key::SIZE.to_owned(), Some(key::write(&size))));
        Ok(Decided { change, before, row, kv })
    }

    /// All that lies in the store for a row.
    fn entries(&self, row: &Row) -> Vec<(String, Vec<u8>)> {
        let id = row.id.to_string().into_bytes();
        let mut entries = vec![(key::row(row.id), key::write_row(row))];
        for column in self.table.columns.iter().filter(|column| column.indexed) {
            let value = row.values.get(&column.name);
            entries.push((key::index(column, value, row.id), Vec::new()));
        }
        entries.extend(self.claims(row).into_iter().map(|(key, _)| (key, id.clone())));
        entries
    }

    /// What no other row may have, with the column it is about.
    fn claims(&self, row: &Row) -> Vec<(String, String)> {
        let unique = |column: &&Column| column.unique;
        let claim = |column: &Column| {
            let value: &Value = row.values.get(&column.name)?;
            Some((key::unique(column, value), column.name.clone()))
        };
        let columns = self.table.columns.iter().filter(unique).filter_map(claim);
        let keyed = table::key_of(self.table, &row.values);
        columns.chain(keyed.map(|digest| (key::keyed(&digest), self.table.key.join(", ")))).collect()
    }

    async fn check_doubles(&self, row: &Row) -> Result<(), RowError> {
        let mut faults = RowFaults::default();
        for (key, column) in self.claims(row) {
            if let Some(other) = self.id_under(&key).await?.filter(|other| *other != row.id) {
                faults.0.extend(RowFaults::one(&column, format!("row {other} has the same value already")).0);
            }
        }
        if faults.0.is_empty() { Ok(()) } else { Err(faults.into()) }
    }

    async fn size_after(&self, before: Option<&Row>, row: Option<&Row>) -> Result<TableSize, RowError> {
        let bytes = |row: Option<&Row>| row.map_or(0, |row| bytes_of(&row.values));
        let size = self.size().await?;
        let after = TableSize {
            rows: (size.rows + u64::from(row.is_some())).saturating_sub(u64::from(before.is_some())),
            bytes: (size.bytes + bytes(row)).saturating_sub(bytes(before)),
        };
        if after.rows > size.rows && after.rows > self.most.rows {
            let detail = format!("the table has {} rows, and may have no more; delete some", size.rows);
            return Err(RowFaults::one("", detail).into());
        }
        if after.bytes > size.bytes && after.bytes > self.most.bytes {
            let most = self.most.bytes;
            let detail = format!("the table's rows have {} bytes of {most}; delete some", size.bytes);
            return Err(RowFaults::one("", detail).into());
        }
        Ok(after)
    }

    /// How much there is.
    pub(super) async fn size(&self) -> Result<TableSize, RowError> {
        let found = self.written.get(self.store, self.space, key::SIZE).await?;
        Ok(found.and_then(|bytes| key::read(&bytes)).unwrap_or_default())
    }

    pub(super) async fn row(&self, id: RowId) -> Result<Option<Row>, RowError> {
        let found = self.written.get(self.store, self.space, &key::row(id)).await?;
        Ok(found.and_then(|bytes| key::read_row(id, &bytes)))
    }

    async fn row_under(&self, key: &str) -> Result<Option<Row>, RowError> {
        match self.id_under(key).await? {
            Some(id) => self.row(id).await,
            None => Ok(None),
        }
    }

    async fn id_under(&self, key: &str) -> Result<Option<RowId>, RowError> {
        let found = self.written.get(self.store, self.space, key).await?;
        Ok(found.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse().ok()))
    }

    pub(super) fn write(&self, key: String, value: Option<Vec<u8>>) -> KvWrite {
        KvWrite { space: self.space.clone(), key, value }
    }
}

fn bytes_of(values: &Values) -> u64 {
    serde_json::to_vec(values).map_or(0, |text| text.len() as u64)
}
