//! "Did you mean": the known name that a mistyped one was probably meant to be, the same wherever people write names:
//! settings, fields, parameters, functions, operators. Not here: names in payloads (`shape::suggest`), which are looked
//! for under a budget.

use strsim::osa_distance;

/// A name that begins with what was written, or the other way round, is meant from so many letters on.
const BEGINNING_LEAST: usize = 3;
/// Slips in a name, at most.
const SLIPS_MAX: usize = 3;

/// The one of `known` that is nearest to what was written, if it is near enough to be a slip: one letter in three, at
/// most three. Failing that, the only one that begins with what was written, or the other way round. Letters' case does
/// not count. Slips are insertions, deletions, changes and swaps of neighbours (the optimal string alignment distance).
pub fn suggest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let written = written.to_lowercase();
    let length = written.chars().count();
    let allowed = (length / 3).clamp(1, SLIPS_MAX);
    let (mut nearest, mut beginning) = (None, Vec::new());
    for name in known {
        let lower = name.to_lowercase();
        // Every slip changes the length by one at most: a long text is not compared letter by letter.
        if length.abs_diff(lower.chars().count()) <= allowed {
            let slips = osa_distance(&written, &lower);
            // Of a word of one letter, any other is a change away.
            let found = (slips <= allowed && slips < length).then_some((slips, name));
            nearest = nearest.into_iter().chain(found).min();
        }
        let shared = lower.len().min(written.len()) >= BEGINNING_LEAST;
        if shared && (lower.starts_with(&written) || written.starts_with(&lower)) {
            beginning.push(name);
        }
    }
    nearest.map(|(_, name)| name).or(match beginning[..] {
        [only] => Some(only),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let known = [
            "name",
            "url",
            "timeout_ms",
            "event_types",
            "egress.allow",
            "eq",
            "Europe/Rome",
            "Europe/Riga",
            "listen",
            "data",
        ];
        for (written, expected) in [
            ("nam", Some("name")),
            ("nmae", Some("name")),
            ("URL", Some("url")),
            ("timeout", Some("timeout_ms")),
            ("timout_ms", Some("timeout_ms")),
            ("event_type", Some("event_types")),
            ("egress.alow", Some("egress.allow")),
            ("lisetn", Some("listen")),
            ("dat", Some("data")),
            ("frobnicate", None),
            ("eqq", Some("eq")),
            ("europe/roma", Some("Europe/Rome")),
            ("Europe", None),
            ("colour", None),
            ("e", None),
            ("", None),
        ] {
            assert_eq!(suggest(written, known), expected, "{written}");
        }
    }
}
