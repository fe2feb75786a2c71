//! Whether what a mapping makes can be a row of a table, as far as that is known before an event comes.

use serde_json::Map;
use serde_json::Value;

use crate::domain::suggest::suggest;
use crate::domain::table::Column;
use crate::domain::table::ColumnType;
use crate::domain::table::Table;
use crate::rules::table::row::ColumnFault;
use crate::rules::table::value::convert;

/// What is wrong with a mapping's JSON as one that fills rows, by column: columns that it must fill and does not, that the
/// table does not have, or that get what they can never take. Nothing where only an event can say.
pub fn check_mapping(table: &Table, mapping: &str) -> Vec<ColumnFault> {
    let Ok(Value::Object(mapping)) = serde_json::from_str(mapping) else { return Vec::new() };
    let Some(output) = mapping.get("output").and_then(Value::as_object) else { return Vec::new() };
    let makes_fields = output.keys().all(|name| !name.starts_with('$'));
    // With `merge` the event's own fields stay.
    if !makes_fields || mapping.get("mode").is_some_and(|mode| mode != "replace") {
        return Vec::new();
    }
    let mut faults = missing(table, output);
    for (name, expression) in output {
        let fault = match table.column(name) {
            Some(column) => never_fits(column, expression),
            None => {
                let near = suggest(name, table.columns.iter().map(|column| column.name.as_str()));
                let near = near.map(|near| format!("; is `{near}` meant?")).unwrap_or_default();
                Some(format!("table `{}` has no column `{name}`{near}", table.name))
            }
        };
        faults.extend(fault.map(|detail| ColumnFault { column: name.clone(), detail }));
    }
    faults
}

fn missing(table: &Table, output: &Map<String, Value>) -> Vec<ColumnFault> {
    let needed = table.columns.iter().filter(|column| column.required && column.default.is_none());
    let left_out = needed.filter(|column| !output.contains_key(&column.name));
    let fault = |column: &Column| ColumnFault {
        column: column.name.clone(),
        detail: format!("column `{}` of table `{}` is required: map it", column.name, table.name),
    };
    left_out.map(fault).collect()
}

/// Why a column can never take what an expression makes.
fn never_fits(column: &Column, expression: &Value) -> Option<String> {
    match expression {
        Value::String(text) if text.starts_with(['$', '@']) => None,
        Value::Object(object) => match (object.get("$literal"), object.get("$as").and_then(Value::as_str)) {
            (Some(literal), _) => convert(column, literal.clone()).err(),
            (None, Some(cast)) => (!takes(column.kind, cast)).then(|| {
                format!("column `{}` is of the type {}, and takes no {cast}", column.name, column.kind.name())
            }),
            (None, None) => (column.kind != ColumnType::Json
                && object.keys().all(|name| !name.starts_with('$')))
            .then(|| {
                format!("column `{}` is of the type {}, and takes no object", column.name, column.kind.name())
            }),
        },
        literal => convert(column, literal.clone()).err(),
    }
}

/// Whether values of a cast's type can be of a column.
fn takes(kind: ColumnType, cast: &str) -> bool {
    match kind {
        ColumnType::Json => true,
        ColumnType::Text | ColumnType::Choice => !matches!(cast, "object" | "array"),
        ColumnType::Number | ColumnType::Integer => matches!(cast, "number" | "integer" | "string"),
        ColumnType::Boolean => matches!(cast, "boolean" | "string" | "number" | "integer"),
        ColumnType::Time => matches!(cast, "string" | "number" | "integer"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::id::TableId;
    use crate::domain::id::WorkspaceId;
    use crate::domain::time::Timestamp;

    fn check(mapping: Value, faulty: &[&str]) {
        let column = |name: &str, kind, required| Column {
            slot: 1,
            name: name.to_owned(),
            kind,
            choices: vec!["new".to_owned()],
            required,
            unique: false,
            default: None,
            indexed: true,
        };
        let table = Table {
            id: TableId::from_bits(1),
            workspace: WorkspaceId::from_bits(1),
            name: "leads".to_owned(),
            created_at: Timestamp::from_millis(0),
            protect: false,
            columns: vec![
                column("email", ColumnType::Text, true),
                column("score", ColumnType::Integer, false),
                column("stage", ColumnType::Choice, false),
                column("raw", ColumnType::Json, false),
            ],
            key: Vec::new(),
            event_prefix: "row".to_owned(),
            slots: 9,
        };
        let found = check_mapping(&table, &mapping.to_string());
        let columns: Vec<_> = found.iter().map(|fault| fault.column.as_str()).collect();
        assert_eq!(columns, faulty, "{mapping}: {found:?}");
    }

    #[test]
    fn what_can_never_be_a_row_is_found_before_an_event_comes() {
        let of = |output: Value| json!({"version": 1, "output": output});
        check(of(json!({"email": "$.mail", "score": "$.score"})), &[]);
        check(of(json!({"score": "$.score"})), &["email"]);
        check(of(json!({"email": "$.mail", "scoer": "$.score"})), &["scoer"]);
        check(
            of(json!({"email": "$.mail", "score": "many", "stage": {"$literal": "old"}})),
            &["score", "stage"],
        );
        check(of(json!({"email": "$.mail", "score": {"$path": "$.s", "$as": "boolean"}})), &["score"]);
        check(of(json!({"email": {"a": "$.mail"}, "raw": {"a": "$.mail"}})), &["email"]);
    }

    #[test]
    fn what_only_an_event_can_say_is_left_alone() {
        check(json!({"version": 1, "output": "$.row"}), &[]);
        check(json!({"version": 1, "output": {"$path": "$.row"}}), &[]);
        check(json!({"version": 1, "mode": "merge", "output": {"score": 1}}), &[]);
    }
}
