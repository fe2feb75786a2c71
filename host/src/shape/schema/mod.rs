//! JSON Schema over a payload: what a type of events looks like, and where a payload does not. Written here and not taken
//! from a library because a schema and a payload both come from strangers: what is compiled is bounded by the text, what
//! is checked has a [`Budget`], and no depth overflows a stack.
//!
//! Drafts 6, 7, 2019-09 and 2020-12, every keyword that says what fits. `format`, `contentMediaType` and their like are
//! remarks, as the standard has them. References lead within the schema only; a second `$id` inside is refused.
//! Not here: which schema holds for an event (`pipeline::accept`).

mod alternatives;
mod check;
mod compile;
mod dialect;
mod inside;
mod keywords;
mod looked;
mod misfit;
mod rule;
#[cfg(test)]
mod tests;
mod unevaluated;
mod values;

pub use misfit::Misfit;
pub use misfit::Undecided;

use crate::shape::budget::Budget;
use crate::shape::fault::SpecFault;
use crate::shape::schema::rule::SchemaRule;
use crate::shape::tape::Node;

/// Longest schema, in bytes.
pub const MAX_SCHEMA_BYTES: usize = 64 * 1024;

/// A schema that was checked and compiled.
#[derive(Debug)]
pub struct Schema {
    /// The rules of each place of the text; the first is the whole.
    places: Vec<Vec<SchemaRule>>,
    /// Whether any rule asks what others have looked at.
    tracks: bool,
}

impl Schema {
    /// Compiles a schema, or says everything that is wrong with it. Takes time in proportion to the text.
    pub fn compile(text: &str) -> Result<Self, Vec<SpecFault>> {
        compile::compile(text)
    }

    /// Whether no rule can ask for more work than there is text: no references, alternatives or expressions.
    pub fn is_simple(&self) -> bool {
        self.places.iter().flatten().all(SchemaRule::is_simple)
    }

    /// Where a value does not fit, the first places; empty if it fits.
    pub fn misfits(&self, value: Node<'_>, budget: &mut Budget) -> Result<Vec<Misfit>, Undecided> {
        check::misfits(self, value, budget)
    }
}
