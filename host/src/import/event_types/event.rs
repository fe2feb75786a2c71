//! An event type as it was found, made into a document of this gateway, or several. Not here: finding it
//! (`openapi`, `asyncapi`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::event_types::catalogue::Catalogue;
use crate::import::event_types::dialect::SpecDialect;
use crate::import::event_types::dialect::unwrapped;
use crate::import::event_types::payload::FIELDS;
use crate::import::event_types::payload::alternatives;
use crate::import::event_types::payload::beside;
use crate::import::event_types::payload::told;
use crate::import::event_types::pointer::reference;
use crate::import::event_types::pointer::seen;
use crate::import::event_types::pointer::shown;
use crate::import::event_types::reference::SpecPlace;
use crate::import::event_types::reference::weigh;
use crate::import::event_types::schema::BYTES_MAX;
use crate::import::event_types::schema::bundled;

const EVENT_TYPES: usize = 1000;
const NAME_CHARS: usize = 200;
const GROUP_CHARS: usize = 100;
const DESCRIPTION_CHARS: usize = 1000;

/// An event type as it was found.
#[derive(Clone, Debug)]
pub(super) struct FoundEvent<'d> {
    pub(super) at: String,
    /// How many notes there were before it was read.
    pub(super) noted: usize,
    /// What it is called unless its payload says otherwise.
    pub(super) name: String,
    /// Whether it is called so, whatever its payload says.
    pub(super) is_named: bool,
    pub(super) group: Option<&'d str>,
    /// The first of them that is there counts.
    pub(super) descriptions: Vec<Option<&'d Value>>,
    pub(super) schema: Option<(SpecPlace<'d>, SpecDialect)>,
    pub(super) examples: Vec<&'d Value>,
}

/// The schema of an event type's payloads.
#[derive(Clone, Copy)]
struct Payload<'b> {
    place: &'b SpecPlace<'b>,
    dialect: SpecDialect,
    /// Whether the document has it at that place, and not only this import.
    is_itself: bool,
}

impl<'d> Catalogue<'d> {
    /// Takes an event type, or several if its schema is for several.
    pub(super) fn take(&mut self, mut event: FoundEvent<'d>) -> Result<(), String> {
        let at = event.at.clone();
        let Some((place, dialect)) = event.schema.take() else { return self.add(&event.name, &event, None) };
        let alone = dialect.beside_reference();
        let found = match reference(place.value, alone) {
            Some(text) => self.reader.follow(&place.at, text, alone),
            None => Ok(place),
        };
        let found = found.and_then(|place| unwrapped(place, dialect));
        let Some((place, dialect)) = self.had(&at, found)? else {
            return self.add(&event.name, &event, None);
        };
        let whole = Payload { place: &place, dialect, is_itself: true };
        if event.is_named {
            return self.add(&event.name, &event, Some(whole));
        }
        let several = alternatives(&mut self.reader, &place, alone);
        let several = self.had(&at, several)?.unwrap_or_default();
        if several.is_empty() {
            let told = told(&mut self.reader, place.clone(), &FIELDS);
            let told = self.had(&at, told)?.unwrap_or_default();
            if told.name.is_none() && told.listed > 1 {
                let (name, many) = (shown(&event.name), told.listed);
                let detail =
                    format!("payloads are of one of {many} types, and stay the one event type {name}");
                self.note(&place.at, ImportFate::Approximated, detail);
            }
            return self.add(told.name.unwrap_or(&event.name), &event, Some(whole));
        }
        let is_whole = self.noted() == event.noted;
        for alternative in several {
            if self.is_full {
                break;
            }
            let spent = self.reader.spend(event.examples.len());
            self.had(&at, spent)?;
            let both = beside(&mut self.reader, &place, &alternative.schema);
            let both = self.had(&at, both)?.flatten();
            let mut of_it = event.clone();
            // What is noted of one of them is not of the others.
            of_it.noted = if is_whole { self.noted() } else { event.noted };
            of_it.descriptions.insert(0, alternative.schema.value.get("description"));
            of_it
                .examples
                .retain(|example| FIELDS.into_iter().any(|field| example[field] == alternative.name));
            let schema = match &both {
                Some(both) => SpecPlace { at: place.at.clone(), value: both },
                None => alternative.schema,
            };
            let payload = Payload { place: &schema, dialect, is_itself: both.is_none() };
            self.add(alternative.name, &of_it, Some(payload))?;
        }
        Ok(())
    }

    fn add(&mut self, name: &str, event: &FoundEvent<'d>, schema: Option<Payload<'_>>) -> Result<(), String> {
        if self.is_full {
            return Ok(());
        }
        if !(1..=NAME_CHARS).contains(&name.chars().take(NAME_CHARS + 1).count()) {
            let detail = format!("{} is no name: it has to have 1 to {NAME_CHARS} characters", shown(name));
            self.note(&event.at, ImportFate::Impossible, detail);
            return Ok(());
        }
        if self.names.contains(name) {
            let detail = format!("{} was found before, and the first is kept: name each once", shown(name));
            self.note(&event.at, ImportFate::Impossible, detail);
            return Ok(());
        }
        if self.documents.len() == EVENT_TYPES {
            self.is_full = true;
            let detail = format!(
                "at most {EVENT_TYPES} event types are taken, and none from here on: split the document"
            );
            self.note(&event.at, ImportFate::Impossible, detail);
            return Ok(());
        }
        self.names.insert(name.to_owned());
        let mut document = json!({ "resource": "event_type", "name": name });
        if let Some(group) = event.group.filter(|group| !group.is_empty()) {
            document["group"] = Value::String(group.chars().take(GROUP_CHARS).collect());
        }
        if let Some(description) = self.description(event) {
            document["description"] = Value::String(description);
        }
        let example = schema.and_then(|payload| own_example(payload.place.value));
        if let Some(payload) = schema
            && let Some(schema) = self.schema(event, payload)?
        {
            document["schema"] = schema;
        }
        if let Some(example) = event.examples.first().copied().or(example)
            && let Some(example) = self.example(event, example)?
        {
            document["example"] = example;
        }
        self.documents.push(document);
        let (fate, rest) = match self.noted() == event.noted {
            true => (ImportFate::Exact, ""),
            false => (ImportFate::Approximated, ", but for what the notes before this one say"),
        };
        self.note(&event.at, fate, format!("is the event type {}{rest}", shown(name)));
        Ok(())
    }

    fn description(&mut self, event: &FoundEvent<'d>) -> Option<String> {
        let start = |text: &str| text.chars().take(DESCRIPTION_CHARS).collect::<String>();
        let texts = event.descriptions.iter().filter_map(|text| text.and_then(Value::as_str));
        let mut texts = texts.map(|text| (text, start(text)));
        let (text, kept) = texts.find(|(_, kept)| !kept.trim().is_empty())?;
        if kept.len() < text.len() {
            let detail = format!("only the first {DESCRIPTION_CHARS} characters of its description are kept");
            self.note(&event.at, ImportFate::Approximated, detail);
        }
        Some(kept.trim().to_owned())
    }

    fn schema(&mut self, event: &FoundEvent<'d>, payload: Payload<'_>) -> Result<Option<Value>, String> {
        match payload.place.value {
            Value::Object(_) => {
                let bundled = bundled(&mut self.reader, payload.dialect, payload.place, payload.is_itself);
                self.had(&event.at, bundled)
            }
            // It says nothing.
            Value::Bool(true) => Ok(None),
            other => {
                let detail = format!("{} is no schema: it has to be an object", seen(other));
                self.note(&payload.place.at, ImportFate::Impossible, detail);
                Ok(None)
            }
        }
    }

    fn example(&mut self, event: &FoundEvent<'d>, example: &Value) -> Result<Option<Value>, String> {
        let weight = weigh(example);
        let spent = self.reader.spend(weight.nodes);
        self.had(&event.at, spent)?;
        if weight.bytes > BYTES_MAX || example.to_string().len() > BYTES_MAX {
            let detail =
                format!("the example is left out, since it has over {BYTES_MAX} bytes: make it smaller");
            self.note(&event.at, ImportFate::Approximated, detail);
            return Ok(None);
        }
        Ok(Some(example.clone()))
    }
}

/// A name that was found, or enough of it to see that it is too long.
pub(super) fn named(text: &str) -> String {
    text.chars().take(NAME_CHARS + 1).collect()
}

/// The example that a schema itself gives.
fn own_example(schema: &Value) -> Option<&Value> {
    let first = || schema.get("examples")?.as_array()?.first();
    schema.get("example").or_else(first)
}
