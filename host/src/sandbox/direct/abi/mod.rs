//! What goes over the border between host and core modules, as the component model's canonical ABI has it. Read `border`
//! (what goes in), `lift` (what comes out) and `driver` (the lines of WebAssembly that make one call of it).
//!
//! Not here: instances, limits of outputs.

pub(crate) mod border;
pub(crate) mod driver;
mod imports;
pub(crate) mod lift;
