//! Proposes which path might feed which field of a wanted output, by name, place and type.
//! Not here: accepting a proposal, which only a person does.

use crate::shape::fault::push_pointer;
use crate::shape::paths::PathInfo;
use crate::shape::paths::SampleFault;
use crate::shape::paths::paths;
use crate::shape::spec::distance;
use crate::shape::tape::Document;
use crate::shape::tape::Kind;
use crate::shape::tape::Node;

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
    kind: Option<Kind>,
}

/// Words that mean about the same in business payloads.
const SYNONYMS: &[&[&str]] = &[
    &["company", "account", "organization", "organisation", "org", "customer"],
    &["mail", "email"],
    &["phone", "telephone", "mobile", "tel"],
    &["website", "site", "url", "link", "href", "domain"],
    &["created", "creation", "inserted", "occurred", "detected"],
    &["updated", "modified", "changed"],
    &["date", "time", "timestamp", "at"],
    &["user", "person", "contact", "sender", "author"],
    &["kind", "type", "category"],
    &["price", "amount", "total", "value", "cost"],
    &["text", "message", "body", "content", "description"],
    &["title", "subject", "headline"],
    &["score", "confidence", "probability"],
    &["number", "no", "nr"],
    &["id", "identifier", "key", "uuid"],
];

/// The best path for each field of `target` (a JSON example, or a JSON Schema of an object), where
/// there is one. The fault's sample is the number of samples if the target is no JSON.
pub fn suggest(samples: &[&[u8]], target: &[u8]) -> Result<Vec<Suggestion>, SampleFault> {
    let known = paths(samples)?;
    let wanted = Document::parse(target).map_err(|fault| SampleFault { sample: samples.len(), fault })?;
    let mut targets = Vec::new();
    let root = wanted.root();
    if is_schema(root) {
        from_schema(root, "", &[], &mut targets)
    } else {
        from_example(root, "", &[], &mut targets)
    }
    let sources: Vec<(&PathInfo, Vec<String>)> =
        known.iter().map(|info| (info, path_words(&info.path))).collect();
    Ok(targets.iter().filter_map(|target| best(target, &sources)).collect())
}

fn is_schema(root: Node<'_>) -> bool {
    let properties = root.get("properties").is_some_and(|node| node.kind() == Kind::Object);
    properties
        && (root.get("$schema").is_some() || root.get("type").is_some_and(|node| node.is_str("object")))
}

fn from_schema(node: Node<'_>, pointer: &str, words: &[String], targets: &mut Vec<Target>) {
    let Some(properties) = node.get("properties") else { return };
    for (name, schema) in properties.members() {
        let (pointer, words) = (push_pointer(pointer, &name), joined(words, &name));
        if schema.get("properties").is_some() {
            from_schema(schema, &pointer, &words, targets);
            continue;
        }
        let types = schema.get("type");
        let first = types.and_then(|types| types.element(0)).or(types).and_then(Node::as_str);
        let kind = first.and_then(|name| match &*name {
            "string" => Some(Kind::String),
            "number" | "integer" => Some(Kind::Number),
            "boolean" => Some(Kind::Boolean),
            "array" => Some(Kind::Array),
            "object" => Some(Kind::Object),
            _ => None,
        });
        targets.push(Target { pointer, words, kind });
    }
}

fn from_example(node: Node<'_>, pointer: &str, words: &[String], targets: &mut Vec<Target>) {
    for (name, value) in node.members() {
        let (pointer, words) = (push_pointer(pointer, &name), joined(words, &name));
        if value.kind() == Kind::Object && !value.is_empty() {
            from_example(value, &pointer, &words, targets);
        } else {
            let kind = Some(value.kind()).filter(|kind| *kind != Kind::Null);
            targets.push(Target { pointer, words, kind });
        }
    }
}

fn joined(words: &[String], name: &str) -> Vec<String> {
    words.iter().cloned().chain(split_words(name)).collect()
}

/// The words of a name in any of the usual spellings: `companyName`, `company_name`, `Company-Name`.
fn split_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut start_new = true;
    let mut before_lower = false;
    for char in name.chars() {
        if !char.is_alphanumeric() {
            start_new = true;
            continue;
        }
        if start_new || (char.is_uppercase() && before_lower) {
            words.push(String::new());
        }
        start_new = false;
        before_lower = char.is_lowercase() || char.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(char.to_lowercase());
        }
    }
    words
}

fn path_words(path: &str) -> Vec<String> {
    split_words(path)
}

/// How alike two words are: 1 the same, 0 nothing in common.
fn alike(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    let singular = |word: &str| word.strip_suffix('s').unwrap_or(word).to_owned();
    if singular(left) == singular(right) {
        return 0.95;
    }
    if SYNONYMS.iter().any(|group| group.contains(&left) && group.contains(&right)) {
        return 0.8;
    }
    let longest = left.chars().count().max(right.chars().count());
    let letters = distance(left, right);
    if longest >= 4 && letters * 4 <= longest { 0.7 } else { 0.0 }
}

/// How well the words of a field are found among those of a path; the last word counts most.
fn names_alike(wanted: &[String], have: &[String]) -> f64 {
    let (Some(last_wanted), Some(last_have)) = (wanted.last(), have.last()) else { return 0.0 };
    let among = |word: &String| have.iter().map(|other| alike(word, other)).fold(0.0, f64::max);
    let covered = wanted.iter().map(among).sum::<f64>() / wanted.len() as f64;
    let back = |word: &String| wanted.iter().map(|other| alike(word, other)).fold(0.0, f64::max);
    let used = have.iter().map(back).sum::<f64>() / have.len() as f64;
    0.5 * alike(last_wanted, last_have) + 0.35 * covered + 0.15 * used
}

fn best(target: &Target, sources: &[(&PathInfo, Vec<String>)]) -> Option<Suggestion> {
    let scored = sources.iter().filter_map(|(info, words)| {
        let name = names_alike(&target.words, words);
        let repeated = info.path.contains("[*]");
        let fits = match target.kind {
            Some(Kind::Array) => repeated || info.types.contains(&Kind::Array),
            Some(kind) => !repeated && info.types.contains(&kind),
            None => true,
        };
        // A number can be written as text, but little else can stand for another type.
        let near = target.kind == Some(Kind::String)
            && !repeated
            && info.types.iter().any(|kind| matches!(kind, Kind::Number | Kind::Boolean));
        let kind = if fits {
            1.0
        } else if near {
            0.6
        } else {
            0.0
        };
        let score = 0.8 * name + 0.2 * kind;
        (name > 0.4 && kind > 0.0 && score >= 0.5).then_some((score, name, fits, *info))
    });
    // The first of equals wins, and among those the shorter path.
    let (score, name, fits, info) = scored.reduce(|best, next| {
        let better =
            next.0 > best.0 + 1e-9 || (next.0 > best.0 - 1e-9 && next.3.path.len() < best.3.path.len());
        if better { next } else { best }
    })?;
    let how = if name > 0.97 {
        "the same name"
    } else if name > 0.7 {
        "much the same name"
    } else {
        "a similar name"
    };
    let kind = if fits { "the same type" } else { "a type that can be converted" };
    let path = info.path.clone();
    Some(Suggestion {
        target: target.pointer.clone(),
        path,
        score: (score * 100.0).round() / 100.0,
        reason: format!("{how}, {kind}"),
    })
}
