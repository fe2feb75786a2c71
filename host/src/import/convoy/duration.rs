//! Durations as Convoy writes them. Not here: what they are for.

use serde_json::Value;

use crate::import::shared::json::text;

/// Whole seconds of a duration such as `1h3m`, `10s` or `500ms`.
pub(super) fn seconds_of(value: &Value, name: &str) -> Option<u64> {
    let mut rest = text(value, name)?;
    let mut millis = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let end = unit.find(|letter: char| letter.is_ascii_digit()).unwrap_or(unit.len());
        let factor = match &unit[..end] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        millis = millis.checked_add(count.checked_mul(factor)?)?;
        rest = &unit[end..];
    }
    Some(millis.div_ceil(1000))
}
