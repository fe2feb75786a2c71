//! The span tape: a body's bytes, checked once, and a flat list of where its values are.
//! Numbers and strings stay as they came. Not here: what is looked for in it (`query`).

mod document;
mod node;
mod parse;
mod scan;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub use document::Document;
pub use document::JsonLimits;
pub(crate) use document::ROOT;
pub use document::TapeBuffer;
pub(crate) use document::WRAPPER;
pub use node::Elements;
pub use node::Members;
pub use node::Node;
pub use node::NodeKind;
pub(crate) use node::normalized_name;
pub(crate) use parse::TokenTag;

/// The offset after the JSON number at `start` of `bytes`; `None` if there is none.
pub(crate) fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    scan::number(bytes, start).ok()
}
