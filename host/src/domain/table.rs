//! Tables that hookmill keeps: what their rows look like. Not here: whether a value is one of a column
//! (`rules::table`), how rows lie in the store (`pipeline::rows`).

use serde::{Deserialize, Serialize};
use serde_json::Map;
use serde_json::Value;

use crate::domain::grant::KvSpace;
use crate::domain::id::RowId;
use crate::domain::id::SourceId;
use crate::domain::id::TableId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// Columns of a table.
pub const COLUMNS_MAX: usize = 100;
/// Bytes of a row's values as JSON.
pub const ROW_BYTES_MAX: usize = 64 << 10;
/// In front of a table's name where a connection names what it takes events from: its changes.
pub const CHANGES: &str = "table:";

/// Columns, and how rows are told apart. Its rows are no configuration and lie elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its id.
    pub id: TableId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Unique in its workspace.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is refused to delete it.
    #[serde(default)]
    pub protect: bool,
    /// In the order in which they are shown.
    pub columns: Vec<Column>,
    /// Names of the columns that tell rows apart: a row that comes with the same values changes the one that is there.
    /// Empty: each one that comes is new.
    pub key: Vec<String>,
    /// What the types of its events begin with, such as `row` in `row.created`.
    pub event_prefix: String,
    /// Slots of columns that it has and had.
    pub slots: u16,
}

/// In front of the key under which a row lies in its table's space.
pub const ROW_KEY: &str = "r";

impl Table {
    /// What its changes come from, for connections and events. It has the bits of the table's own id, so either says the
    /// other.
    pub fn changes(&self) -> SourceId {
        SourceId::from_bits(self.id.bits())
    }

    /// Where its rows lie, among the values that plugins keep: no plugin's name has a slash.
    pub fn space(&self) -> KvSpace {
        space(self.workspace, self.id)
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Where the ids of tables lie whose rows have to go, with the tables themselves.
pub fn gone_space(workspace: WorkspaceId) -> KvSpace {
    KvSpace { workspace, plugin: "/tables-gone".into() }
}

/// Where the rows of a table lie, also of one that is gone.
pub fn space(workspace: WorkspaceId, table: TableId) -> KvSpace {
    KvSpace { workspace, plugin: format!("/table/{table}").into() }
}

/// One of a table's columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Tells it from all others the table has and had; names of entries in the store have it.
    pub slot: u16,
    /// Unique in its table.
    pub name: String,
    /// What its values are.
    pub kind: ColumnType,
    /// Of a choice: what may be chosen.
    pub choices: Vec<String>,
    /// Whether every row has a value.
    pub required: bool,
    /// Whether no two rows have the same value.
    pub unique: bool,
    /// The value of a row that comes without one.
    pub default: Option<Value>,
    /// Whether rows can be sorted by it without reading all of them.
    pub indexed: bool,
}

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text.
    Text,
    /// A number of double precision.
    Number,
    /// A whole number of 64 bits.
    Integer,
    /// True or false.
    Boolean,
    /// An instant, kept as RFC 3339 in UTC.
    Time,
    /// Any JSON.
    Json,
    /// One of a few texts.
    Choice,
}

impl ColumnType {
    /// The names in the API, in the order of the types.
    pub const NAMES: [&'static str; 7] = ["text", "number", "integer", "boolean", "time", "json", "choice"];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Values by the names of columns, in their order. A column without a value is not there.
pub type Values = Map<String, Value>;

/// A row as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its id, which says when it was made.
    pub id: RowId,
    /// See [`Values`].
    pub values: Values,
    /// When it became what it is.
    pub updated_at: Timestamp,
}

impl Row {
    /// When it was made.
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.id.unix_millis())
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowChange {
    /// It is new.
    Created,
    /// It has other values.
    Updated,
    /// It is gone.
    Deleted,
    /// It was so before.
    Unchanged,
}

impl RowChange {
    /// The names in the API, in the order of the changes; the last part of an event's type.
    pub const NAMES: [&'static str; 4] = ["created", "updated", "deleted", "unchanged"];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}
