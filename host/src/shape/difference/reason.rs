//! Reasons in a plugin's own words, without what only one event has: numbers, times, ids. So the
//! drops of a thousand events are one group. Not here: reasons of filters, which have a clause.

/// Characters kept of a reason.
const CHARS_MAX: usize = 200;

/// The reason with `#` for every word that has a digit.
pub fn general(reason: &str) -> String {
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '.' | '-' | ':' | '+');
    let mut general = String::new();
    let mut rest = reason;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|char| is_word(char) != is_word(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let word = run.trim_end_matches(['.', ':']);
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            general.push('#');
            general.push_str(&run[word.len()..]);
        } else {
            general.push_str(run);
        }
        rest = after;
    }
    general.chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_event_has_is_left_out() {
        let check = |reason: &str, expected: &str| assert_eq!(general(reason), expected);
        check("confidence below the minimum", "confidence below the minimum");
        check("confidence 0.25", "confidence #");
        check("0.42 is less than 0.5.", "# is less than #.");
        check("evt_01jxyz at 2026-04-29T14:31:08Z: too old", "# at #: too old");
        check("`a-1`, (b2) é", "`#`, (#) é");
        check("", "");
        assert_eq!(general(&"é".repeat(500)).chars().count(), CHARS_MAX);
    }
}
