//! Reading a filter or a mapping: all faults are gathered, each with its JSON pointer, and the
//! document's size is bounded. Not here: what its members mean.

use crate::shape::budget::MAX_SPEC_BYTES;
use crate::shape::budget::MAX_SPEC_DEPTH;
use crate::shape::budget::MAX_SPEC_NODES;
use crate::shape::fault::SpecFault;
use crate::shape::tape::Document;
use crate::shape::tape::JsonLimits;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct SpecFaults {
    found: Vec<SpecFault>,
    nodes: usize,
}

impl SpecFaults {
    pub(crate) fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        self.found.push(SpecFault::new(pointer, detail));
    }

    /// The value, or nothing and the fault noted.
    pub(crate) fn keep<T>(&mut self, pointer: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|detail| self.add(pointer, detail)).ok()
    }

    /// Counts one clause or field; `false` (and once a fault) if there are too many.
    pub(crate) fn count(&mut self, pointer: &str) -> bool {
        self.nodes += 1;
        if self.nodes == MAX_SPEC_NODES + 1 {
            self.add(pointer, format!("there are more than {MAX_SPEC_NODES} parts: split the document"));
        }
        self.nodes <= MAX_SPEC_NODES
    }

    /// `made`, if there were no faults. `made` is missing only if there were some.
    pub(crate) fn finish<T>(self, made: Option<T>) -> Result<T, Vec<SpecFault>> {
        match made {
            Some(made) if self.found.is_empty() => Ok(made),
            _ => Err(self.found),
        }
    }
}

/// Parses the document itself.
pub(crate) fn parse(json: &[u8]) -> Result<Document<'_>, Vec<SpecFault>> {
    let limits = JsonLimits { max_bytes: MAX_SPEC_BYTES, max_depth: MAX_SPEC_DEPTH };
    Document::parse_with(json, limits).map_err(|fault| vec![SpecFault::new("", fault.to_string())])
}

/// A string, or a fault text that says what was seen.
pub(crate) fn text(node: Node<'_>, what: &str) -> Result<String, String> {
    match node.as_str() {
        Some(text) => Ok(text.into_owned()),
        None => Err(format!("{what} must be a string, not {}", seen(node))),
    }
}

/// `true` or `false`.
pub(crate) fn boolean(node: Node<'_>, what: &str) -> Result<bool, String> {
    node.as_bool().ok_or_else(|| format!("{what} must be true or false, not {}", seen(node)))
}

/// A value in a message: its kind, and itself if it is short.
pub(crate) fn seen(node: Node<'_>) -> String {
    match node.kind() {
        NodeKind::Array | NodeKind::Object => format!("an {}", node.kind().name()),
        NodeKind::Null => "null".to_owned(),
        kind => format!("the {} {}", kind.name(), crate::shape::fault::bounded(node.raw())),
    }
}

/// Which letters a word has, for finding out cheaply that two words are far from each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letters {
    seen: u64,
    /// How many letters it has.
    pub(crate) count: usize,
}

impl Letters {
    /// Those of a word; letters' case does not count.
    pub(crate) fn of(word: &str) -> Self {
        let (mut seen, mut count) = (0, 0);
        for letter in word.chars() {
            count += 1;
            // As many letters are looked at as [`distance`] does.
            if count <= LETTERS_MAX {
                letter.to_lowercase().for_each(|letter| seen |= 1 << (u32::from(letter) % 64));
            }
        }
        Self { seen, count }
    }

    /// No fewer edits make one of the other: an edit brings one letter and takes one away at most.
    pub(crate) fn differ_at_least(self, other: Self) -> usize {
        let (mine, theirs) = (self.seen & !other.seen, other.seen & !self.seen);
        mine.count_ones().max(theirs.count_ones()) as usize
    }
}

/// Letters of a word that [`distance`] looks at.
const LETTERS_MAX: usize = 64;

/// Insertions, deletions, changes and swaps of neighbours that make `left` into `right`, letters'
/// case not counted (the optimal string alignment distance).
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let lower =
        |text: &str| -> String { text.chars().take(LETTERS_MAX).flat_map(char::to_lowercase).collect() };
    strsim::osa_distance(&lower(left), &lower(right))
}
