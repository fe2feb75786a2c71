//! What came of a document so far, and what every reader of one does: it follows what it may, and notes what
//! it may not. Not here: finding event types (`openapi`, `asyncapi`), and what one comes to (`event`).

use std::collections::HashSet;

use serde_json::Value;

use crate::import::ImportFate;
use crate::import::ImportNote;
use crate::import::Imported;
use crate::import::event_types::pointer::joined;
use crate::import::event_types::pointer::seen;
use crate::import::event_types::pointer::shown;
use crate::import::event_types::reference::POINTER_BYTES;
use crate::import::event_types::reference::Reader;
use crate::import::event_types::reference::SpecPlace;
use crate::import::event_types::reference::SpecStop;
use crate::import::event_types::reference::WORK;

const NOTES: usize = 4000;
/// Characters of a place in a note.
const PLACE_CHARS: usize = 500;

/// What came of a document so far.
#[derive(Debug)]
pub(super) struct Catalogue<'d> {
    pub(super) reader: Reader<'d>,
    pub(super) documents: Vec<Value>,
    pub(super) names: HashSet<String>,
    pub(super) notes: Vec<ImportNote>,
    pub(super) is_full: bool,
}

impl<'d> Catalogue<'d> {
    pub(super) fn new(document: &'d Value) -> Result<Self, String> {
        let reader = Reader::new(document)?;
        Ok(Self { reader, documents: Vec::new(), names: HashSet::new(), notes: Vec::new(), is_full: false })
    }

    /// What came of it, or that there was nothing, as these words say.
    pub(super) fn finish(self, nothing: &str) -> Result<Imported, String> {
        if self.documents.is_empty() && self.notes.is_empty() {
            return Err(nothing.to_owned());
        }
        Ok(Imported { documents: self.documents, notes: self.notes })
    }

    /// How many notes there are, to see later whether there are more.
    pub(super) fn noted(&self) -> usize {
        self.notes.len()
    }

    /// Whether no more event types are taken.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    pub(super) fn note(&mut self, at: &str, fate: ImportFate, detail: String) {
        let (at, detail) = match self.notes.len() {
            NOTES.. => return,
            last if last + 1 == NOTES => {
                ("", format!("there is more to say than these {NOTES} notes: split the document"))
            }
            _ => (at, detail),
        };
        let mut place: String = at.chars().take(PLACE_CHARS).collect();
        if place.len() < at.len() {
            place.push('…');
        }
        self.notes.push(ImportNote { at: place, fate, detail });
    }

    /// What was read; nothing if it could not be, which is noted.
    pub(super) fn had<T>(&mut self, at: &str, result: Result<T, SpecStop>) -> Result<Option<T>, String> {
        match result {
            Ok(had) => Ok(Some(had)),
            Err(SpecStop::Lost { at, detail }) => {
                self.note(&at, ImportFate::Impossible, detail);
                Ok(None)
            }
            Err(SpecStop::Spent) => Err(format!(
                "{}: until here over {WORK} values of the document were looked at, counting what is \
                 referred to once for each event type: split the document, or let its schemas refer to less",
                shown(at)
            )),
        }
    }

    /// What a place is or refers to.
    pub(super) fn resolved(&mut self, place: SpecPlace<'d>) -> Result<Option<SpecPlace<'d>>, String> {
        let at = place.at.clone();
        let resolved = self.reader.resolved(place);
        self.had(&at, resolved)
    }

    /// What an object has, by its names.
    pub(super) fn entries(&mut self, place: &SpecPlace<'d>) -> Result<Vec<(&'d str, SpecPlace<'d>)>, String> {
        let Some(fields) = place.value.as_object() else {
            let seen = seen(place.value);
            self.note(
                &place.at,
                ImportFate::Impossible,
                format!("{seen} is not an object, and has to be one"),
            );
            return Ok(Vec::new());
        };
        let spent = self.reader.spend(fields.len());
        self.had(&place.at, spent)?;
        let mut entries = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            if name.len() > POINTER_BYTES / 2 {
                self.note(
                    &place.at,
                    ImportFate::Impossible,
                    format!("{} is too long a name: shorten it", shown(name)),
                );
                continue;
            }
            entries.push((name.as_str(), SpecPlace { at: joined(&place.at, name), value }));
        }
        Ok(entries)
    }
}
