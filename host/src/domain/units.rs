//! Durations such as `15s` and sizes such as `1MiB`, both ways, for settings, requests, flags and people. What is shown is
//! read again as the same, in one whole number and one unit. humantime and bytesize show `1m 30s` and `1.0 MiB`, which
//! nobody wrote, and read more than one wants to explain; they would save forty lines. Not here: other types.

use std::time::Duration;

const DURATIONS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1000),
    ("MB", 1_000_000),
];

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show(amount: u64, units: &[(&str, u64)]) -> String {
    let (name, factor) = units
        .iter()
        .filter(|(_, factor)| amount >= *factor && amount.is_multiple_of(*factor))
        .max_by_key(|(_, factor)| *factor)
        .unwrap_or(&units[0]);
    format!("{}{name}", amount / factor)
}

/// A duration of a whole number and one of `ms`, `s`, `m`, `h`, `d`, `w`. The error says what is wanted.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    parse(text, &DURATIONS)
        .map(Duration::from_millis)
        .ok_or_else(|| "expected a duration: a whole number and ms, s, m, h, d or w, such as 15s".to_owned())
}

/// A size in bytes of a whole number and one of `B`, `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB`.
/// The error says what is wanted.
pub fn parse_size(text: &str) -> Result<u64, String> {
    parse(text, &SIZES)
        .ok_or_else(|| "expected a size: a whole number and B, KiB, MiB, GiB or TiB, such as 1MiB".to_owned())
}

/// The shortest text that [`parse_duration`] reads as the same; parts of a millisecond are lost.
pub fn show_duration(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "0s".to_owned(),
        millis => show(u64::try_from(millis).unwrap_or(u64::MAX), &DURATIONS[..5]),
    }
}

/// The shortest text with a binary unit that [`parse_size`] reads as the same.
pub fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES[..5])
}

/// Bytes for people, who want no more than two or three digits of them.
pub fn rounded_size(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{:.1} KiB", bytes as f64 / KIB as f64),
        _ => format!("{:.1} MiB", bytes as f64 / MIB as f64),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_durations_and_sizes() {
        fn check(text: &str, expected: Option<u64>) {
            let millis = parse_duration(text).ok().map(|duration| duration.as_millis() as u64);
            assert_eq!(millis, expected, "{text}");
        }
        check("15s", Some(15_000));
        check("250 ms", Some(250));
        check("7d", Some(604_800_000));
        check("15", None);
        check("", None);
        check("-1s", None);
        check("1.5s", None);
        check("99999999999999999999s", None);
        check("18446744073709551615w", None);
        assert_eq!(parse_size("1MiB"), Ok(1 << 20));
        assert_eq!(parse_size("64 kib"), Ok(65_536));
        assert!(parse_size("1 sack").is_err());
    }

    #[test]
    fn nothing_has_a_usual_unit() {
        assert_eq!(show_duration(Duration::ZERO), "0s");
        assert_eq!(show_size(0), "0B");
    }

    #[test]
    fn sizes_for_people_are_short() {
        let check = |bytes, expected: &str| assert_eq!(rounded_size(bytes), expected);
        check(0, "0 B");
        check(1023, "1023 B");
        check(320_520, "313.0 KiB");
        check(1_258_291, "1.2 MiB");
    }

    proptest! {
        #[test]
        fn shows_what_it_reads(amount in any::<u64>()) {
            let duration = Duration::from_millis(amount);
            prop_assert_eq!(parse_duration(&show_duration(duration)), Ok(duration));
            prop_assert_eq!(parse_size(&show_size(amount)), Ok(amount));
        }
    }
}
