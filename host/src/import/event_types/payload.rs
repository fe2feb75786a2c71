//! What a schema of payloads tells of the events it is for: their names, and whether it is several in one.
//! Not here: making it stand by itself (`schema`).

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::import::event_types::pointer::reference;
use crate::import::event_types::reference::Reader;
use crate::import::event_types::reference::SpecPlace;
use crate::import::event_types::reference::SpecStop;
use crate::import::event_types::reference::weigh;

/// Where payloads say what they are, the likeliest first.
pub(super) const FIELDS: [&str; 3] = ["type", "event", "event_type"];

/// Bytes of a name that may do.
const NAME_BYTES: usize = 512;

/// What a schema says of its events' name.
#[derive(Debug, Default)]
pub(super) struct Told<'d> {
    /// The one it has to be.
    pub(super) name: Option<&'d str>,
    /// How many it may be, if those are listed.
    pub(super) listed: usize,
}

/// One event type of a schema for several.
#[derive(Debug)]
pub(super) struct Alternative<'d> {
    pub(super) name: &'d str,
    pub(super) schema: SpecPlace<'d>,
}

/// What a schema says of the name, by itself and by all that it has to fit too.
pub(super) fn told<'d>(
    reader: &mut Reader<'d>,
    schema: SpecPlace<'d>,
    fields: &[&str],
) -> Result<Told<'d>, SpecStop> {
    let mut best: Option<(usize, &'d str)> = None;
    let mut listed = 0;
    let mut seen = HashSet::new();
    let mut waiting = vec![schema];
    while let Some(place) = waiting.pop() {
        reader.spend(1 + fields.len())?;
        if !seen.insert(place.at.clone()) {
            continue;
        }
        for (rank, field) in fields.iter().enumerate() {
            let Some(property) = place.value.get("properties").and_then(|all| all.get(field)) else {
                continue;
            };
            let at = format!("{}/properties/{field}", place.at);
            let Some(property) = found(reader.resolved(SpecPlace { at, value: property }))? else { continue };
            let values = values(property.value);
            match values {
                [Value::String(name)] if best.as_ref().is_none_or(|(other, _)| rank < *other) => {
                    best = Some((rank, name));
                }
                _ => listed = listed.max(values.len()),
            }
        }
        let inner = place.value.get("allOf").and_then(Value::as_array).into_iter().flatten().enumerate();
        let inner = inner.map(|(nth, value)| SpecPlace { at: format!("{}/allOf/{nth}", place.at), value });
        let inner: Vec<_> = inner.collect();
        reader.spend(inner.len())?;
        // In reverse, since the last is looked at first.
        waiting.extend(inner.into_iter().rev());
        if let Some(text) = reference(place.value, false) {
            waiting.extend(found(reader.follow(&place.at, text, false))?);
        }
    }
    Ok(Told { name: best.map(|(_, name)| name), listed })
}

/// The event types of a schema that is one of several, each with a name of its own; none if it is not such.
pub(super) fn alternatives<'d>(
    reader: &mut Reader<'d>,
    schema: &SpecPlace<'d>,
    alone: bool,
) -> Result<Vec<Alternative<'d>>, SpecStop> {
    let Some((at, listed)) = choice(schema.value) else { return Ok(Vec::new()) };
    let discriminator = &schema.value["discriminator"];
    let mapped = mapped(reader, discriminator)?;
    let mut fields = FIELDS.to_vec();
    fields.extend(discriminator["propertyName"].as_str());
    let mut made = Vec::new();
    let mut names = HashSet::new();
    for (nth, value) in listed.iter().enumerate() {
        reader.spend(1)?;
        let at = format!("{}/{at}/{nth}", schema.at);
        let text = reference(value, alone);
        let inner = match text {
            Some(text) => reader.follow(&at, text, alone),
            None => Ok(SpecPlace { at, value }),
        };
        let Some(inner) = found(inner)? else { return Ok(Vec::new()) };
        let own = told(reader, inner.clone(), &fields)?.name;
        let by_mapping =
            || text.and_then(|text| mapped.get(text).or_else(|| mapped.get(text.rsplit('/').next()?)));
        let of_it = match own {
            Some(name) => vec![name],
            None => by_mapping().into_iter().flatten().copied().collect(),
        };
        if of_it.is_empty() || !of_it.iter().all(|name| name.len() <= NAME_BYTES && names.insert(*name)) {
            return Ok(Vec::new());
        }
        made.extend(of_it.into_iter().map(|name| Alternative { name, schema: inner.clone() }));
    }
    Ok(made)
}

/// What one alternative is together with what stands beside all of them; nothing if that does not matter.
pub(super) fn beside<'d>(
    reader: &mut Reader<'d>,
    schema: &SpecPlace<'d>,
    alternative: &SpecPlace<'d>,
) -> Result<Option<Value>, SpecStop> {
    let (Some((choice, _)), Some(fields)) = (choice(schema.value), schema.value.as_object()) else {
        return Ok(None);
    };
    let idle = |keyword: &str| {
        let known = [
            "type",
            "title",
            "description",
            "example",
            "examples",
            "nullable",
            "discriminator",
            "externalDocs",
        ];
        let also = ["$schema", "$id", "$comment", "$defs", "definitions", "deprecated"];
        keyword == choice || keyword.starts_with("x-") || known.contains(&keyword) || also.contains(&keyword)
    };
    let others = fields.iter().filter(|(keyword, _)| !idle(keyword));
    let mut rest: Map<String, Value> = Map::new();
    for (keyword, value) in others {
        reader.spend(weigh(value).nodes)?;
        rest.insert(keyword.clone(), value.clone());
    }
    if rest.is_empty() {
        return Ok(None);
    }
    // By reference where that can be, so that it is copied once and what refers to itself stays small.
    let text = alternative.at.replace('%', "%25");
    match rest.entry("allOf").or_insert_with(|| json!([])) {
        Value::Array(all) => all.push(json!({ "$ref": format!("#{text}") })),
        _ => return Ok(None),
    }
    Ok(Some(Value::Object(rest)))
}

fn choice(schema: &Value) -> Option<(&'static str, &Vec<Value>)> {
    let listed = |keyword| Some((keyword, schema.get(keyword)?.as_array()?));
    ["oneOf", "anyOf"].into_iter().filter_map(listed).find(|(_, listed)| listed.len() > 1)
}

/// The names by what they are mapped to.
fn mapped<'d>(
    reader: &mut Reader<'d>,
    discriminator: &'d Value,
) -> Result<HashMap<&'d str, Vec<&'d str>>, SpecStop> {
    let mut mapped: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, target) in discriminator["mapping"].as_object().into_iter().flatten() {
        reader.spend(1)?;
        if let Some(target) = target.as_str() {
            mapped.entry(target).or_default().push(name);
        }
    }
    Ok(mapped)
}

fn values(property: &Value) -> &[Value] {
    match (property.get("const"), property.get("enum")) {
        (Some(one), _) => std::slice::from_ref(one),
        (_, Some(Value::Array(listed))) => listed,
        _ => &[],
    }
}

/// What is lost here is told when the schema is bundled.
fn found<T>(result: Result<T, SpecStop>) -> Result<Option<T>, SpecStop> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(SpecStop::Lost { .. }) => Ok(None),
        Err(SpecStop::Spent) => Err(SpecStop::Spent),
    }
}
