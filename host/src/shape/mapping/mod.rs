//! Mappings: a payload made into another. Not here: what a destination allows of the result.

mod compile;
#[cfg(test)]
mod compliance;
mod envelope;
mod expr;
mod merge;
mod output;
mod resolve;
mod template;
#[cfg(test)]
mod tests;
mod url_path;
mod write;

pub use compile::Mapping;
pub use envelope::Mapped;
pub(crate) use expr::Each;
pub(crate) use expr::Expr;
pub(crate) use expr::From;
pub(crate) use expr::If;
pub(crate) use expr::MappedField;
pub(crate) use expr::Part;
pub(crate) use expr::Rule;
pub(crate) use expr::Take;
pub(crate) use write::Writer;
