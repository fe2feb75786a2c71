//! Filters: whether an event passes, which clause decided it and on which value.
//! Not here: what happens to an event that does not pass (`pipeline`).

mod clause;
mod compile;
mod eval;
mod mismatch;
mod test;
#[cfg(test)]
mod tests;

pub(crate) use clause::Body;
pub(crate) use clause::Clause;
pub(crate) use clause::Leaf;
pub(crate) use clause::LengthTest;
pub(crate) use clause::OrderTest;
pub(crate) use clause::Test;
pub(crate) use clause::Type;
pub(crate) use compile::ClauseCompiler;
pub(crate) use compile::source;
pub use eval::ClauseReport;
pub use eval::Decision;
pub use eval::Filter;
pub(crate) use eval::decide;
