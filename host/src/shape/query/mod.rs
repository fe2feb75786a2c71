//! RFC 9535 queries: read with jsonpath-rust's parser, checked, compiled to a plan of our own and
//! evaluated over the tape within a budget. Read `plan` (what a query is), `check` (how it is made), `eval` and `logic` (how
//! it is run). Not here: what a filter or mapping does with them.

mod check;
mod compare;
#[cfg(test)]
mod compliance;
mod eval;
mod hint;
mod lex;
mod logic;
mod pattern;
mod plan;
mod run;
#[cfg(test)]
mod tests;

pub(crate) use compare::same_value;
pub(crate) use eval::WalkEnd;
pub(crate) use pattern::RegexPattern;
pub(crate) use pattern::compile_regex;
pub(crate) use plan::CompareOp;
pub(crate) use plan::Logic;
pub(crate) use plan::MatchPattern;
pub use plan::Query;
pub(crate) use plan::Segment;
pub(crate) use plan::Selector;
pub(crate) use plan::SubQuery;
pub(crate) use plan::Term;
