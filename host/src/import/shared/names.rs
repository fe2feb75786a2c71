//! Names that hookmill takes and that nothing else of their kind has. Not here: what is named.

use std::collections::HashSet;

/// Longest name, characters, with room for a number behind it.
const NAME_CHARS: usize = 90;
/// Longest name of a variable.
const VARIABLE_CHARS: usize = 100;
/// What stands for something else where a source is named.
const TAKEN_BY_SOURCES: [&str; 2] = ["published", "alerts"];
const CHANGES: &str = "table:";

/// What a name belongs to; each has names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::import) enum DraftKind {
    EventType,
    Source,
    Destination,
    Connection,
    Variable,
}

/// The names that are taken.
#[derive(Debug, Default)]
pub(in crate::import) struct FreeNames {
    taken: HashSet<(DraftKind, String)>,
}

impl FreeNames {
    /// A free name as close to `wanted` as there is; `otherwise` where nothing is left of it.
    pub(in crate::import) fn take(&mut self, kind: DraftKind, wanted: &str, otherwise: &str) -> String {
        let clean = match kind {
            DraftKind::Variable => variable(wanted),
            _ => clean(wanted),
        };
        let mut base = if clean.is_empty() { otherwise.to_owned() } else { clean };
        let reserved = TAKEN_BY_SOURCES.contains(&base.as_str()) || base.starts_with(CHANGES);
        if looks_like_id(&base) || (kind == DraftKind::Source && reserved) {
            base = format!("imported {base}");
        }
        let mut name = base.clone();
        let mut number = 1_usize;
        while !self.taken.insert((kind, name.clone())) {
            number += 1;
            name = if kind == DraftKind::Variable {
                format!("{base}_{number}")
            } else {
                format!("{base} {number}")
            };
        }
        name
    }
}

/// Without what cannot stand in a URL.
fn clean(wanted: &str) -> String {
    let kept = wanted.chars().map(|letter| match letter {
        '/' | '?' | '#' | '%' => '-',
        control if control.is_control() => ' ',
        other => other,
    });
    let cut: String = kept.collect::<String>().trim().chars().take(NAME_CHARS).collect();
    cut.trim().to_owned()
}

/// Ids are three or more letters, `_`, and letters and digits only; a name must not parse as one.
fn looks_like_id(name: &str) -> bool {
    let Some((prefix, rest)) = name.split_once('_') else { return false };
    prefix.len() <= 4
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
        && rest.len() >= 16
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn variable(wanted: &str) -> String {
    let mut name = String::new();
    for letter in wanted.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => name.push(letter.to_ascii_uppercase()),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
        if name.len() >= VARIABLE_CHARS {
            break;
        }
    }
    let name = name.trim_end_matches('_');
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("V_{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_unique() {
        let mut names = FreeNames::default();
        for (kind, wanted, expected) in [
            (DraftKind::Source, "git/hub", "git-hub"),
            (DraftKind::Source, "git?hub", "git-hub 2"),
            (DraftKind::Destination, "git/hub", "git-hub"),
            (DraftKind::Source, " \n", "source"),
            (DraftKind::Source, "published", "imported published"),
            (DraftKind::Source, "table:x", "imported table:x"),
            (
                DraftKind::Destination,
                "des_0123456789abcdefghij012345",
                "imported des_0123456789abcdefghij012345",
            ),
            (DraftKind::Variable, "hookdeck: my-dest key", "HOOKDECK_MY_DEST_KEY"),
            (DraftKind::Variable, "hookdeck  my dest KEY", "HOOKDECK_MY_DEST_KEY_2"),
            (DraftKind::Variable, "größe", "GR_E"),
        ] {
            assert_eq!(names.take(kind, wanted, "source"), expected, "{wanted:?}");
        }
        let long = names.take(DraftKind::Connection, &"é/".repeat(200), "x");
        assert!(long.chars().count() <= 100 && !long.contains('/'), "{long}");
    }
}
