//! "Did you mean": the known name nearest to a mistyped one.

/// The nearest of `names`, if it is near enough to be a slip: one letter in three, at most three;
/// or a name that begins with what was written, or the other way round.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const BEGINNING_LEAST: usize = 3;
    let allowed = (wrong.chars().count() / 3).clamp(1, 3);
    let begins = |name: &str| {
        name.len().min(wrong.len()) >= BEGINNING_LEAST && (name.starts_with(wrong) || wrong.starts_with(name))
    };
    let length = wrong.chars().count();
    let near = |name: &'a str| {
        // Every edit changes the length by one at most: a long text is not compared letter by letter.
        let far = match length.abs_diff(name.chars().count()) {
            far if far > allowed => far,
            _ => edits(wrong, name),
        };
        if far > allowed && begins(name) { (allowed, name) } else { (far, name) }
    };
    names.map(near).min().filter(|(far, _)| *far <= allowed).map(|(_, name)| name)
}

/// The least number of letters to insert, delete or replace, or of neighbours to swap.
fn edits(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before = vec![0; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.iter().enumerate() {
        let mut row = vec![line + 1; right.len() + 1];
        for (at, other) in right.iter().enumerate() {
            let replaced = above[at] + usize::from(letter != other);
            row[at + 1] = replaced.min(row[at] + 1).min(above[at + 1] + 1);
            let swapped = line > 0 && at > 0 && left[line - 1] == *other && right[at - 1] == *letter;
            if swapped {
                row[at + 1] = row[at + 1].min(before[at - 1] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
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
        assert_eq!(edits("nmae", "name"), 1);
        assert_eq!(edits("", "abc"), 3);
    }
}
