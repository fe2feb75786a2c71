//! A schema of a document made into one that stands by itself: what it refers to is copied under `$defs`, and
//! it is in JSON Schema 2020-12. Not here: what one level of a dialect comes to (`dialect`).

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use serde_json::Map;
use serde_json::Value;

use crate::import::event_types::dialect::SpecDialect;
use crate::import::event_types::dialect::is_dropped;
use crate::import::event_types::dialect::unwrapped;
use crate::import::event_types::pointer::child;
use crate::import::event_types::pointer::push;
use crate::import::event_types::pointer::reference;
use crate::import::event_types::pointer::seen;
use crate::import::event_types::pointer::shown;
use crate::import::event_types::pointer::tokens;
use crate::import::event_types::reference::HOPS;
use crate::import::event_types::reference::Reader;
use crate::import::event_types::reference::SpecPlace;
use crate::import::event_types::reference::SpecStop;
use crate::import::event_types::reference::weigh;

/// Bytes of a schema, or of an example.
pub(super) const BYTES_MAX: usize = 64 << 10;
/// Schemas within each other.
const DEPTH: usize = 64;
/// Levels of the whole, so that it can be read again with what is around it.
const LEVELS: usize = 120;
/// Bytes of a name under `$defs`, before what makes it unique.
const NAME_BYTES: usize = 64;

/// What a keyword has.
enum Has {
    Schema,
    Schemas,
    NamedSchemas,
    Data,
}

struct Bundle<'r, 'd, 'b> {
    reader: &'r mut Reader<'d>,
    dialect: SpecDialect,
    root: &'b SpecPlace<'b>,
    /// What each place is called from now on.
    named: HashMap<String, String>,
    used: HashSet<String>,
    waiting: VecDeque<(String, SpecPlace<'b>, SpecDialect)>,
    /// Where the walk is.
    at: String,
    bytes: usize,
}

/// Bundles the schema at a place. `is_itself`: references to the place mean it, since it is what the document
/// has there.
pub(super) fn bundled<'d: 'b, 'b>(
    reader: &mut Reader<'d>,
    dialect: SpecDialect,
    root: &'b SpecPlace<'b>,
    is_itself: bool,
) -> Result<Value, SpecStop> {
    let mut bundle = Bundle {
        reader,
        dialect,
        root,
        named: is_itself.then(|| (root.at.clone(), "#".to_owned())).into_iter().collect(),
        used: HashSet::new(),
        waiting: VecDeque::new(),
        at: root.at.clone(),
        bytes: 0,
    };
    let mut whole = bundle.schema(root.value, 0)?;
    let mut defs = Map::new();
    while let Some((name, place, dialect)) = bundle.waiting.pop_front() {
        bundle.at = place.at;
        bundle.dialect = dialect;
        defs.insert(name, bundle.schema(place.value, 0)?);
    }
    if !defs.is_empty() {
        whole["$defs"] = Value::Object(defs);
    }
    let lost = |detail: String| Err(SpecStop::Lost { at: root.at.clone(), detail });
    let (bytes, levels) = (whole.to_string().len(), weigh(&whole).levels);
    if bytes > BYTES_MAX {
        return lost(too_long(bytes));
    }
    if levels > LEVELS {
        return lost(format!(
            "the schema has {levels} levels; at most {LEVELS}: make inner schemas their own"
        ));
    }
    Ok(whole)
}

fn too_long(bytes: usize) -> String {
    format!(
        "the schema, with all that it refers to, has {bytes} bytes or more; at most {BYTES_MAX}: shorten it"
    )
}

impl<'d: 'b, 'b> Bundle<'_, 'd, 'b> {
    fn schema(&mut self, schema: &'b Value, depth: usize) -> Result<Value, SpecStop> {
        self.weighed(1, 1)?;
        if depth > DEPTH {
            return Err(
                self.lost(format!("over {DEPTH} schemas within each other: make inner ones their own"))
            );
        }
        let fields = match schema {
            Value::Bool(_) => return Ok(schema.clone()),
            Value::Object(fields) => fields,
            other => return Err(self.lost(format!("{} is no schema", seen(other)))),
        };
        let mut made = Map::new();
        if let Some(text) = reference(schema, false) {
            made.insert("$ref".to_owned(), Value::String(self.renamed(text)?));
            if !self.dialect.beside_reference() {
                return Ok(Value::Object(made));
            }
        }
        for (keyword, value) in fields {
            if is_dropped(keyword) || made.contains_key(keyword) {
                continue;
            }
            self.weighed(0, keyword.len() + 3)?;
            let mark = self.at.len();
            push(&mut self.at, keyword);
            let value = self.keyword(keyword, value, depth + 1)?;
            self.at.truncate(mark);
            made.insert(keyword.clone(), value);
        }
        self.dialect.convert(&mut made);
        Ok(Value::Object(made))
    }

    fn keyword(&mut self, keyword: &str, value: &'b Value, depth: usize) -> Result<Value, SpecStop> {
        match (has(keyword, value), value) {
            (Has::Schema, _) => self.schema(value, depth),
            (Has::Schemas, Value::Array(items)) => {
                let mut made = Vec::with_capacity(items.len());
                for (nth, item) in items.iter().enumerate() {
                    made.push(self.inner(&nth.to_string(), item, depth)?);
                }
                Ok(Value::Array(made))
            }
            (Has::NamedSchemas, Value::Object(named)) => {
                let mut made = Map::new();
                for (name, item) in named {
                    // Before draft-2019-09 names alone could stand there.
                    let is_names = keyword == "dependencies" && item.is_array();
                    let item = if is_names { self.data(item)? } else { self.inner(name, item, depth)? };
                    made.insert(name.clone(), item);
                }
                Ok(Value::Object(made))
            }
            (Has::Data, _) if matches!(keyword, "$ref" | "$dynamicRef" | "$recursiveRef") => {
                let seen = seen(value);
                Err(self.lost(format!("{seen} is not followed: use `$ref` with a JSON Pointer (`#/…`)")))
            }
            (Has::Data, _) => self.data(value),
            (_, other) => Err(self.lost(format!("{} is not what it takes", seen(other)))),
        }
    }

    fn inner(&mut self, name: &str, schema: &'b Value, depth: usize) -> Result<Value, SpecStop> {
        self.weighed(0, name.len() + 1)?;
        let mark = self.at.len();
        push(&mut self.at, name);
        let made = self.schema(schema, depth)?;
        self.at.truncate(mark);
        Ok(made)
    }

    fn data(&mut self, value: &Value) -> Result<Value, SpecStop> {
        let weight = weigh(value);
        self.weighed(weight.nodes, weight.bytes)?;
        Ok(value.clone())
    }

    /// What a reference is in the bundle. What it leads to waits to be copied.
    fn renamed(&mut self, text: &str) -> Result<String, SpecStop> {
        let place = self.led_to(text, 0)?;
        if let Some(name) = self.named.get(&place.at) {
            return Ok(name.clone());
        }
        let last = place.at.rsplit('/').next().unwrap_or_default();
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
        let mut name: String = last.chars().take(NAME_BYTES).map(safe).collect();
        if name.is_empty() {
            name.push_str("schema");
        }
        let name = self.unused(name)?;
        self.weighed(0, 2 * name.len())?;
        let renamed = format!("#/$defs/{name}");
        self.named.insert(place.at.clone(), renamed.clone());
        let (place, dialect) = unwrapped(place, self.dialect)?;
        self.waiting.push_back((name, place, dialect));
        Ok(renamed)
    }

    fn unused(&mut self, name: String) -> Result<String, SpecStop> {
        let mut unused = name.clone();
        let mut number = self.used.len();
        while !self.used.insert(unused.clone()) {
            self.weighed(1, 0)?;
            number += 1;
            unused = format!("{name}_{number}");
        }
        Ok(unused)
    }

    fn led_to(&mut self, text: &str, hops: usize) -> Result<SpecPlace<'b>, SpecStop> {
        let alone = self.dialect.beside_reference();
        let lost = match self.reader.follow(&self.at, text, alone) {
            Ok(place) if place.at.is_empty() => return Ok(self.root.clone()),
            Err(lost @ SpecStop::Lost { .. }) => lost,
            found => return found,
        };
        // A schema out of a file of its own refers to its own parts.
        let Ok(steps) = tokens(text) else { return Err(lost) };
        let mut place = self.root.clone();
        for step in steps {
            let Some(value) = child(place.value, &step) else { return Err(lost) };
            push(&mut place.at, &step);
            place.value = value;
        }
        match reference(place.value, alone) {
            None => Ok(place),
            Some(next) if hops < HOPS => self.led_to(next, hops + 1),
            Some(_) => {
                Err(self.lost(format!("{} leads over {HOPS} references, maybe in a circle", shown(text))))
            }
        }
    }

    fn weighed(&mut self, nodes: usize, bytes: usize) -> Result<(), SpecStop> {
        self.reader.spend(nodes)?;
        self.bytes += bytes;
        if self.bytes > BYTES_MAX {
            return Err(SpecStop::Lost { at: self.root.at.clone(), detail: too_long(self.bytes) });
        }
        Ok(())
    }

    fn lost(&self, detail: String) -> SpecStop {
        SpecStop::Lost { at: self.at.clone(), detail }
    }
}

fn has(keyword: &str, value: &Value) -> Has {
    match keyword {
        "items" if value.is_array() => Has::Schemas,
        "items"
        | "additionalItems"
        | "additionalProperties"
        | "contains"
        | "contentSchema"
        | "else"
        | "if"
        | "not"
        | "propertyNames"
        | "then"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Has::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Has::Schemas,
        "dependencies" | "dependentSchemas" | "patternProperties" | "properties" => Has::NamedSchemas,
        _ => Has::Data,
    }
}
