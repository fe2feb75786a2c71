//! The documents and notes an importer has so far. Not here: what they say.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::ImportNote;
use crate::import::Imported;
use crate::import::shared::names::DraftKind;
use crate::import::shared::names::FreeNames;

/// Documents that hookmill takes at once.
const DOCUMENTS_MAX: usize = 1000;
/// Notes that anybody reads; a further one says that there are more.
const NOTES_MAX: usize = 10_000;
/// Characters of a note.
const DETAIL_CHARS: usize = 1000;

/// See the head of this file.
#[derive(Debug)]
pub(in crate::import) struct Draft {
    /// What variables begin with.
    product: &'static str,
    names: FreeNames,
    event_types: Vec<Value>,
    sources: Vec<Value>,
    destinations: Vec<Value>,
    connections: Vec<Value>,
    notes: Vec<ImportNote>,
    /// Notes that were too many.
    more: usize,
}

impl Draft {
    /// Nothing so far.
    pub(in crate::import) fn new(product: &'static str) -> Self {
        Self {
            product,
            names: FreeNames::default(),
            event_types: Vec::new(),
            sources: Vec::new(),
            destinations: Vec::new(),
            connections: Vec::new(),
            notes: Vec::new(),
            more: 0,
        }
    }

    /// A free name.
    pub(in crate::import) fn name(&mut self, kind: DraftKind, wanted: &str, otherwise: &str) -> String {
        self.names.take(kind, wanted, otherwise)
    }

    /// Says what became of something.
    pub(in crate::import) fn note(&mut self, at: &str, fate: ImportFate, detail: impl Into<String>) {
        if self.notes.len() >= NOTES_MAX {
            self.more += 1;
            return;
        }
        let detail = detail.into().chars().take(DETAIL_CHARS).collect();
        self.notes.push(ImportNote { at: at.to_owned(), fate, detail });
    }

    /// What stands in the place of a secret; says so. `whose` and `what` make the variable's name.
    pub(in crate::import) fn secret(&mut self, at: &str, whose: &str, what: &str) -> Value {
        let wanted = format!("{} {whose} {what}", self.product);
        let name = self.names.take(DraftKind::Variable, &wanted, "IMPORTED_SECRET");
        self.note(
            at,
            ImportFate::Approximated,
            format!(
                "the {what} is not copied: set the environment variable {name} to it before `hookmill apply`"
            ),
        );
        json!({ "$env": name })
    }

    /// Adds a document.
    pub(in crate::import) fn add(&mut self, kind: DraftKind, members: Map<String, Value>) {
        let (list, resource) = match kind {
            DraftKind::EventType => (&mut self.event_types, "event_type"),
            DraftKind::Source => (&mut self.sources, "source"),
            DraftKind::Destination => (&mut self.destinations, "destination"),
            DraftKind::Connection => (&mut self.connections, "connection"),
            DraftKind::Variable => return,
        };
        let mut document = Map::from_iter([("resource".to_owned(), resource.into())]);
        document.extend(members);
        list.push(document.into());
    }

    /// All of it: what is referred to comes first.
    pub(in crate::import) fn finish(mut self) -> Result<Imported, String> {
        let mut documents = self.event_types;
        documents.append(&mut self.sources);
        documents.append(&mut self.destinations);
        documents.append(&mut self.connections);
        if documents.len() > DOCUMENTS_MAX {
            return Err(format!(
                "this comes to {} documents, and `hookmill apply` takes at most {DOCUMENTS_MAX} at once: export fewer of them at a time",
                documents.len()
            ));
        }
        if self.more > 0 {
            let detail =
                format!("there are {} more notes; import fewer things at a time to see them", self.more);
            self.notes.push(ImportNote { at: String::new(), fate: ImportFate::Approximated, detail });
        }
        Ok(Imported { documents, notes: self.notes })
    }
}

/// The members of an object that was written with `json!`, without those that are null.
pub(in crate::import) fn without_nulls(value: Value) -> Map<String, Value> {
    let Value::Object(mut members) = value else { return Map::new() };
    members.retain(|_, member| !member.is_null());
    members
}
