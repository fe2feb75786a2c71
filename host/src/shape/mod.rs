//! The declarative language: JSONPath (RFC 9535), filters and mappings over a payload's bytes.
//! Pure: no clock, no log, no randomness, no input or output.
//!
//! A payload is parsed once into a [`Document`], which every [`Query`], [`Filter`] and [`Mapping`]
//! of the event shares through its [`Input`]. Numbers and strings keep their spelling: they are
//! compared exactly and written as they came. What is compiled was checked in full; what runs has
//! a [`Budget`].

mod apply;
pub mod budget;
mod explain;
mod fault;
mod filter;
mod input;
mod mapping;
mod number;
mod paths;
mod query;
mod source;
mod spec;
mod suggest;
mod tape;
mod value;

pub use budget::{Budget, Exhausted};
pub use explain::{FieldReport, Outcome};
pub use fault::{EvalFault, JsonFault, SpecFault};
pub use filter::{ClauseReport, Decision, Filter};
pub use input::Input;
pub use mapping::{Mapped, Mapping};
pub use paths::{PathInfo, SampleFault, paths};
pub use query::Query;
pub use suggest::{Suggestion, suggest};
pub use tape::{Document, Elements, JsonLimits, Kind, Members, Node, TapeBuffer};
