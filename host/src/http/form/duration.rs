//! Durations in requests and answers: `"1m"`, `"90s"`, `"1500ms"`, or a number of milliseconds.

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Milliseconds of a text such as `5m`; one whole number and one unit.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, millis) = UNITS.into_iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(millis)
}

/// Milliseconds in the largest unit that holds them whole.
pub(crate) fn show(millis: u64) -> String {
    let fitting = UNITS.into_iter().find(|(_, unit)| millis >= *unit && millis.is_multiple_of(*unit));
    let (name, unit) = fitting.unwrap_or(("s", 1000));
    format!("{}{name}", millis / unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes() {
        fn check(text: &str, expected: Option<u64>) {
            assert_eq!(parse(text), expected, "{text}");
        }
        check("1m", Some(60_000));
        check("30 s", Some(30_000));
        check("1500ms", Some(1500));
        check("0s", Some(0));
        check("2d", Some(172_800_000));
        for wrong in
            ["", "5", "m", "-1s", "1.5h", "1h30m", "1M", "99999999999999999999s", "300000000000000000d"]
        {
            check(wrong, None);
        }
        assert_eq!(show(0), "0s");
        assert_eq!(show(90_000), "90s");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(millis: u64) {
            prop_assert_eq!(parse(&show(millis)), Some(millis));
        }
    }
}
