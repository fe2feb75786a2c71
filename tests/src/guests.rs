//! Plugins that tests upload: the examples of the repository and the fixtures. Built by
//! `make guests`. Not here: what they do.

use std::path::Path;
use std::path::PathBuf;

use crate::gateway::root;

/// One of `plugins/`, such as `github-to-slack`.
pub fn plugin(name: &str) -> Vec<u8> {
    read(&root().join(format!("target/plugins/{name}.wasm")))
}

/// One of `tests/guests/`, such as `hostile`.
pub fn fixture(name: &str) -> Vec<u8> {
    read(&root().join(format!("target/guests/{name}.wasm")))
}

/// What projects in Rust that a test makes are built with (`CARGO_TARGET_DIR`): the standard library for guests is there.
pub fn built() -> (&'static str, PathBuf) {
    ("CARGO_TARGET_DIR", root().join("target/guests-build/plugins"))
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}; `make guests` builds it", path.display()))
}
