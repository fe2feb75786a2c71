//! All paths of some samples: what a person who writes a mapping chooses from.
//! Not here: which of them suits what (`suggest`).

use indexmap::IndexMap;

use crate::shape::fault::JsonFault;
use crate::shape::fault::bounded;
use crate::shape::tape::Document;
use crate::shape::tape::Kind;
use crate::shape::tape::Node;

/// Most paths that are listed; a payload with values as keys has no end of them.
const MAX_PATHS: usize = 2000;

/// One path of some samples. Elements of an array share one path, with `[*]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathInfo {
    /// A JSONPath query.
    pub path: String,
    /// The kinds of its values, null among them, in the order they were met.
    pub types: Vec<Kind>,
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

/// Every path below the root, in the order they are met; at most 2000.
pub fn paths(samples: &[&[u8]]) -> Result<Vec<PathInfo>, SampleFault> {
    let mut found = IndexMap::new();
    for (sample, json) in samples.iter().enumerate() {
        let document = Document::parse(json).map_err(|fault| SampleFault { sample, fault })?;
        let mut walk = Walk { found: &mut found, sample, samples: samples.len() };
        walk.inside(document.root(), "$");
    }
    Ok(found.into_values().map(|entry: Entry| entry.info).collect())
}

/// The paths below one value, beginning with `prefix`.
pub(crate) fn of_node(node: Node<'_>, prefix: &str) -> Vec<String> {
    let mut found = IndexMap::new();
    Walk { found: &mut found, sample: 0, samples: 1 }.inside(node, prefix);
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
}

impl Walk<'_> {
    /// The recursion is as deep as the sample, at most 128.
    fn inside(&mut self, node: Node<'_>, path: &str) {
        match node.kind() {
            Kind::Array => {
                let path = format!("{path}[*]");
                for element in node.elements() {
                    self.value(element, &path);
                }
            }
            Kind::Object => {
                for (name, value) in node.members() {
                    self.value(value, &format!("{path}{}", step(&name)));
                }
            }
            _ => {}
        }
    }

    fn value(&mut self, node: Node<'_>, path: &str) {
        let room = self.found.len() < MAX_PATHS;
        let entry = match self.found.get_mut(path) {
            Some(entry) => entry,
            None if !room => return,
            None => self.found.entry(path.to_owned()).or_insert_with(|| Entry::new(path, self.samples)),
        };
        entry.meet(node, self.sample);
        self.inside(node, path);
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
        if kind == Kind::Null && self.null_in != Some(sample) {
            self.null_in = Some(sample);
            self.info.null += 1;
        }
        if kind != Kind::Null && self.info.example == "null" {
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
