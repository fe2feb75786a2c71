//! From a module's bytes to code on the disk: compiled in a process of its own, kept by digest beside the module, made
//! anew for another engine. Read `builds` (who gets code, and when it is made), `child` and `compile` (how it is made),
//! `files` (how it lies on the disk).
//!
//! Not here: what an upload has to pass (`admission`), running the code.

pub(crate) mod builds;
pub(crate) mod child;
pub mod compile;
pub(crate) mod files;
pub(crate) mod shared;
