//! What is known of a module before anything of it runs: the contract it speaks, the kind of guest it is, how much it may
//! have of everything, and the engine that is made for its kind. Read `contract` (the names), `scan` (one pass over an
//! upload), `tier` (the two kinds and their sizes) and `engine`.
//!
//! Not here: compiling it, instances, what the host answers.

pub(crate) mod bindings;
pub(crate) mod contract;
pub(crate) mod engine;
pub(crate) mod figures;
pub(crate) mod scan;
pub(crate) mod tier;
