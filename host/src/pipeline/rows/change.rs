//! What may be asked of rows, and what came of it. Not here: how it is done (`write`).

use serde_json::Map;
use serde_json::Value;

use crate::domain::id::DeliveryId;
use crate::domain::id::RowId;
use crate::domain::table::Row;
use crate::domain::table::RowChange;
use crate::rules::table::RowFaults;
use crate::store::StoreError;

/// What is to become of a row.
#[derive(Clone, Debug)]
pub enum RowWrite {
    /// It is there: the one with the same key is changed, or it is new.
    Put(Map<String, Value>),
    /// Some of its values are these; null takes one away.
    Change(RowId, Map<String, Value>),
    /// It is gone.
    Delete(RowId),
}

/// What asks for a change.
#[derive(Clone, Copy, Debug)]
pub enum Cause {
    /// A request to the API.
    Request,
    /// A delivery to the table. It may come again; what it did is not done again.
    Delivery(DeliveryId),
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowWritten {
    /// What.
    pub change: RowChange,
    /// The row as it is now, or as it was last.
    pub row: Row,
}

/// Why a row did not change.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// It may not be so.
    #[error(transparent)]
    Refused(#[from] RowFaults),
    /// There is none of that id.
    #[error("there is no row `{0}` in this table")]
    NotFound(RowId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
