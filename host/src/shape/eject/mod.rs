//! A mapping as the Rust of a plugin that does the same: `source` writes `lib.rs`, `helpers` says which
//! modules it needs beside it. One file per kind of thing that is written: literals (`code`), paths
//! (`paths`) and what is in their `[?…]` (`logic`), conditions (`clauses`), fields and their functions
//! (`fields`, `functions`), and outputs as a whole (`outputs`).
//!
//! What cannot be written so that it does the same is a fault, never code that nearly does. Not here:
//! the project around it, and proving that both agree (`cli`).

mod clauses;
mod code;
mod fields;
mod functions;
mod helpers;
mod logic;
mod outputs;
mod paths;
mod source;
#[cfg(test)]
mod tests;
mod writer;

pub use source::Ejected;
pub use source::eject;
