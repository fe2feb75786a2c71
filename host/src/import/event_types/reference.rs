//! Finding one's way in a document of a stranger: references within it, under one budget. Not here: what is
//! referred to.

use serde_json::Value;

use crate::import::event_types::pointer::child;
use crate::import::event_types::pointer::joined;
use crate::import::event_types::pointer::push;
use crate::import::event_types::pointer::reference;
use crate::import::event_types::pointer::shown;
use crate::import::event_types::pointer::tokens;

/// Levels of a document; what `serde_json` reads by itself.
const NESTING: usize = 128;
/// References in a row.
pub(super) const HOPS: usize = 64;
/// Bytes of a pointer to a place: each of many places has one.
pub(super) const POINTER_BYTES: usize = 2000;
/// Nodes visited in one import, some of them many times.
pub(super) const WORK: usize = 1_000_000;

/// Why something was not read.
#[derive(Debug)]
pub(super) enum SpecStop {
    /// The budget of the whole document is spent.
    Spent,
    /// This one thing is not to be had.
    Lost {
        /// JSON Pointer.
        at: String,
        /// In words.
        detail: String,
    },
}

/// A value and where it is.
#[derive(Clone, Debug)]
pub(super) struct SpecPlace<'d> {
    pub(super) at: String,
    pub(super) value: &'d Value,
}

impl<'d> SpecPlace<'d> {
    /// What a field has, if it is there and not null.
    pub(super) fn field(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(SpecPlace { at: joined(&self.at, name), value })
    }
}

/// A document and what may still be done with it.
#[derive(Debug)]
pub(super) struct Reader<'d> {
    document: &'d Value,
    left: usize,
}

impl<'d> Reader<'d> {
    pub(super) fn new(document: &'d Value) -> Result<Self, String> {
        let deepest = weigh(document).levels;
        if deepest > NESTING {
            return Err(format!(
                "the document is nested {deepest} levels deep; at most {NESTING}: move inner schemas to a \
                 place of their own and refer to them"
            ));
        }
        Ok(Self { document, left: WORK })
    }

    pub(super) fn root(&self) -> SpecPlace<'d> {
        SpecPlace { at: String::new(), value: self.document }
    }

    pub(super) fn spend(&mut self, nodes: usize) -> Result<(), SpecStop> {
        self.left = self.left.checked_sub(nodes).ok_or(SpecStop::Spent)?;
        Ok(())
    }

    /// What the place is, or what it refers to.
    pub(super) fn resolved(&mut self, place: SpecPlace<'d>) -> Result<SpecPlace<'d>, SpecStop> {
        match reference(place.value, false) {
            Some(text) => self.follow(&place.at, text, false),
            None => Ok(place),
        }
    }

    /// Where a reference leads, through further references. `alone`: only through those with nothing beside
    /// them.
    pub(super) fn follow(&mut self, from: &str, text: &str, alone: bool) -> Result<SpecPlace<'d>, SpecStop> {
        let lost = |detail: String| SpecStop::Lost { at: from.to_owned(), detail };
        let mut ahead = Vec::new();
        let mut place = self.root();
        let mut next = text;
        for _ in 0..HOPS {
            // So that reading one long reference time and again is paid for.
            self.spend(1 + next.len() / 16)?;
            ahead.extend(tokens(next).map_err(lost)?.into_iter().rev());
            place = self.root();
            let onward = loop {
                self.spend(1)?;
                let Some(token) = ahead.pop() else { break reference(place.value, alone) };
                if let Some(value) = child(place.value, &token) {
                    push(&mut place.at, &token);
                    place.value = value;
                    if place.at.len() > POINTER_BYTES {
                        return Err(lost(format!(
                            "{} leads over {POINTER_BYTES} bytes of names",
                            shown(text)
                        )));
                    }
                    continue;
                }
                // A step that goes on behind a reference.
                let onward = reference(place.value, false);
                if onward.is_none() {
                    let (missing, inside) = (shown(&token), shown(&place.at));
                    return Err(lost(format!(
                        "{} leads to nothing, since {inside} has no {missing}: add it there",
                        shown(text)
                    )));
                }
                ahead.push(token);
                break onward;
            };
            match onward {
                Some(onward) => next = onward,
                None => return Ok(place),
            }
        }
        let (text, last) = (shown(text), shown(&place.at));
        Err(lost(format!(
            "{text} goes over more than {HOPS} references in a row, the last at {last}, maybe in a circle: \
             let it name what is meant itself"
        )))
    }
}

/// How much a value is: its bytes are at least these.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
    pub(super) levels: usize,
}

/// Weighs a value, without recursion.
pub(super) fn weigh(value: &Value) -> Weight {
    let mut weight = Weight::default();
    let mut waiting = vec![(value, 1)];
    while let Some((value, level)) = waiting.pop() {
        weight.nodes += 1;
        weight.bytes += 1;
        weight.levels = weight.levels.max(level);
        match value {
            Value::String(text) => weight.bytes += text.len(),
            Value::Array(items) => waiting.extend(items.iter().map(|item| (item, level + 1))),
            Value::Object(fields) => {
                weight.bytes += fields.keys().map(|name| name.len() + 3).sum::<usize>();
                waiting.extend(fields.values().map(|field| (field, level + 1)));
            }
            _ => {}
        }
    }
    weight
}
