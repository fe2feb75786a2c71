//! Under which keys a table's rows lie, and the forms of what lies there:
//!
//! ```text
//! r{row id}                               the row
//! i{slot}{its value, sortable}\1{row id}  an entry of an index; nothing in it
//! u{slot}{digest of its value}            of a column without doubles: which row has the value
//! k{digest of its key}                    which row has the key
//! m                                       how much there is
//! o{cause}                                a change that was made and is not announced yet
//! ```
//!
//! A slot is four hexadecimal digits. Values are a version and postcard, rows a version, the time and JSON.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use crate::domain::grant::KvRange;
use crate::domain::id::RowId;
use crate::domain::table::Column;
use crate::domain::table::ROW_KEY;
use crate::domain::table::Row;
use crate::domain::time::Timestamp;
use crate::rules::table::sortable;

/// Of values. A newer form has another one.
const VERSION: u8 = 1;
/// Between a value and a row's id; less than whatever a value has.
const END: char = '\u{1}';
/// How much there is.
pub(super) const SIZE: &str = "m";

/// How much a table has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSize {
    /// Rows.
    pub rows: u64,
    /// Bytes of their values as JSON.
    pub bytes: u64,
}

pub(super) fn row(id: RowId) -> String {
    format!("{ROW_KEY}{id}")
}

/// All rows.
pub(super) fn rows(backward: bool) -> KvRange {
    KvRange { from: ROW_KEY.to_owned(), to: "s".to_owned(), backward }
}

/// An entry of a column's index.
pub(super) fn index(column: &Column, value: Option<&Value>, id: RowId) -> String {
    format!("{}{END}{id}", index_value(column, value))
}

/// How the entries of a value begin.
pub(super) fn index_value(column: &Column, value: Option<&Value>) -> String {
    format!("i{:04x}{}", column.slot, sortable(column.kind, value))
}

/// A column's whole index.
pub(super) fn whole_index(column: &Column, backward: bool) -> KvRange {
    let slot = u32::from(column.slot);
    KvRange { from: format!("i{slot:04x}"), to: format!("i{:04x}", slot + 1), backward }
}

/// The entries of one value.
pub(super) fn same_value(column: &Column, value: &Value, backward: bool) -> KvRange {
    let from = format!("{}{END}", index_value(column, Some(value)));
    let to = format!("{}{}", index_value(column, Some(value)), '\u{2}');
    KvRange { from, to, backward }
}

/// The first key that may come after another one. None has a zero byte, and none goes on behind a row's id.
pub(super) fn behind(key: &str) -> String {
    format!("{key}{END}")
}

/// The row that a key of an index or of a row itself is about.
pub(super) fn row_of(key: &str) -> Option<RowId> {
    let id = key.rsplit(END).next().unwrap_or(key);
    id.strip_prefix(ROW_KEY).filter(|rest| rest.starts_with(RowId::PREFIX)).unwrap_or(id).parse().ok()
}

/// Which row has a value, in a column without doubles.
pub(super) fn unique(column: &Column, value: &Value) -> String {
    format!("u{:04x}{}", column.slot, hex::encode(Sha256::digest(value.to_string())))
}

/// Which row has a key, by its digest.
pub(super) fn keyed(digest: &str) -> String {
    format!("k{digest}")
}

/// A change that is not announced yet.
pub(super) fn outgoing(cause: &str) -> String {
    format!("o{cause}")
}

/// All changes that are not announced yet.
pub(super) fn all_outgoing() -> KvRange {
    KvRange { from: "o".to_owned(), to: "p".to_owned(), backward: false }
}

/// Everything there is.
pub(super) fn everything() -> KvRange {
    KvRange { from: String::new(), to: "z".to_owned(), backward: false }
}

/// A value's bytes.
pub(super) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(postcard::to_stdvec(value).unwrap_or_default());
    bytes
}

/// A value from its bytes.
pub(super) fn read<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<T> {
    let (version, rest) = bytes.split_first()?;
    (*version == VERSION).then(|| postcard::from_bytes(rest).ok()).flatten()
}

/// The bytes of a row.
pub(super) fn write_row(row: &Row) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(row.updated_at.as_millis().to_be_bytes());
    bytes.extend(serde_json::to_vec(&row.values).unwrap_or_default());
    bytes
}

/// When a row became what it is, and its values as JSON.
pub(super) fn row_parts(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (version, rest) = bytes.split_first().filter(|(version, _)| **version == VERSION)?;
    let _: u8 = *version;
    let (millis, values) = rest.split_first_chunk()?;
    Some((Timestamp::from_millis(u64::from_be_bytes(*millis)), values))
}

/// A row from its bytes.
pub(super) fn read_row(id: RowId, bytes: &[u8]) -> Option<Row> {
    let (updated_at, values) = row_parts(bytes)?;
    Some(Row { id, values: serde_json::from_slice(values).ok()?, updated_at })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::table::ColumnType;

    #[test]
    fn entries_of_a_value_lie_together_and_say_whose_they_are() {
        let column = Column {
            slot: 2,
            name: "name".to_owned(),
            kind: ColumnType::Text,
            choices: Vec::new(),
            required: false,
            unique: false,
            default: None,
            indexed: true,
        };
        let id = RowId::from_bits(7);
        let (ann, anna) = (json!("Ann"), json!("Anna"));
        let mut keys =
            [index(&column, Some(&anna), id), index(&column, None, id), index(&column, Some(&ann), id)];
        keys.sort();
        assert_eq!(keys.each_ref().map(|key| row_of(key)), [Some(id); 3]);
        let within =
            |range: KvRange| keys.iter().filter(|key| **key >= range.from && **key < range.to).count();
        assert_eq!((within(same_value(&column, &ann, false)), within(whole_index(&column, true))), (1, 3));
        assert_eq!(row_of(&row(id)), Some(id));
    }

    #[test]
    fn rows_come_back() {
        let values = json!({"b": 1, "a": [null]}).as_object().cloned().unwrap();
        let row = Row { id: RowId::from_bits(7), values, updated_at: Timestamp::from_millis(5) };
        assert_eq!(read_row(row.id, &write_row(&row)), Some(row));
        assert_eq!(read_row(RowId::from_bits(7), b"\x02"), None);
        let size = TableSize { rows: 1, bytes: 70_000 };
        assert_eq!(read::<TableSize>(&write(&size)), Some(size));
    }
}
