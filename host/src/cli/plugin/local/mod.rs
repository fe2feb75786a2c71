//! The commands that try a plugin on this machine, in the sandbox that a gateway has. Read `examine` (a plugin as an upload
//! meets it), `check`, `trial` (its examples and tests) and `bench`.
//!
//! Not here: building it (`build`), any gateway (`gateway`).

pub(super) mod bench;
pub(super) mod check;
pub(super) mod examine;
pub(super) mod example;
pub(super) mod trial;
mod trial_captured;
