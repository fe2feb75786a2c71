//! The declarative language: JSONPath (RFC 9535), filters and mappings over a payload's bytes.
//! Pure: no clock, no log, no randomness, no input or output.
//!
//! A payload is parsed once into a [`Document`], which every [`Query`], [`Filter`] and [`Mapping`]
//! of the event shares through its [`Input`]. Numbers and strings keep their spelling: they are
//! compared exactly and written as they came. What is compiled was checked in full; what runs has
//! a [`Budget`].
//!
//! Read `tape` (a payload), `query` (JSONPath), `filter` and `mapping` (what is written with it), `apply` (functions of
//! values) and `budget`. Not here: which events, where what is made goes.

mod apply;
pub mod budget;
pub mod difference;
pub mod eject;
mod explain;
#[cfg(test)]
mod explain_tests;
mod fault;
mod filter;
mod hints;
mod input;
mod mapping;
mod number;
mod paths;
mod query;
mod redact;
mod schema;
mod source;
mod spec;
mod suggest;
mod tape;
mod value;

pub use budget::Budget;
pub use budget::Ended;
pub use budget::Exhausted;
pub use budget::Work;
pub use explain::FieldOutcome;
pub use explain::FieldReport;
pub use fault::EvalFault;
pub use fault::JsonFault;
pub use fault::SpecFault;
pub use filter::ClauseReport;
pub use filter::Decision;
pub use filter::Filter;
pub use input::Input;
pub use mapping::Mapped;
pub use mapping::Mapping;
pub use paths::Drift;
pub use paths::FieldHistory;
pub use paths::FieldState;
pub use paths::HintFault;
pub use paths::PathInfo;
pub use paths::SampleFault;
pub use paths::paths;
pub use query::Query;
pub use redact::Redacted;
pub use redact::redact;
pub use schema::MAX_SCHEMA_BYTES;
pub use schema::Misfit;
pub use schema::Schema;
pub use schema::Undecided;
pub use suggest::Suggestion;
pub use suggest::suggest;
pub use tape::Document;
pub use tape::Elements;
pub use tape::JsonLimits;
pub use tape::Members;
pub use tape::Node;
pub use tape::NodeKind;
pub use tape::TapeBuffer;
