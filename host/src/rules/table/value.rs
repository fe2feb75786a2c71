//! A value as one of a column: what says the same is taken, what would lose something is refused.

use serde_json::Number;
use serde_json::Value;

use crate::domain::table::Column;
use crate::domain::table::ColumnType;
use crate::domain::time::Timestamp;
use crate::domain::visible::visible;

/// Characters of a value that a fault shows.
const SEEN_CHARS: usize = 60;
/// Unix times from here on are milliseconds: as seconds they would be after the year 5000.
const MILLIS_FROM: u64 = 100_000_000_000;

/// Beyond it doubles have gaps.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value as the column keeps it; `None` for null, which is no value. What is wrong with it, otherwise.
pub fn convert(column: &Column, value: Value) -> Result<Option<Value>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let made = match column.kind {
        ColumnType::Json => Some(value.clone()),
        ColumnType::Text => text(&value).map(Value::String),
        ColumnType::Number => number(&value).map(Value::Number),
        ColumnType::Integer => integer(&value).map(|whole| Value::Number(whole.into())),
        ColumnType::Boolean => boolean(&value).map(Value::Bool),
        ColumnType::Time => time(&value).map(|at| Value::String(at.to_string())),
        ColumnType::Choice => text(&value).filter(|text| column.choices.contains(text)).map(Value::String),
    };
    made.map(Some).ok_or_else(|| format!("expected {}, not {}", expected(column), seen(&value)))
}

fn expected(column: &Column) -> String {
    match column.kind {
        ColumnType::Json => "JSON".to_owned(),
        ColumnType::Text => "text".to_owned(),
        ColumnType::Number => "a number, such as 4.5".to_owned(),
        ColumnType::Integer => "a whole number of 64 bits, such as 42".to_owned(),
        ColumnType::Boolean => "true or false".to_owned(),
        ColumnType::Time => "a time, such as 2026-04-29T14:31:08Z, or unix seconds".to_owned(),
        ColumnType::Choice => format!("one of {}", column.choices.join(", ")),
    }
}

/// A value as a fault shows it: short, and nothing in it that a terminal obeys.
fn seen(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(SEEN_CHARS).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", visible(&short))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(value: &Value) -> Option<Number> {
    let number = match value {
        Value::Number(number) => number.clone(),
        Value::String(text) => serde_json::from_str(text.trim()).ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // 7.0 and 7 are one: keys tell rows apart by what is written.
    let found = number.as_f64().filter(|found| found.is_finite())?;
    let is_whole = number.is_f64() && found.fract() == 0.0 && found.abs() <= EXACT;
    Some(if is_whole { (found as i64).into() } else { number })
}

fn integer(value: &Value) -> Option<i64> {
    let number = number(value)?;
    let whole = |found: f64| (found.fract() == 0.0 && found.abs() <= EXACT).then_some(found as i64);
    number.as_i64().or_else(|| number.as_f64().filter(|_| !number.is_u64()).and_then(whole))
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::Number(_) | Value::String(_) => match text(value)?.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// RFC 3339, a date of that kind alone (its first instant), or unix seconds or milliseconds.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()).ok()
        }
        Value::Number(number) => {
            let unix = number.as_u64()?;
            let millis = if unix < MILLIS_FROM { unix.checked_mul(1000)? } else { unix };
            // What RFC 3339 can say.
            Some(Timestamp::from_millis(millis)).filter(|at| at.to_string().parse() == Ok(*at))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(kind: ColumnType) -> Column {
        Column {
            slot: 1,
            name: "c".to_owned(),
            kind,
            choices: vec!["new".to_owned(), "won".to_owned()],
            required: false,
            unique: false,
            default: None,
            indexed: false,
        }
    }

    #[test]
    fn what_says_the_same_is_taken() {
        use ColumnType::{Boolean, Choice, Integer, Json, Number, Text, Time};
        for (kind, given, kept) in [
            (Text, json!("a"), json!("a")),
            (Text, json!(4.5), json!("4.5")),
            (Number, json!("4.50"), json!(4.5)),
            (Number, json!(7), json!(7)),
            (Number, json!(7.0), json!(7)),
            (Number, json!("-0.0"), json!(0)),
            (Integer, json!("42"), json!(42)),
            (Integer, json!(42.0), json!(42)),
            (Integer, json!(i64::MIN), json!(i64::MIN)),
            (Boolean, json!("No"), json!(false)),
            (Boolean, json!(1), json!(true)),
            (Time, json!("2026-04-29T16:31:08+02:00"), json!("2026-04-29T14:31:08.000Z")),
            (Time, json!("2024-01-15"), json!("2024-01-15T00:00:00.000Z")),
            (Time, json!(1_714_400_000), json!("2024-04-29T14:13:20.000Z")),
            (Time, json!(1_714_400_000_123_u64), json!("2024-04-29T14:13:20.123Z")),
            (Json, json!({"a": [1, null]}), json!({"a": [1, null]})),
            (Choice, json!("won"), json!("won")),
        ] {
            assert_eq!(convert(&column(kind), given.clone()), Ok(Some(kept)), "{kind:?} of {given}");
        }
        assert_eq!(convert(&column(Number), Value::Null), Ok(None));
    }

    #[test]
    fn what_would_lose_something_is_refused_and_shown() {
        use ColumnType::{Boolean, Choice, Integer, Number, Text, Time};
        for (kind, given) in [
            (Text, json!(["a"])),
            (Number, json!("4,5")),
            (Number, json!("1e999")),
            (Integer, json!(4.5)),
            (Integer, json!(u64::MAX)),
            (Integer, json!(1e30)),
            (Boolean, json!(2)),
            (Time, json!("yesterday")),
            (Time, json!(u64::MAX)),
            (Choice, json!("lost")),
        ] {
            assert!(convert(&column(kind), given.clone()).is_err(), "{kind:?} of {given}");
        }
        let refused = convert(&column(Choice), json!("\u{1b}[2J")).unwrap_err();
        assert!(refused.contains("new, won") && !refused.contains('\u{1b}'), "{refused}");
        let refused = convert(&column(Integer), json!("x".repeat(1000))).unwrap_err();
        assert!(refused.len() < 200, "{refused}");
    }
}
