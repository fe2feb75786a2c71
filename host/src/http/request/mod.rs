//! What a request says, read by the types that describe it. Not here: who may ask and where it is worked on (`door`).
//!
//! ```text
//! call      whose server, who asks, parameters of the path
//! body      JSON bodies      ┐ one type each: parser, bounds, description
//! query     queries          ┘
//! shape     the schemas they are read by
//! faults    all of it at once
//! name      what names of resources look like; wait what durations do
//! text      UTF-8 and depth, before anything else
//! ```

mod body;
mod call;
mod faults;
mod name;
mod query;
mod shape;
#[cfg(test)]
mod tests;
mod text;
mod wait;

pub(crate) use body::JsonBody;
pub(crate) use body::Patch;
pub(crate) use body::RawBody;
pub(crate) use call::Allowance;
pub(crate) use call::Call;
pub(crate) use call::PathParams;
pub(crate) use call::WorkAllowance;
pub(crate) use call::id;
pub(crate) use call::not_found;
pub(crate) use faults::RequestFaults;
pub(crate) use faults::pointer_to;
pub(crate) use name::Name;
pub(crate) use query::QueryParams;
pub(crate) use query::refuse_parameters;
pub(crate) use shape::BodyMembers;
pub(crate) use shape::Shapes;
pub(crate) use wait::Wait;
