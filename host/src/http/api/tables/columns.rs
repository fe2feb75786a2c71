//! Columns as they are given and shown. What a document of a table says is what is shown of it, without what is as by
//! default.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::control::resources::ColumnDraft;
use crate::domain::table::Column;
use crate::domain::table::ColumnType;
use crate::domain::table::Table;
use crate::http::request::Name;

/// A column of a table.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnBody {
    /// Unique in the table, and without `$` at its begin.
    #[schema(required = true, nullable = false)]
    name: Option<Name>,
    /// What its values are.
    #[schema(required = true, nullable = false)]
    r#type: Option<ColumnType>,
    /// Whether every row has a value.
    #[schema(nullable = false)]
    required: Option<bool>,
    /// Whether no two rows have the same value.
    #[schema(nullable = false)]
    unique: Option<bool>,
    /// The value of a row that comes without one.
    #[schema(value_type = Option<serde_json::Value>)]
    default: Option<Value>,
    /// Of the type `choice`: what may be chosen.
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1, max_items = 100)]
    choices: Option<Vec<Option<String>>>,
    /// Whether rows can be sorted by it, and found by its value without looking at others. Every row costs a little more
    /// for each. The first 16 columns that are no JSON, if not given.
    #[schema(nullable = false)]
    indexed: Option<bool>,
}

impl ColumnBody {
    /// As the domain takes it.
    pub(super) fn draft(self) -> ColumnDraft {
        ColumnDraft {
            name: self.name.map(|name| name.0),
            kind: self.r#type,
            choices: self.choices.map(|choices| choices.into_iter().flatten().collect()),
            required: self.required,
            unique: self.unique,
            default: self.default,
            indexed: self.indexed,
        }
    }
}

/// A column of a table.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ColumnView {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub r#type: ColumnType,
    /// Whether every row has a value.
    pub required: bool,
    /// Whether no two rows have the same value.
    pub unique: bool,
    /// The value of a row that comes without one; not there if it then has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub default: Option<Value>,
    /// What may be chosen; there only for the type `choice`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub choices: Vec<String>,
    /// Whether rows can be sorted by it.
    pub indexed: bool,
}

/// What people said of a table.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TableForm {
    /// Its name.
    pub name: String,
    /// Its columns, in the order in which they are shown.
    pub columns: Vec<ColumnView>,
    /// The columns that tell rows apart; empty: each row that comes is new.
    pub key: Vec<String>,
    /// What the types of its events begin with, such as `row` in `row.created`.
    pub event_prefix: String,
    /// Whether it is refused to delete it.
    pub protect: bool,
}

/// As it is shown, and as a document says it.
pub(in crate::http::api) fn show_table(table: &Table) -> TableForm {
    TableForm {
        name: table.name.clone(),
        columns: table.columns.iter().map(show).collect(),
        key: table.key.clone(),
        event_prefix: table.event_prefix.clone(),
        protect: table.protect,
    }
}

fn show(column: &Column) -> ColumnView {
    ColumnView {
        name: column.name.clone(),
        r#type: column.kind,
        required: column.required,
        unique: column.unique,
        default: column.default.clone(),
        choices: column.choices.clone(),
        indexed: column.indexed,
    }
}
