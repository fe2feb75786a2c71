//! Values that came as a row of a table: every fault at once.

use serde_json::Map;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use crate::domain::suggest::suggest;
use crate::domain::table::ROW_BYTES_MAX;
use crate::domain::table::Table;
use crate::domain::table::Values;
use crate::domain::visible::visible;
use crate::rules::table::value::convert;

/// Faults of a row that are told.
const FAULTS_MAX: usize = 20;

/// What is wrong with a row, by column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFault {
    /// The column; empty where it is about all of them.
    pub column: String,
    /// What, what was seen, and what is expected.
    pub detail: String,
}

/// Why something is no row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.in_words())]
pub struct RowFaults(pub Vec<ColumnFault>);

impl RowFaults {
    /// One alone.
    pub fn one(column: &str, detail: impl Into<String>) -> Self {
        Self(vec![ColumnFault { column: column.to_owned(), detail: detail.into() }])
    }

    fn add(&mut self, column: &str, detail: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.extend(Self::one(column, detail).0);
        }
    }

    fn in_words(&self) -> String {
        let word = |fault: &ColumnFault| match fault.column.as_str() {
            "" => fault.detail.clone(),
            column => format!("column `{}`: {}", visible(column), fault.detail),
        };
        self.0.iter().map(word).collect::<Vec<_>>().join("; ")
    }

    fn done<T>(self, made: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(made) } else { Err(self) }
    }
}

/// An object's members, from the text of a payload.
pub fn read(payload: &[u8]) -> Result<Map<String, Value>, RowFaults> {
    if payload.len() > 2 * ROW_BYTES_MAX {
        return Err(too_long(payload.len()));
    }
    match serde_json::from_slice(payload) {
        Ok(Value::Object(given)) => Ok(given),
        Ok(_) => Err(RowFaults::one("", "a row is an object with the names of columns")),
        Err(error) => Err(RowFaults::one("", format!("a row is a JSON object: {error}"))),
    }
}

/// A row that comes: values converted, defaults filled in, in the order of the columns.
pub fn whole(table: &Table, given: Map<String, Value>) -> Result<Values, RowFaults> {
    made(table, Values::new(), given, true)
}

/// A row that is there with some of its values changed; null takes one away.
pub fn changed(table: &Table, old: &Values, given: Map<String, Value>) -> Result<Values, RowFaults> {
    made(table, old.clone(), given, false)
}

fn made(
    table: &Table,
    mut values: Values,
    mut given: Map<String, Value>,
    is_new: bool,
) -> Result<Values, RowFaults> {
    let mut faults = RowFaults::default();
    let mut row = Values::new();
    for column in &table.columns {
        let name = column.name.as_str();
        let value = match given.shift_remove(name) {
            None => values.shift_remove(name).or_else(|| column.default.clone().filter(|_| is_new)),
            Some(Value::Null) if is_new => column.default.clone(),
            Some(value) => match convert(column, value) {
                Ok(value) => value,
                Err(detail) => {
                    faults.add(name, detail);
                    continue;
                }
            },
        };
        match value {
            Some(value) => drop(row.insert(name.to_owned(), value)),
            None if column.required => faults.add(name, "a value is required, and there is none"),
            None => {}
        }
    }
    for name in given.keys() {
        let near = suggest(name, table.columns.iter().map(|column| column.name.as_str()));
        let near = near.map(|near| format!("; is `{near}` meant?")).unwrap_or_default();
        faults.add(name, format!("table `{}` has no such column{near}", table.name));
    }
    let bytes = serde_json::to_vec(&row).map_or(0, |text| text.len());
    if bytes > ROW_BYTES_MAX {
        return Err(too_long(bytes));
    }
    faults.done(row)
}

fn too_long(bytes: usize) -> RowFaults {
    RowFaults::one("", format!("the row has {bytes} bytes as JSON; at most {ROW_BYTES_MAX}"))
}

/// What tells a row from others by its table's key; `None` where the table has none. Values of different types are never
/// the same, and those of several columns cannot run into each other.
pub fn key_of(table: &Table, values: &Values) -> Option<String> {
    if table.key.is_empty() {
        return None;
    }
    let parts: Vec<&Value> = table.key.iter().map(|name| values.get(name).unwrap_or(&Value::Null)).collect();
    let text = serde_json::to_vec(&parts).unwrap_or_default();
    Some(hex::encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::id::TableId;
    use crate::domain::id::WorkspaceId;
    use crate::domain::table::Column;
    use crate::domain::table::ColumnType;
    use crate::domain::time::Timestamp;

    fn table() -> Table {
        let column = |slot, name: &str, kind, required, default| Column {
            slot,
            name: name.to_owned(),
            kind,
            choices: Vec::new(),
            required,
            unique: false,
            default,
            indexed: true,
        };
        Table {
            id: TableId::from_bits(1),
            workspace: WorkspaceId::from_bits(1),
            name: "leads".to_owned(),
            created_at: Timestamp::from_millis(0),
            protect: false,
            columns: vec![
                column(1, "email", ColumnType::Text, true, None),
                column(2, "score", ColumnType::Integer, false, Some(json!(1))),
                column(3, "note", ColumnType::Text, false, None),
            ],
            key: vec!["email".to_owned()],
            event_prefix: "row".to_owned(),
            slots: 9,
        }
    }

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("an object") };
        map
    }

    #[test]
    fn a_row_has_the_order_of_columns_and_defaults() {
        let row = whole(&table(), map(json!({"note": null, "score": "7", "email": "a@x"}))).unwrap();
        assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"email":"a@x","score":7}"#);
        let row = whole(&table(), map(json!({"email": "a@x"}))).unwrap();
        assert_eq!(Value::from(row), json!({"email": "a@x", "score": 1}));
    }

    #[test]
    fn a_change_keeps_what_it_does_not_mention() {
        let old = map(json!({"email": "a@x", "score": 7, "note": "n"}));
        let row = changed(&table(), &old, map(json!({"note": null, "score": 8}))).unwrap();
        assert_eq!(Value::from(row), json!({"email": "a@x", "score": 8}));
        let refused = changed(&table(), &old, map(json!({"email": null}))).unwrap_err();
        assert_eq!(refused.0[0].column, "email");
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let refused = whole(&table(), map(json!({"score": "many", "emial": "a@x"}))).unwrap_err();
        let columns: Vec<_> = refused.0.iter().map(|fault| fault.column.as_str()).collect();
        assert_eq!(columns, ["email", "score", "emial"]);
        assert!(refused.to_string().contains("is `email` meant?"), "{refused}");
        assert!(read(b"[1]").is_err() && read(b"{").is_err());
        let long = whole(&table(), map(json!({"email": "a", "note": "x".repeat(70_000)}))).unwrap_err();
        assert!(long.to_string().contains("65536"), "{long}");
    }

    #[test]
    fn keys_do_not_run_into_each_other() {
        let mut table = table();
        table.key = vec!["email".to_owned(), "note".to_owned()];
        let key = |email: &str, note: &str| key_of(&table, &map(json!({"email": email, "note": note})));
        assert_ne!(key("a", "bc"), key("ab", "c"));
        assert_ne!(key("a", "null"), key_of(&table, &map(json!({"email": "a"}))));
        assert_eq!(key("a", "b"), key("a", "b"));
        table.key.clear();
        assert_eq!(key_of(&table, &Values::new()), None);
    }
}
