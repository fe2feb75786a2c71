//! Rows as they are given and shown, and what is wrong with them.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;

use crate::control::FieldFault;
use crate::domain::id::RowId;
use crate::domain::table::Row;
use crate::domain::table::RowChange;
use crate::domain::time::Timestamp;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::request::not_found;
use crate::http::request::pointer_to;
use crate::pipeline::rows::RowError;
use crate::rules::table::ColumnFault;
use crate::rules::table::RowFaults;
use crate::store::StoreError;

/// Rows of one request that are told as refused.
const REFUSED_MAX: usize = 100;

/// The values of a row, or of several with `rows` and nothing else.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsBody {
    /// Values by the names of columns.
    #[schema(value_type = Option<Object>, nullable = false)]
    pub(super) values: Option<Map<String, Value>>,
    /// Several rows instead, each an object with the names of columns. Each is taken or refused for itself.
    #[schema(value_type = Option<Vec<Object>>, nullable = false, min_items = 1, max_items = 1000)]
    pub(super) rows: Option<Vec<Option<Map<String, Value>>>>,
}

/// What changes of a row.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowBody {
    /// Values by the names of columns; null takes one away.
    #[schema(required = true, value_type = Option<Object>, nullable = false)]
    pub(super) values: Option<Map<String, Value>>,
}

/// A row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowView {
    /// Its id.
    pub id: RowId,
    /// Values by the names of columns, in their order. A column without a value is not there.
    #[schema(value_type = Object)]
    pub values: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it became what it is.
    pub updated_at: Timestamp,
    /// What became of it; there only where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub change: Option<RowChange>,
}

/// A row that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedRowView {
    /// Which of those given, from 0.
    pub row: usize,
    /// Why, by column.
    pub errors: Vec<RowFaultView>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowFaultView {
    /// The column; empty where it is about all of them.
    pub column: String,
    /// What, what was seen, and what is expected.
    pub detail: String,
}

/// What became of several rows.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct RowsWrittenView {
    /// How many are new.
    pub created: usize,
    /// How many have other values.
    pub updated: usize,
    /// How many were so before.
    pub unchanged: usize,
    /// How many were not taken.
    pub refused: usize,
    /// The first of them, and why.
    pub refusals: Vec<RefusedRowView>,
}

impl RowsWrittenView {
    /// One more.
    pub(super) fn count(&mut self, change: RowChange) {
        match change {
            RowChange::Created => self.created += 1,
            RowChange::Updated => self.updated += 1,
            RowChange::Unchanged | RowChange::Deleted => self.unchanged += 1,
        }
    }

    /// Those of a part, whose rows have these places in the whole.
    pub(super) fn add(&mut self, part: Self, places: &[usize]) {
        self.created += part.created;
        self.updated += part.updated;
        self.unchanged += part.unchanged;
        self.refused += part.refused;
        let room = REFUSED_MAX.saturating_sub(self.refusals.len());
        let placed = |refusal: RefusedRowView| {
            let row = places.get(refusal.row).copied().unwrap_or(refusal.row);
            RefusedRowView { row, ..refusal }
        };
        self.refusals.extend(part.refusals.into_iter().take(room).map(placed));
    }

    /// One more that was not taken.
    pub(super) fn refuse(&mut self, row: usize, faults: &RowFaults) {
        self.refused += 1;
        if self.refusals.len() < REFUSED_MAX {
            let show = |fault: &ColumnFault| RowFaultView {
                column: fault.column.clone(),
                detail: fault.detail.clone(),
            };
            self.refusals.push(RefusedRowView { row, errors: faults.0.iter().map(show).collect() });
        }
    }
}

/// A row as it is shown; with what became of it, if it was written.
pub(super) fn show(row: Row, change: Option<RowChange>) -> RowView {
    let created_at = row.created_at();
    RowView { id: row.id, values: row.values, created_at, updated_at: row.updated_at, change }
}

/// Why a row was not written.
pub(super) fn problem(error: RowError) -> Problem {
    match error {
        RowError::Refused(faults) => Problem::invalid(Kind::InvalidRow, placed(&faults)),
        RowError::NotFound(id) => not_found("row", &id.to_string()),
        RowError::Store(error) => error.into(),
    }
}

fn placed(faults: &RowFaults) -> Vec<FieldFault> {
    let place =
        |column: &str| if column.is_empty() { "/values".to_owned() } else { pointer_to("/values", column) };
    let show =
        |fault: &ColumnFault| FieldFault { pointer: place(&fault.column), detail: fault.detail.clone() };
    faults.0.iter().map(show).collect()
}

/// The store's trouble is nobody's fault.
pub(super) fn refused(error: RowError) -> Result<RowFaults, StoreError> {
    match error {
        RowError::Refused(faults) => Ok(faults),
        RowError::NotFound(id) => Ok(RowFaults::one("", format!("there is no row `{id}`"))),
        RowError::Store(error) => Err(error),
    }
}
