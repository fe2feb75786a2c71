//! What a request says, read by the types that describe it. Not here: who may ask and where it is worked on (`door`).
//!
//! ```text
//! call      whose server, who asks, parameters of the path
//! body      JSON bodies      ┐ one type each: parser, bounds, description
//! query     queries          ┘
//! shape     a compiled schema; shapes keeps them
//! outline   a body as far as its schema looks into it
//! place     what is to be found at a place of a schema
//! words     what is said of what does not fit
//! faults    all of it at once
//! name      what names of resources look like; wait what durations do
//! text      UTF-8 and depth, before anything else
//! ```

mod body;
mod call;
mod faults;
mod name;
mod outline;
mod place;
mod query;
mod shape;
mod shapes;
#[cfg(test)]
mod tests;
mod text;
mod wait;
mod words;

pub(crate) use body::Body;
pub(crate) use body::Change;
pub(crate) use body::Raw;
pub(crate) use call::Allowance;
pub(crate) use call::Call;
pub(crate) use call::Cost;
pub(crate) use call::Path;
pub(crate) use call::id;
pub(crate) use call::not_found;
pub(crate) use faults::Faults;
pub(crate) use faults::pointer_to;
pub(crate) use name::Name;
pub(crate) use query::Query;
pub(crate) use query::refuse_parameters;
pub(crate) use shapes::Shapes;
pub(crate) use wait::Wait;
