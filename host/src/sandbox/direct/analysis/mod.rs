//! In the compiler's process: which guests may run directly, and the plan by which they do. Read `prepare` (the verdict),
//! `followed` (what a guest may be made of), `wiring` and `links` (how its core modules are connected) and `plan` (what
//! is left of all that).
//!
//! Not here: anything that is done at run time.

pub(crate) mod exporting;
pub(crate) mod followed;
pub(crate) mod links;
pub(crate) mod part;
pub(crate) mod plan;
pub(crate) mod prepare;
pub(crate) mod wiring;
