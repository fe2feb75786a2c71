//! Event types that a connection takes, from exact names. Not here: what an event type is.

use serde_json::Value;
use serde_json::json;

/// Patterns that a connection has at most, and the characters of one.
const PATTERNS_MAX: usize = 100;
const CHARS_MAX: usize = 200;

/// What a connection takes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) struct TakenTypes {
    /// The document's `event_types`.
    pub(in crate::import) patterns: Vec<String>,
    /// A filter that does what patterns cannot.
    pub(in crate::import) step: Option<Value>,
}

/// Exactly these; all of them where there are none, or `*` is among them.
pub(in crate::import) fn taken(names: &[String]) -> TakenTypes {
    if names.is_empty() || names.iter().any(|name| name == "*") {
        return TakenTypes { patterns: vec!["*".to_owned()], step: None };
    }
    if names.len() <= PATTERNS_MAX && names.iter().all(|name| is_pattern_of_itself(name)) {
        return TakenTypes { patterns: names.to_vec(), step: None };
    }
    let step = json!({"filter": {"in_event": "type", "in": names}});
    TakenTypes { patterns: vec!["*".to_owned()], step: Some(step) }
}

/// Whether hookmill takes it for a pattern that only it matches.
fn is_pattern_of_itself(name: &str) -> bool {
    let plain =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | ':' | '/' | ' ' | '@');
    name.chars().count() <= CHARS_MAX
        && name.trim() == name
        && !name.is_empty()
        && name.chars().all(plain)
        && !(name.starts_with('/') && name.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_patterns_or_a_filter() {
        let check = |names: &[&str], patterns: &[&str], filtered: bool| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let taken = taken(&names);
            assert_eq!(
                (taken.patterns.as_slice(), taken.step.is_some()),
                (patterns.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>().as_slice(), filtered),
                "{names:?}"
            );
        };
        check(&[], &["*"], false);
        check(&["a.b", "*"], &["*"], false);
        check(&["a.b", "c"], &["a.b", "c"], false);
        check(&["a*"], &["*"], true);
        check(&["!a"], &["*"], true);
        check(&["/a/"], &["*"], true);
    }
}
