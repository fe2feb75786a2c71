//! How the fields of events change over time: which are always there, which are new, gone, or hold other types than before.
//! Pure. Not here: which events (`http::api::traffic::fields`), the fields of one (`paths`).

use indexmap::IndexMap;

use crate::shape::paths::PathInfo;
use crate::shape::tape::NodeKind;

/// Fields that are followed; what has values as keys has no end of them.
const FIELDS_MAX: usize = 2000;
/// Events at either end that have to agree before something is called new, gone or retyped.
const AGREEING: usize = 3;

/// What a field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldState {
    /// It is in every event.
    Always,
    /// It is in some.
    Sometimes,
    /// It was in none of the first events, and is in all since.
    New,
    /// It was in all events up to one, and is in none of the last.
    Gone,
    /// It holds a type that it did not hold before, or not any more.
    Retyped,
}

impl FieldState {
    /// Every name, in the order above.
    pub const NAMES: [&'static str; 5] = ["always", "sometimes", "new", "gone", "retyped"];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A field over a run of events. Events are numbered from 0, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldHistory {
    /// Its path.
    pub path: String,
    /// The types of its values, in the order in which they came.
    pub types: Vec<NodeKind>,
    /// The newest value that is not null, as JSON cut to 200 bytes.
    pub example: String,
    /// In how many events it is.
    pub present: usize,
    /// The first event that has it.
    pub first: usize,
    /// The last one.
    pub last: usize,
    /// By type, the first and the last event that has it so.
    spans: Vec<(NodeKind, usize, usize)>,
}

/// All fields of a run of events.
#[derive(Debug, Default)]
pub struct Drift {
    fields: IndexMap<String, FieldHistory>,
    events: usize,
}

impl Drift {
    /// One event more, newer than all before.
    pub fn add(&mut self, paths: Vec<PathInfo>) {
        let at = self.events;
        self.events += 1;
        for info in paths {
            let room = self.fields.len() < FIELDS_MAX;
            match self.fields.get_mut(&info.path) {
                Some(field) => field.meet(info, at),
                None if room => {
                    let mut field = FieldHistory::new(info.path.clone(), at);
                    field.meet(info, at);
                    self.fields.insert(field.path.clone(), field);
                }
                None => {}
            }
        }
    }

    /// How many events there were.
    pub fn events(&self) -> usize {
        self.events
    }

    /// Each field with what it does, what has changed first.
    pub fn fields(self) -> Vec<(FieldState, FieldHistory)> {
        let events = self.events;
        let mut fields: Vec<_> =
            self.fields.into_values().map(|field| (field.state(events), field)).collect();
        fields.sort_by_key(|(state, _)| matches!(state, FieldState::Always | FieldState::Sometimes));
        fields
    }
}

impl FieldHistory {
    fn new(path: String, at: usize) -> Self {
        let example = "null".to_owned();
        Self { path, types: Vec::new(), example, present: 0, first: at, last: at, spans: Vec::new() }
    }

    fn meet(&mut self, info: PathInfo, at: usize) {
        self.present += 1;
        self.last = at;
        if info.example != "null" {
            self.example = info.example;
        }
        for kind in info.types {
            if !self.types.contains(&kind) {
                self.types.push(kind);
            }
            match self.spans.iter_mut().find(|(known, ..)| *known == kind) {
                Some((_, _, last)) => *last = at,
                None => self.spans.push((kind, at, at)),
            }
        }
    }

    fn state(&self, events: usize) -> FieldState {
        // Null says that there is no value, not that it has another type.
        let typed = || self.spans.iter().filter(|(kind, ..)| *kind != NodeKind::Null);
        let begins_late = |first: usize| first >= self.first + AGREEING;
        let ends_early = |last: usize| last + AGREEING <= self.last;
        let changed =
            typed().count() > 1 && typed().any(|(_, first, last)| begins_late(*first) || ends_early(*last));
        let fills = |from: usize, to: usize| self.present == to + 1 - from;
        if changed {
            FieldState::Retyped
        } else if self.present == events {
            FieldState::Always
        } else if self.first >= AGREEING && self.last + 1 == events && fills(self.first, self.last) {
            FieldState::New
        } else if self.first == 0 && self.last + AGREEING < events && fills(0, self.last) {
            FieldState::Gone
        } else {
            FieldState::Sometimes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Budget;
    use crate::shape::paths;

    fn states(events: &[&str]) -> Vec<(String, &'static str)> {
        let mut drift = Drift::default();
        for event in events {
            drift.add(paths(&[event.as_bytes()], &mut Budget::default()).unwrap());
        }
        drift.fields().into_iter().map(|(state, field)| (field.path, state.name())).collect()
    }

    fn check(events: &[&str], expected: &[(&str, &'static str)]) {
        let found = states(events);
        let found: Vec<(&str, &str)> = found.iter().map(|(path, state)| (path.as_str(), *state)).collect();
        assert_eq!(found, expected, "{events:?}");
    }

    #[test]
    fn what_changes_is_named_first() {
        let before = r#"{"id":1,"old":"x","n":1,"maybe":null}"#;
        let after = r#"{"id":2,"new":[{"a":1}],"n":"1"}"#;
        check(
            &[before, before, before, after, after, after, after],
            &[
                ("$.old", "gone"),
                ("$.n", "retyped"),
                ("$.maybe", "gone"),
                ("$.new", "new"),
                ("$.new[*]", "new"),
                ("$.new[*].a", "new"),
                ("$.id", "always"),
            ],
        );
    }

    #[test]
    fn what_comes_and_goes_is_no_change() {
        check(&["{\"a\":1}", "{}", "{\"a\":1}", "{}", "{\"a\":1}", "{}"], &[("$.a", "sometimes")]);
        // Few events show nothing.
        check(&["{}", "{\"a\":1}"], &[("$.a", "sometimes")]);
        check(&["{\"a\":1}", "{\"a\":null}", "{\"a\":2}"], &[("$.a", "always")]);
        // Two types side by side are what the field is.
        let both = ["{\"a\":1}", "{\"a\":\"x\"}"].repeat(5);
        check(&both, &[("$.a", "always")]);
    }
}
