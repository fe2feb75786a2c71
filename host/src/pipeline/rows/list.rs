//! Pages of a table's rows: in the order in which they came or of an indexed column, those alone that a filter lets
//! pass. A page has an end in rows, in bytes, and in rows looked at: one that found too little goes on with its cursor.

use serde_json::Value;

use crate::domain::grant::KvRange;
use crate::domain::grant::KvSpace;
use crate::domain::id::RowId;
use crate::domain::table::Column;
use crate::domain::table::ROW_KEY;
use crate::domain::table::Row;
use crate::domain::table::Table;
use crate::pipeline::Pipeline;
use crate::pipeline::rows::key;
use crate::pipeline::rows::key::TableSize;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::EvalFault;
use crate::shape::Filter;
use crate::shape::Input;
use crate::store::Store as _;
use crate::store::StoreError;

/// Rows that are looked at for a page.
const LOOKED_AT_MAX: usize = 20_000;
/// Rows that are read at a time.
const CHUNK: usize = 500;
/// A page ends when it has so many bytes.
const PAGE_BYTES: usize = 4 << 20;
/// Nodes that a filter visits for a page: some hundred milliseconds.
const VISITS_MAX: u64 = 20_000_000;

/// What rows are sorted by.
#[derive(Clone, Debug, Default)]
pub enum RowOrder {
    /// When they came.
    #[default]
    Created,
    /// The values of a column, which has an index; those that are the same, when they came.
    Column(Column),
}

/// Which rows of a table, and in which order.
#[derive(Debug, Default)]
pub struct RowQuery {
    /// What they are sorted by.
    pub order: RowOrder,
    /// Whether the last one comes first.
    pub backward: bool,
    /// Only those that it lets pass; its paths begin at a row's values.
    pub filter: Option<Filter>,
    /// Only those with this value in a column that has an index; which rows that are is found without looking at others.
    pub same: Option<(Column, Value)>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows of the page.
    pub limit: usize,
}

/// A page of rows.
#[derive(Debug)]
pub struct RowPage {
    /// In their order.
    pub rows: Vec<Row>,
    /// Where it ended, if there may be more.
    pub next: Option<String>,
}

impl RowQuery {
    /// The keys that are looked at. A page goes on behind the key at which the one before ended.
    fn range(&self) -> KvRange {
        let mut range = match (&self.order, &self.same) {
            (RowOrder::Created, Some((column, value))) => key::same_value(column, value, self.backward),
            (RowOrder::Created, None) => key::rows(self.backward),
            (RowOrder::Column(column), _) => key::whole_index(column, self.backward),
        };
        let within = |after: &&String| (&range.from..&range.to).contains(after);
        if let Some(after) = self.after.as_ref().filter(within) {
            match self.backward {
                true => range.to.clone_from(after),
                false => range.from = key::behind(after),
            }
        }
        range
    }
}

impl Pipeline {
    /// A page of a table's rows, as they are on disk.
    pub async fn rows(&self, table: &Table, query: RowQuery) -> Result<RowPage, StoreError> {
        let space = table.space();
        let mut range = query.range();
        let mut page = RowPage { rows: Vec::new(), next: None };
        let (mut looked_at, mut bytes, mut budget) = (0, 0, Budget::new(VISITS_MAX, 0));
        loop {
            let found = self.store().kv_range(&space, range.clone(), CHUNK).await?;
            let is_end = found.len() < CHUNK;
            for (key, value) in found {
                if page.rows.len() == query.limit || bytes > PAGE_BYTES || looked_at == LOOKED_AT_MAX {
                    return Ok(page);
                }
                looked_at += 1;
                page.next = Some(key.clone());
                match range.backward {
                    true => range.to.clone_from(&key),
                    false => range.from = key::behind(&key),
                }
                match self.passing(&space, &query, &key, value, &mut budget).await? {
                    Passing::Row(row, length) => {
                        bytes += length;
                        page.rows.push(row);
                    }
                    Passing::No => {}
                    Passing::TooMuchWork => return Ok(page),
                }
            }
            if is_end {
                page.next = None;
                return Ok(page);
            }
        }
    }

    /// The row that a key is about, if it is wanted.
    async fn passing(
        &self,
        space: &KvSpace,
        query: &RowQuery,
        key: &str,
        value: Vec<u8>,
        budget: &mut Budget,
    ) -> Result<Passing, StoreError> {
        let Some(id) = key::row_of(key) else { return Ok(Passing::No) };
        let is_index = !key.starts_with(ROW_KEY);
        // An entry of an index may be of a row that is changed just now.
        let bytes = if is_index { self.store().kv_get(space, &key::row(id)).await? } else { Some(value) };
        let Some(bytes) = bytes else { return Ok(Passing::No) };
        if let (Some(filter), Some((_, values))) = (&query.filter, key::row_parts(&bytes)) {
            match passes(filter, values, budget) {
                Ok(true) => {}
                Ok(false) => return Ok(Passing::No),
                Err(_) => return Ok(Passing::TooMuchWork),
            }
        }
        Ok(key::read_row(id, &bytes).map_or(Passing::No, |row| Passing::Row(row, bytes.len())))
    }

    /// One row, as it is on disk.
    pub async fn row(&self, table: &Table, id: RowId) -> Result<Option<Row>, StoreError> {
        let space = table.space();
        let found = self.store().kv_get(&space, &key::row(id)).await?;
        Ok(found.and_then(|bytes| key::read_row(id, &bytes)))
    }

    /// How much a table has.
    pub async fn table_size(&self, table: &Table) -> Result<TableSize, StoreError> {
        let space = table.space();
        let found = self.store().kv_get(&space, key::SIZE).await?;
        Ok(found.and_then(|bytes| key::read(&bytes)).unwrap_or_default())
    }
}

/// Whether a row is wanted.
enum Passing {
    /// It is; with its length.
    Row(Row, usize),
    /// It is not.
    No,
    /// Nobody can say without more work than a page may be.
    TooMuchWork,
}

fn passes(filter: &Filter, values: &[u8], budget: &mut Budget) -> Result<bool, EvalFault> {
    let Ok(document) = Document::parse(values) else { return Ok(false) };
    filter.test(&Input::of(&document), budget).map(|decision| decision.pass)
}
