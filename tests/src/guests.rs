//! Plugins that tests upload: the examples of the repository and the fixtures. Built by
//! `make guests`. Not here: what they do.

use std::path::Path;

use crate::gateway::root;

/// One of `plugins/`, such as `github-to-slack`.
pub fn plugin(name: &str) -> Vec<u8> {
    read(&root().join(format!("target/plugins/{name}.wasm")))
}

/// One of `tests/guests/`, such as `hostile`.
pub fn fixture(name: &str) -> Vec<u8> {
    read(&root().join(format!("target/guests/{name}.wasm")))
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}; `make guests` builds it", path.display()))
}
