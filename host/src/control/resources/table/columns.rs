//! The columns of a table: what each may be, and what of them may change while there are rows.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::control::resources::check::Faults;
use crate::control::resources::check::fields;
use crate::domain::table::COLUMNS_MAX;
use crate::domain::table::Column;
use crate::domain::table::ColumnType;
use crate::domain::table::Table;
use crate::rules::table::convert;

/// Columns that get an index where nobody says whether they have one.
const INDEXED: usize = 16;
const CHOICES_MAX: usize = 100;
const CHOICE_CHARS_MAX: usize = 100;
/// Why something of a column stays what it is, and what can be done.
const ROWS: &str = "the table has rows; delete them first, or make another table";

/// What a request says about a column; `None`: not mentioned.
#[derive(Clone, Debug, Default)]
pub struct ColumnDraft {
    /// Unique in its table.
    pub name: Option<String>,
    /// What its values are.
    pub kind: Option<ColumnType>,
    /// Of a choice.
    pub choices: Option<Vec<String>>,
    /// Whether every row has a value.
    pub required: Option<bool>,
    /// Whether no two rows have the same value.
    pub unique: Option<bool>,
    /// The value of a row that comes without one.
    pub default: Option<Value>,
    /// Whether it has an index; the first ones do, if nobody says.
    pub indexed: Option<bool>,
}

/// Gives a table these columns and no others. `with_rows` is what it was, if it has rows.
pub(super) fn apply(
    table: &mut Table,
    drafts: Vec<ColumnDraft>,
    with_rows: Option<&Table>,
    faults: &mut Faults,
) {
    if drafts.is_empty() || drafts.len() > COLUMNS_MAX {
        faults.add("/columns", format!("give 1 to {COLUMNS_MAX} columns"));
        return;
    }
    let old = std::mem::take(&mut table.columns);
    let mut names = BTreeSet::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        let place = format!("/columns/{at}");
        let Some(name) = draft.name.clone() else {
            faults.missing(&format!("{place}/name"), "a column needs a name");
            continue;
        };
        if let Err(detail) = name_form(&name) {
            faults.add(format!("{place}/name"), detail);
        }
        if !names.insert(name.clone()) {
            faults.add(format!("{place}/name"), format!("another column is called `{name}`"));
        }
        let before = old.iter().find(|column| column.name == name);
        let slot = before.map_or(table.slots, |column| column.slot);
        if before.is_none() {
            table.slots = table.slots.saturating_add(1);
        }
        let indexed = table.columns.iter().filter(|column| column.indexed).count();
        let may_index =
            indexed < INDEXED && (with_rows.is_none() || before.is_some_and(|column| column.indexed));
        let column = made(slot, name, draft, may_index, &place, faults);
        if let Some(with_rows) = with_rows {
            check_change(with_rows.column(&column.name), &column, &place, faults);
        }
        table.columns.push(column);
    }
    if let Some(with_rows) = with_rows {
        check_kept(with_rows, table, faults);
    }
}

fn name_form(name: &str) -> Result<(), String> {
    if name.starts_with('$') {
        return Err("the name of a column does not begin with `$`, which mappings have for paths".to_owned());
    }
    fields::name_form(name)
}

fn made(
    slot: u16,
    name: String,
    draft: ColumnDraft,
    may_index: bool,
    place: &str,
    faults: &mut Faults,
) -> Column {
    if draft.kind.is_none() {
        faults.missing(&format!("{place}/type"), format!("expected one of {}", ColumnType::NAMES.join(", ")));
    }
    let kind = draft.kind.unwrap_or(ColumnType::Text);
    let is_json = kind == ColumnType::Json;
    for (name, wanted) in [("unique", draft.unique), ("indexed", draft.indexed)] {
        if is_json && wanted == Some(true) {
            faults.add(format!("{place}/{name}"), "values of the type json are neither compared nor sorted");
        }
    }
    let choices = checked_choices(kind, draft.choices, place, faults);
    let mut column = Column {
        slot,
        name,
        kind,
        choices,
        required: draft.required.unwrap_or(false),
        unique: draft.unique.unwrap_or(false) && !is_json,
        default: None,
        indexed: draft.indexed.unwrap_or(may_index) && !is_json,
    };
    // Of nothing to choose from nothing can be the default, which is told already.
    let has_values = kind != ColumnType::Choice || !column.choices.is_empty();
    if let Some(default) = draft.default.filter(|_| has_values) {
        match convert(&column, default) {
            Ok(value) => column.default = value,
            Err(detail) => faults.add(format!("{place}/default"), detail),
        }
    }
    if column.unique && column.default.is_some() {
        faults.add(
            format!("{place}/default"),
            "two rows cannot both have the default of a column without doubles",
        );
    }
    column
}

fn checked_choices(
    kind: ColumnType,
    given: Option<Vec<String>>,
    place: &str,
    faults: &mut Faults,
) -> Vec<String> {
    let place = format!("{place}/choices");
    let choices = given.unwrap_or_default();
    match kind {
        ColumnType::Choice if choices.is_empty() || choices.len() > CHOICES_MAX => {
            faults.missing(&place, format!("give 1 to {CHOICES_MAX} texts to choose from"));
        }
        ColumnType::Choice => {
            let is_text = |choice: &String| (1..=CHOICE_CHARS_MAX).contains(&choice.chars().count());
            if let Some(at) = choices.iter().position(|choice| !is_text(choice)) {
                faults
                    .add(format!("{place}/{at}"), format!("a choice has 1 to {CHOICE_CHARS_MAX} characters"));
            }
        }
        _ if !choices.is_empty() => faults.add(place, "only a column of the type choice has choices"),
        _ => {}
    }
    choices
}

/// What rows that are there have, they keep.
fn check_kept(before: &Table, after: &Table, faults: &mut Faults) {
    for gone in before.columns.iter().filter(|column| after.column(&column.name).is_none()) {
        faults.add("/columns", format!("the column `{}` is not among them; {ROWS}", gone.name));
    }
}

/// Rows that are there must be rows afterwards, and the entries of their indexes must be what is looked for.
fn check_change(before: Option<&Column>, after: &Column, place: &str, faults: &mut Faults) {
    let Some(before) = before else {
        if after.required {
            faults.add(format!("{place}/required"), format!("the rows that are there have no value; {ROWS}"));
        }
        if after.indexed {
            faults.add(format!("{place}/indexed"), format!("an index is made with the first row; {ROWS}"));
        }
        return;
    };
    if before.kind != after.kind {
        let detail = format!("the column is of the type {}; {ROWS}", before.kind.name());
        faults.add(format!("{place}/type"), detail);
    }
    if let Some(gone) = before.choices.iter().find(|choice| !after.choices.contains(choice)) {
        faults.add(format!("{place}/choices"), format!("`{gone}` is not among them; {ROWS}"));
    }
    if before.indexed != after.indexed {
        faults.add(format!("{place}/indexed"), format!("an index is made with the first row; {ROWS}"));
    }
    if after.unique && !before.unique {
        faults.add(format!("{place}/unique"), format!("the rows that are there may have doubles; {ROWS}"));
    }
    if after.required && !before.required {
        faults.add(format!("{place}/required"), format!("rows that are there may have no value; {ROWS}"));
    }
}

/// Which columns tell rows apart; they are required.
pub(super) fn apply_key(table: &mut Table, key: Vec<String>, with_rows: Option<&Table>, faults: &mut Faults) {
    if with_rows.is_some_and(|before| before.key != key) {
        faults.add(
            "/key",
            "the table has rows, which the key tells apart; delete them first, or make another table",
        );
    }
    for (at, name) in key.iter().enumerate() {
        let place = format!("/key/{at}");
        match table.columns.iter_mut().find(|column| column.name == *name) {
            None => faults.add(place, format!("there is no column `{name}`")),
            Some(column) if column.kind == ColumnType::Json => {
                faults.add(place, "values of the type json tell no rows apart");
            }
            Some(column) => column.required = true,
        }
        if key[..at].contains(name) {
            faults.add(format!("/key/{at}"), format!("`{name}` is there twice"));
        }
    }
    table.key = key;
}
