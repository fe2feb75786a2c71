//! Proposes which path might feed which field of a wanted output, by name, place and type.
//! Not here: accepting a proposal, which only a person does; how alike two words are (`words`).

mod index;
mod words;

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::fault::push_pointer;
use crate::shape::paths::HintFault;
use crate::shape::paths::PathInfo;
use crate::shape::paths::SampleFault;
use crate::shape::paths::paths;
use crate::shape::suggest::index::Index;
use crate::shape::suggest::words::joined;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

/// A path for a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// The field's place in the wanted output, as a JSON pointer.
    pub target: String,
    /// The path to put there.
    pub path: String,
    /// How sure it is: 0 to 1; nothing below 0.5 is proposed.
    pub score: f64,
    /// Why, in words.
    pub reason: String,
}

/// A field of the wanted output.
struct Target {
    pointer: String,
    words: Vec<String>,
    kind: Option<NodeKind>,
}

/// The best path for each field of `target` (a JSON example, or a JSON Schema of an object), where
/// there is one. The fault's sample is the number of samples if the target is no JSON.
pub fn suggest(samples: &[&[u8]], target: &[u8], budget: &mut Budget) -> Result<Vec<Suggestion>, HintFault> {
    let known = paths(samples, budget)?;
    let wanted = Document::parse(target).map_err(|fault| SampleFault { sample: samples.len(), fault })?;
    let mut targets = Targets { found: Vec::new(), budget };
    let root = wanted.root();
    if is_schema(root) {
        targets.of_schema(root, "", &[])?;
    } else {
        targets.of_example(root, "", &[])?;
    }
    let Targets { found, budget } = targets;
    let mut index = Index::of(&known, budget)?;
    let mut suggestions = Vec::new();
    for target in &found {
        suggestions.extend(best(target, &known, &mut index, budget)?);
    }
    Ok(suggestions)
}

/// The fields of a wanted output, as they are gathered.
struct Targets<'b> {
    found: Vec<Target>,
    budget: &'b mut Budget,
}

fn is_schema(root: Node<'_>) -> bool {
    let properties = root.get("properties").is_some_and(|node| node.kind() == NodeKind::Object);
    properties
        && (root.get("$schema").is_some() || root.get("type").is_some_and(|node| node.is_str("object")))
}

impl Targets<'_> {
    /// The recursion is as deep as the target.
    fn of_schema(&mut self, node: Node<'_>, pointer: &str, words: &[String]) -> Result<(), Exhausted> {
        let Some(properties) = node.get("properties") else { return Ok(()) };
        for (name, schema) in properties.members() {
            let (pointer, words) = self.named(pointer, words, &name)?;
            if schema.get("properties").is_some() {
                self.of_schema(schema, &pointer, &words)?;
                continue;
            }
            let types = schema.get("type");
            let first = types.and_then(|types| types.element(0)).or(types).and_then(Node::as_str);
            let kind = first.and_then(|name| match &*name {
                "string" => Some(NodeKind::String),
                "number" | "integer" => Some(NodeKind::Number),
                "boolean" => Some(NodeKind::Boolean),
                "array" => Some(NodeKind::Array),
                "object" => Some(NodeKind::Object),
                _ => None,
            });
            self.found.push(Target { pointer, words, kind });
        }
        Ok(())
    }

    fn of_example(&mut self, node: Node<'_>, pointer: &str, words: &[String]) -> Result<(), Exhausted> {
        for (name, value) in node.members() {
            let (pointer, words) = self.named(pointer, words, &name)?;
            if value.kind() == NodeKind::Object && !value.is_empty() {
                self.of_example(value, &pointer, &words)?;
            } else {
                let kind = Some(value.kind()).filter(|kind| *kind != NodeKind::Null);
                self.found.push(Target { pointer, words, kind });
            }
        }
        Ok(())
    }

    /// Where a member is, and the words it is found by. A pointer repeats the names above it, which is paid for.
    fn named(
        &mut self,
        pointer: &str,
        words: &[String],
        name: &str,
    ) -> Result<(String, Vec<String>), Exhausted> {
        self.budget.visit(1 + (pointer.len() + name.len()) as u64 / 16)?;
        Ok((push_pointer(pointer, name), joined(words, name)))
    }
}

/// The path that fits a field best, if any fits.
fn best(
    target: &Target,
    known: &[PathInfo],
    index: &mut Index,
    budget: &mut Budget,
) -> Result<Option<Suggestion>, Exhausted> {
    let mut best: Option<Scored<'_>> = None;
    for (place, name) in index.alike(&target.words, budget)? {
        let Some(info) = known.get(place) else { continue };
        // The first of equals wins, and among those the shorter path.
        best = match (best, scored(target, info, name)) {
            (Some(best), Some(next)) if next.is_better(&best) => Some(next),
            (best, next) => best.or(next),
        };
    }
    Ok(best.map(|best| best.suggestion(target)))
}

/// How well a path fits a field.
struct Scored<'p> {
    score: f64,
    name: f64,
    fits: bool,
    info: &'p PathInfo,
}

fn scored<'p>(target: &Target, info: &'p PathInfo, name: f64) -> Option<Scored<'p>> {
    let repeated = info.path.contains("[*]");
    let fits = match target.kind {
        Some(NodeKind::Array) => repeated || info.types.contains(&NodeKind::Array),
        Some(kind) => !repeated && info.types.contains(&kind),
        None => true,
    };
    // A number can be written as text, but little else can stand for another type.
    let near = target.kind == Some(NodeKind::String)
        && !repeated
        && info.types.iter().any(|kind| matches!(kind, NodeKind::Number | NodeKind::Boolean));
    let kind = match (fits, near) {
        (true, _) => 1.0,
        (false, true) => 0.6,
        (false, false) => 0.0,
    };
    let score = 0.8 * name + 0.2 * kind;
    (name > 0.4 && kind > 0.0 && score >= 0.5).then_some(Scored { score, name, fits, info })
}

impl Scored<'_> {
    fn is_better(&self, than: &Self) -> bool {
        self.score > than.score + 1e-9
            || (self.score > than.score - 1e-9 && self.info.path.len() < than.info.path.len())
    }

    fn suggestion(self, target: &Target) -> Suggestion {
        let how = if self.name > 0.97 {
            "the same name"
        } else if self.name > 0.7 {
            "much the same name"
        } else {
            "a similar name"
        };
        let kind = if self.fits { "the same type" } else { "a type that can be converted" };
        Suggestion {
            target: target.pointer.clone(),
            path: self.info.path.clone(),
            score: (self.score * 100.0).round() / 100.0,
            reason: format!("{how}, {kind}"),
        }
    }
}
