//! "Did you mean": the known name nearest to a mistyped one.

/// The nearest of `names`, if it is near enough to be a slip: one letter in three, at most three.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (wrong.chars().count() / 3).clamp(1, 3);
    let nearest = names.map(|name| (edits(wrong, name), name)).min()?;
    (nearest.0 <= allowed).then_some(nearest.1)
}

/// The least number of letters to insert, delete or replace (Levenshtein).
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (at, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        fn check(wrong: &str, expected: Option<&str>) {
            let names = ["name", "url", "timeout_ms", "event_types"];
            assert_eq!(nearest(wrong, names.into_iter()), expected, "{wrong}");
        }
        check("nam", Some("name"));
        check("URL", None);
        check("timeout", Some("timeout_ms"));
        check("timout_ms", Some("timeout_ms"));
        check("event_type", Some("event_types"));
        check("colour", None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
