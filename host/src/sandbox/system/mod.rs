//! What processes and threads that deal with strangers' code ask of the operating system: limits that a child sets for
//! itself, a low priority, and leave to run code that was mapped. Read `rlimits`, then `nice` and `executable`.
//!
//! Not here: anything that knows of WebAssembly, or which process it is that asks.

pub mod executable;
pub(crate) mod nice;
pub(crate) mod rlimits;
