//! Values of a column as text that sorts as they do.

use serde_json::Value;

use crate::domain::table::ColumnType;
use crate::domain::time::Timestamp;

/// Characters of a text that count; those that are the same so far lie in the order in which their rows came.
const TEXT_CHARS: usize = 48;
/// In front of what has a value. A row without one comes first.
const NONE: &str = "0";
const SOME: &str = "1";

/// The text: of printable characters, and at most 200 bytes. Text sorts by its characters' code points.
pub fn sortable(kind: ColumnType, value: Option<&Value>) -> String {
    let Some(value) = value else { return NONE.to_owned() };
    let text = match kind {
        ColumnType::Number => value.as_f64().map(|number| format!("{:016x}", ordered_bits(number))),
        ColumnType::Integer => {
            value.as_i64().map(|whole| format!("{:016x}", whole.cast_unsigned() ^ (1 << 63)))
        }
        ColumnType::Boolean => value.as_bool().map(|yes| u8::from(yes).to_string()),
        ColumnType::Time => {
            let at: Option<Timestamp> = value.as_str().and_then(|text| text.parse().ok());
            at.map(|at| format!("{:016x}", at.as_millis()))
        }
        ColumnType::Text | ColumnType::Choice => value.as_str().map(printable),
        ColumnType::Json => Some(String::new()),
    };
    format!("{SOME}{}", text.unwrap_or_default())
}

fn printable(text: &str) -> String {
    text.chars().take(TEXT_CHARS).map(|letter| if letter < ' ' { ' ' } else { letter }).collect()
}

/// IEEE 754: greater numbers have greater bits once those of negative ones are turned round.
fn ordered_bits(number: f64) -> u64 {
    // So that -0 and 0 are one.
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: ColumnType, ascending: &[Value]) {
        let texts: Vec<String> = ascending.iter().map(|value| sortable(kind, Some(value))).collect();
        assert!(texts.is_sorted_by(|one, other| one < other), "{kind:?}: {texts:?}");
        assert!(sortable(kind, None) < texts[0]);
    }

    #[test]
    fn texts_sort_as_values_do() {
        check(ColumnType::Integer, &[i64::MIN, -2, -1, 0, 1, i64::MAX].map(|number| json!(number)));
        check(ColumnType::Number, &[-1e300, -2.5, -1.0, 0.0, 1e-9, 3.0, 1e300].map(|number| json!(number)));
        check(ColumnType::Text, &["", "A", "B", "a", "b", "é", "日"].map(|text| json!(text)));
        check(ColumnType::Boolean, &[json!(false), json!(true)]);
        check(ColumnType::Time, &["2024-01-15T00:00:00Z", "2026-01-01T00:00:00Z"].map(|text| json!(text)));
        assert_eq!(
            sortable(ColumnType::Number, Some(&json!(-0.0))),
            sortable(ColumnType::Number, Some(&json!(0)))
        );
    }

    #[test]
    fn a_text_is_bounded_and_has_nothing_that_ends_a_key() {
        let text = sortable(ColumnType::Text, Some(&json!("\u{0}\u{1}\n日".repeat(100))));
        assert!(text.len() <= 200 && text.chars().all(|letter| letter >= ' '), "{text:?}");
    }
}
