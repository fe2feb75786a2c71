//! What people may have a plugin tried with beyond its own examples: cases from outside, odd values, the schemas of
//! destinations. Read `case`, `properties` (with `mutate`, which makes the odd values) and `fitting` (with `judge`, who
//! says whether a payload fits a schema).
//!
//! Not here: where cases come from, what follows when one fails.

pub(crate) mod case;
pub(crate) mod fitting;
pub mod judge;
pub(crate) mod mutate;
pub(crate) mod properties;
