//! The path of an upload, from bytes that may be anything to a stored module that kept its own word. Read `admit`
//! (the path), `manifest` (what a plugin says of itself), `expect` (what an example has to give) and `examples` (trying
//! that).
//!
//! Not here: who may upload, names and versions; looking over bytes (`module`), compiling (`artifacts`).

pub(crate) mod admit;
pub(crate) mod diff;
pub(crate) mod examples;
pub(crate) mod expect;
pub(crate) mod manifest;
pub(crate) mod reader;
