//! All paths of some samples: what a person who writes a mapping chooses from.
//! How they change from event to event is in `drift`. Not here: which of them suits what (`suggest`).

mod drift;

pub use drift::Drift;
pub use drift::FieldHistory;
pub use drift::FieldState;

use indexmap::IndexMap;

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::budget::MAX_QUERY_BYTES;
use crate::shape::budget::PARSED_FOR_A_VISIT;
use crate::shape::fault::JsonFault;
use crate::shape::fault::bounded;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

/// Most paths that are listed; a payload with values as keys has no end of them.
const MAX_PATHS: usize = 2000;

/// One path of some samples. Elements of an array share one path, with `[*]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathInfo {
    /// A JSONPath query.
    pub path: String,
    /// The kinds of its values, null among them, in the order they were met.
    pub types: Vec<NodeKind>,
    /// Its first value that is not null, as JSON cut to 200 bytes; null if there is none.
    pub example: String,
    /// In how many samples it is there.
    pub present: usize,
    /// In how many samples it is null (at least once).
    pub null: usize,
    /// How many samples were looked at.
    pub samples: usize,
}

/// A sample that is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sample {sample} is {fault}")]
pub struct SampleFault {
    /// Which, from 0.
    pub sample: usize,
    /// What is wrong with it.
    pub fault: JsonFault,
}

/// Why nothing can be said of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HintFault {
    /// One of them is no JSON.
    #[error(transparent)]
    Sample(#[from] SampleFault),
    /// There is too much in them.
    #[error("looking through them is more work than is allowed: give smaller ones, or fewer")]
    Exhausted,
}

impl From<Exhausted> for HintFault {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted
    }
}

/// Every path below the root that a query could have, in the order they are met; at most 2000.
pub fn paths(samples: &[&[u8]], budget: &mut Budget) -> Result<Vec<PathInfo>, HintFault> {
    let mut found = IndexMap::new();
    for (sample, json) in samples.iter().enumerate() {
        budget.parse(json.len())?;
        let document = Document::parse(json).map_err(|fault| SampleFault { sample, fault })?;
        let mut walk = Walk { found: &mut found, sample, samples: samples.len(), budget };
        walk.inside(document.root(), "$")?;
    }
    Ok(found.into_values().map(|entry: Entry| entry.info).collect())
}

/// The paths below one value, beginning with `prefix`; those that were met until the budget was used up.
pub(crate) fn of_node(node: Node<'_>, prefix: &str, budget: &mut Budget) -> Vec<String> {
    let mut found = IndexMap::new();
    let mut walk = Walk { found: &mut found, sample: 0, samples: 1, budget };
    // What is missing is a hint that is not given.
    let _used_up = walk.inside(node, prefix);
    found.into_keys().collect()
}

struct Entry {
    info: PathInfo,
    /// The samples counted last in `present` and `null`.
    present_in: Option<usize>,
    null_in: Option<usize>,
}

struct Walk<'w> {
    found: &'w mut IndexMap<String, Entry>,
    sample: usize,
    samples: usize,
    budget: &'w mut Budget,
}

impl Walk<'_> {
    /// The recursion is as deep as the sample, at most as JSON may be nested.
    fn inside(&mut self, node: Node<'_>, path: &str) -> Result<(), Exhausted> {
        match node.kind() {
            NodeKind::Array => {
                let path = format!("{path}[*]");
                node.elements().try_for_each(|element| self.value(element, &path))
            }
            NodeKind::Object => {
                for (name, value) in node.members() {
                    // No query is longer, and a long name would be written again for each value below it.
                    if path.len() + name.len() < MAX_QUERY_BYTES {
                        self.value(value, &format!("{path}{}", step(&name)))?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn value(&mut self, node: Node<'_>, path: &str) -> Result<(), Exhausted> {
        self.budget.visit(1 + path.len() as u64 / PARSED_FOR_A_VISIT)?;
        let room = self.found.len() < MAX_PATHS;
        let entry = match self.found.get_mut(path) {
            Some(entry) => entry,
            None if !room => return Ok(()),
            None => self.found.entry(path.to_owned()).or_insert_with(|| Entry::new(path, self.samples)),
        };
        entry.meet(node, self.sample);
        self.inside(node, path)
    }
}

impl Entry {
    fn new(path: &str, samples: usize) -> Self {
        let info = PathInfo {
            path: path.to_owned(),
            types: Vec::new(),
            example: "null".to_owned(),
            present: 0,
            null: 0,
            samples,
        };
        Self { info, present_in: None, null_in: None }
    }

    fn meet(&mut self, node: Node<'_>, sample: usize) {
        let kind = node.kind();
        if !self.info.types.contains(&kind) {
            self.info.types.push(kind);
        }
        if self.present_in != Some(sample) {
            self.present_in = Some(sample);
            self.info.present += 1;
        }
        if kind == NodeKind::Null && self.null_in != Some(sample) {
            self.null_in = Some(sample);
            self.info.null += 1;
        }
        if kind != NodeKind::Null && self.info.example == "null" {
            self.info.example = bounded(node.raw()).to_owned();
        }
    }
}

/// `.name`, or `['name']` if it needs quotes.
pub(crate) fn step(name: &str) -> String {
    let first = |char: char| char.is_ascii_alphabetic() || char == '_' || !char.is_ascii();
    let plain = name.chars().enumerate().all(|(at, char)| first(char) || (at > 0 && char.is_ascii_digit()));
    if plain && !name.is_empty() {
        return format!(".{name}");
    }
    crate::shape::tape::normalized_name(name)
}
