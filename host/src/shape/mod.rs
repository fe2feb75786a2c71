//! The declarative language: JSONPath (RFC 9535), filters and mappings over a payload's bytes.
//! Pure: no clock, no log, no randomness, no input or output.

pub mod budget;
mod fault;
mod number;
mod query;
mod tape;

pub use budget::{Budget, Exhausted};
pub use fault::{EvalFault, JsonFault, SpecFault};
pub use query::Query;
pub use tape::{Document, Elements, JsonLimits, Kind, Members, Node, TapeBuffer};
