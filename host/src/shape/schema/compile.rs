//! From a schema's text to its rules: every place that is a schema is read once, however many references lead to it, so
//! the work is that of the text. Not here: what one keyword means (`keywords`).

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use crate::shape::budget::MAX_SPEC_DEPTH;
use crate::shape::budget::MAX_SPEC_NODES;
use crate::shape::fault::SpecFault;
use crate::shape::fault::bounded;
use crate::shape::query::RegexPattern;
use crate::shape::query::compile_regex;
use crate::shape::schema::MAX_SCHEMA_BYTES;
use crate::shape::schema::Schema;
use crate::shape::schema::dialect::SchemaDraft;
use crate::shape::schema::rule::SchemaRule;
use crate::shape::schema::rule::SubSchema;
use crate::shape::tape::Document;
use crate::shape::tape::JsonLimits;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

/// Faults that are told of one schema.
const FAULTS_MAX: usize = 20;
/// Size of all its regular expressions together: 64 small ones, or one of the largest.
const PATTERN_UNITS_MAX: u64 = 64;
/// What is no schema although it may look like one.
const NO_SCHEMAS: [&str; 5] = ["const", "enum", "default", "examples", "example"];

pub(super) fn compile(text: &str) -> Result<Schema, Vec<SpecFault>> {
    if text.len() > MAX_SCHEMA_BYTES {
        let detail = format!("the schema has {} bytes; at most {MAX_SCHEMA_BYTES} are allowed", text.len());
        return Err(vec![SpecFault::new("", detail)]);
    }
    let limits = JsonLimits { max_bytes: MAX_SCHEMA_BYTES, max_depth: MAX_SPEC_DEPTH };
    let document = Document::parse_with(text.as_bytes(), limits)
        .map_err(|fault| vec![SpecFault::new("", fault.to_string())])?;
    let root = document.root();
    if !matches!(root.kind(), NodeKind::Object | NodeKind::Boolean) {
        let detail = format!("expected a JSON Schema, which is an object; saw {}", root.kind().name());
        return Err(vec![SpecFault::new("", detail)]);
    }
    let dialect = SchemaDraft::of(root).map_err(|fault| vec![fault])?;
    let mut compiler = SchemaCompiler::new(root, dialect);
    compiler.place(root, String::new());
    compiler.read_all();
    let SchemaCompiler { places, faults, tracks, .. } = compiler;
    if faults.is_empty() { Ok(Schema { places, tracks }) } else { Err(faults) }
}

/// A place that was named and not read yet.
struct Waiting<'s> {
    place: SubSchema,
    node: Node<'s>,
    pointer: String,
}

pub(super) struct SchemaCompiler<'s> {
    root: Node<'s>,
    pub(super) dialect: SchemaDraft,
    /// Its own `$id`, by which references may name it.
    id: String,
    anchors: HashMap<String, Node<'s>>,
    /// By where it stands in the text.
    known: HashMap<usize, SubSchema>,
    waiting: Vec<Waiting<'s>>,
    places: Vec<Vec<SchemaRule>>,
    faults: Vec<SpecFault>,
    /// Size of its regular expressions, in units of [`RegexPattern::units`].
    pattern_units: u64,
    pub(super) tracks: bool,
}

impl<'s> SchemaCompiler<'s> {
    fn new(root: Node<'s>, dialect: SchemaDraft) -> Self {
        let mut anchors = HashMap::new();
        find_anchors(root, &mut anchors);
        let id = root.get("$id").and_then(Node::as_str).unwrap_or_default();
        Self {
            root,
            dialect,
            id: id.trim_end_matches('#').to_owned(),
            anchors,
            known: HashMap::new(),
            waiting: Vec::new(),
            places: Vec::new(),
            faults: Vec::new(),
            pattern_units: 0,
            tracks: false,
        }
    }

    /// The place of a schema, to be read if it is new.
    pub(super) fn place(&mut self, node: Node<'s>, pointer: String) -> SubSchema {
        if let Some(known) = self.known.get(&node.offset()) {
            return *known;
        }
        let place = self.places.len();
        self.places.push(Vec::new());
        self.known.insert(node.offset(), place);
        if place >= MAX_SPEC_NODES {
            if place == MAX_SPEC_NODES {
                self.fault(&pointer, format!("more than {MAX_SPEC_NODES} schemas are in this one"));
            }
            return place;
        }
        self.waiting.push(Waiting { place, node, pointer });
        place
    }

    fn read_all(&mut self) {
        while let Some(Waiting { place, node, pointer }) = self.waiting.pop() {
            match node.kind() {
                NodeKind::Boolean if node.as_bool() == Some(true) => {}
                NodeKind::Boolean => self.places[place].push(SchemaRule::Nothing),
                NodeKind::Object => self.places[place] = self.rules(node, &pointer),
                other => {
                    let detail =
                        format!("expected a schema, an object or true or false; saw {}", other.name());
                    self.fault(&pointer, detail);
                }
            }
        }
    }

    pub(super) fn is_root(&self, node: Node<'s>) -> bool {
        node.offset() == self.root.offset()
    }

    pub(super) fn fault(&mut self, pointer: &str, detail: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(SpecFault::new(pointer, detail));
        }
    }

    /// A regular expression, if there is room for it beside the others. Nothing more is compiled once there is none.
    pub(super) fn regex(&mut self, pattern: &str, at: &str) -> Option<RegexPattern> {
        if self.pattern_units > PATTERN_UNITS_MAX {
            return None;
        }
        let regex = compile_regex(pattern);
        // One that cannot be compiled may have taken as long as the largest.
        self.pattern_units += regex.as_ref().map_or(PATTERN_UNITS_MAX / 4, RegexPattern::units);
        match regex {
            Err(detail) => self.fault(at, detail),
            Ok(_) if self.pattern_units > PATTERN_UNITS_MAX => {
                self.fault(
                    at,
                    "the regular expressions of this schema are too large together: leave some out",
                );
            }
            Ok(regex) => return Some(regex),
        }
        None
    }

    /// Where a reference leads.
    pub(super) fn referred(&mut self, node: Node<'s>, pointer: &str) -> Option<SubSchema> {
        let Some(text) = node.as_str() else {
            self.fault(
                pointer,
                format!("expected a text such as \"#/$defs/user\"; saw {}", node.kind().name()),
            );
            return None;
        };
        let own = text.strip_prefix(&self.id).filter(|rest| rest.is_empty() || rest.starts_with('#'));
        let Some(fragment) = text.strip_prefix('#').or_else(|| own.map(|rest| rest.trim_start_matches('#')))
        else {
            let detail = format!(
                "`{}` leads out of this schema, and nothing is fetched: put what it means into `$defs` here",
                bounded(&text)
            );
            self.fault(pointer, detail);
            return None;
        };
        let fragment = percent_decode_str(fragment).decode_utf8_lossy().into_owned();
        let target = match fragment.as_str() {
            "" => Some(self.root),
            path if path.starts_with('/') => self.root.pointer(path),
            anchor => self.anchors.get(anchor).copied(),
        };
        match target {
            Some(target) => Some(
                self.place(target, if fragment.starts_with('/') { fragment } else { pointer.to_owned() }),
            ),
            None => {
                self.fault(pointer, format!("there is nothing at `{}` in this schema", bounded(&text)));
                None
            }
        }
    }
}

/// At most as deep as the text.
fn find_anchors<'s>(node: Node<'s>, anchors: &mut HashMap<String, Node<'s>>) {
    for element in node.elements() {
        find_anchors(element, anchors);
    }
    for (name, value) in node.members() {
        match name.as_ref() {
            "$anchor" | "$dynamicAnchor" => {
                if let Some(anchor) = value.as_str() {
                    anchors.entry(anchor.into_owned()).or_insert(node);
                }
            }
            // Before 2019-09 an anchor was an `$id` of that form.
            "$id" => {
                if let Some(anchor) = value.as_str().as_deref().and_then(|id| id.strip_prefix('#')) {
                    anchors.entry(anchor.to_owned()).or_insert(node);
                }
            }
            name if NO_SCHEMAS.contains(&name) => {}
            _ => find_anchors(value, anchors),
        }
    }
}
