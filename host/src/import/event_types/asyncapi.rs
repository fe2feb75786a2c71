//! Event types of an AsyncAPI document: its messages, in the order of operations, channels, and those in no
//! channel. Not here: what becomes of one (`catalogue`).
//!
//! <https://www.asyncapi.com/docs/reference/specification/v3.0.0>,
//! <https://www.asyncapi.com/docs/reference/specification/v2.6.0>.

use std::collections::HashSet;

use serde_json::Value;

use crate::import::ImportFate;
use crate::import::Imported;
use crate::import::event_types::catalogue::Catalogue;
use crate::import::event_types::dialect::SpecDialect;
use crate::import::event_types::dialect::foreign;
use crate::import::event_types::event::FoundEvent;
use crate::import::event_types::event::named;
use crate::import::event_types::pointer::joined;
use crate::import::event_types::pointer::reference;
use crate::import::event_types::pointer::shown;
use crate::import::event_types::pointer::tokens;
use crate::import::event_types::reference::SpecPlace;

const NOTHING: &str = "the document has no message: looked in `operations`, `channels` and \
                       `components.messages`; add them there";

struct Messages<'d> {
    catalogue: Catalogue<'d>,
    is_second: bool,
    /// Where those are that were taken.
    seen: HashSet<String>,
}

/// Reads the event types of an AsyncAPI document, of version 2 or 3.
pub(in crate::import) fn asyncapi(document: &Value) -> Result<Imported, String> {
    let seen = match &document["asyncapi"] {
        Value::String(version) => version.clone(),
        other => other.to_string(),
    };
    let is_second = seen.starts_with("2.");
    if !is_second && !seen.starts_with("3.") {
        return Err(format!("/asyncapi: is {}, and has to be version 2 or 3, such as `3.0.0`", shown(&seen)));
    }
    let mut messages = Messages { catalogue: Catalogue::new(document)?, is_second, seen: HashSet::new() };
    let root = messages.catalogue.reader.root();
    if !is_second && let Some(operations) = root.field("operations") {
        for (_, operation) in messages.catalogue.entries(&operations)? {
            messages.operation(operation)?;
        }
    }
    if let Some(channels) = root.field("channels") {
        for (name, channel) in messages.catalogue.entries(&channels)? {
            messages.channel(name, channel)?;
        }
    }
    if let Some(all) = root.field("components").and_then(|components| components.field("messages")) {
        messages.all(&all)?;
    }
    messages.catalogue.finish(NOTHING)
}

impl<'d> Messages<'d> {
    /// Of version 3: it names some of the messages of its channel, or means all of them.
    fn operation(&mut self, operation: SpecPlace<'d>) -> Result<(), String> {
        let Some(operation) = self.catalogue.resolved(operation)? else { return Ok(()) };
        if let Some(Value::Array(named)) = operation.value.get("messages") {
            for (nth, value) in named.iter().enumerate() {
                let place =
                    SpecPlace { at: joined(&joined(&operation.at, "messages"), &nth.to_string()), value };
                let key = last_step(value).unwrap_or_default();
                self.message(&key, place)?;
            }
            return Ok(());
        }
        match operation.field("channel") {
            Some(channel) => self.channel("", channel),
            None => Ok(()),
        }
    }

    fn channel(&mut self, name: &str, channel: SpecPlace<'d>) -> Result<(), String> {
        let Some(channel) = self.catalogue.resolved(channel)? else { return Ok(()) };
        if !self.is_second {
            return match channel.field("messages") {
                Some(messages) => self.all(&messages),
                None => Ok(()),
            };
        }
        for direction in ["publish", "subscribe"] {
            let Some(operation) = channel.field(direction) else { continue };
            let Some(message) = operation.field("message") else { continue };
            // What stands for a name, if the message has none and is nowhere that has one.
            let name = operation.value["operationId"].as_str().unwrap_or(name);
            let Some(Value::Array(several)) = message.value.get("oneOf") else {
                self.second(name, message)?;
                continue;
            };
            for (nth, value) in several.iter().enumerate() {
                let at = joined(&joined(&message.at, "oneOf"), &nth.to_string());
                self.second(name, SpecPlace { at, value })?;
            }
        }
        Ok(())
    }

    /// A message of version 2, which has no key where it is used.
    fn second(&mut self, name: &str, message: SpecPlace<'d>) -> Result<(), String> {
        let key = last_step(message.value);
        let key = key.or_else(|| message.value["messageId"].as_str().map(str::to_owned));
        self.message(key.as_deref().unwrap_or(name), message)
    }

    fn all(&mut self, messages: &SpecPlace<'d>) -> Result<(), String> {
        for (key, message) in self.catalogue.entries(messages)? {
            self.message(key, message)?;
        }
        Ok(())
    }

    fn message(&mut self, key: &str, message: SpecPlace<'d>) -> Result<(), String> {
        if self.catalogue.is_full() {
            return Ok(());
        }
        let spent = self.catalogue.reader.spend(1);
        self.catalogue.had(&message.at, spent)?;
        let Some(message) = self.catalogue.resolved(message)? else { return Ok(()) };
        // Most are in a channel and an operation too.
        if !self.seen.insert(message.at.clone()) {
            return Ok(());
        }
        let noted = self.catalogue.noted();
        let layers = self.layers(&message)?;
        let of = |name: &str| field(&layers, name);
        let tag = match of("tags").and_then(|tags| tags.get(0)) {
            Some(value) => self.catalogue.resolved(SpecPlace { at: joined(&message.at, "tags/0"), value })?,
            None => None,
        };
        if of("headers").is_some() {
            let detail = "headers are no part of a payload, so no schema has them".to_owned();
            self.catalogue.note(&joined(&message.at, "headers"), ImportFate::Approximated, detail);
        }
        let name = of("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let examples = of("examples").and_then(Value::as_array).into_iter().flatten();
        let examples = examples.filter_map(|example| example.get("payload")).take(1).collect();
        let schema = self.schema(&message, of("schemaFormat"))?;
        self.catalogue.take(FoundEvent {
            name: named(name.unwrap_or(key)),
            is_named: name.is_some(),
            group: tag.and_then(|tag| tag.value.get("name")?.as_str()),
            descriptions: vec![of("description"), of("summary")],
            schema,
            examples,
            at: message.at,
            noted,
        })
    }

    /// A message and its traits, so that each goes over those before it. In version 2 traits go over the
    /// message, in version 3 it goes over them.
    fn layers(&mut self, message: &SpecPlace<'d>) -> Result<Vec<&'d Value>, String> {
        let mut layers = Vec::new();
        for (nth, value) in message.value["traits"].as_array().into_iter().flatten().enumerate() {
            let at = joined(&joined(&message.at, "traits"), &nth.to_string());
            layers.extend(self.catalogue.resolved(SpecPlace { at, value })?.map(|place| place.value));
        }
        let spent = self.catalogue.reader.spend(layers.len());
        self.catalogue.had(&message.at, spent)?;
        let own = if self.is_second { 0 } else { layers.len() };
        layers.insert(own, message.value);
        Ok(layers)
    }

    fn schema(
        &mut self,
        message: &SpecPlace<'d>,
        format: Option<&'d Value>,
    ) -> Result<Option<(SpecPlace<'d>, SpecDialect)>, String> {
        let Some(payload) = message.field("payload") else { return Ok(None) };
        let Some(format) = format.filter(|_| self.is_second) else {
            return Ok(Some((payload, SpecDialect::Draft07)));
        };
        let format = format.as_str().unwrap_or_default();
        let known = SpecDialect::of_format(format);
        let known = known.ok_or_else(|| foreign(joined(&message.at, "schemaFormat"), format));
        Ok(self.catalogue.had(&message.at, known)?.map(|dialect| (payload, dialect)))
    }
}

/// A field after all layers were merged as JSON Merge Patches. Of those that are read none is an object of
/// which the inside matters, so the last that says anything has it.
fn field<'d>(layers: &[&'d Value], name: &str) -> Option<&'d Value> {
    layers.iter().rev().find_map(|layer| layer.get(name)).filter(|value| !value.is_null())
}

/// The last name of what is referred to.
fn last_step(value: &Value) -> Option<String> {
    tokens(reference(value, false)?).ok()?.pop()
}
