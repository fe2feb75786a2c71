//! The span tape: a body's bytes, checked once, and a flat list of where its values are.
//! Numbers and strings stay as they came. Not here: what is looked for in it (`query`).

mod document;
mod node;
mod parse;
mod scan;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub(crate) use document::ROOT;
pub(crate) use document::WRAPPER;
pub use document::{Document, JsonLimits, TapeBuffer};
pub(crate) use node::normalized_name;
pub use node::{Elements, Kind, Members, Node};
pub(crate) use parse::Tag;

/// The offset after the JSON number at `start` of `bytes`; `None` if there is none.
pub(crate) fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    scan::number(bytes, start).ok()
}
