//! Where and when guests run: the pool of a kind of guest with its engine and linked code, threads apart from those that
//! serve requests, turns among workspaces, and events that share an instance. Read `pool`, `guests`, `pace` and `gather`.
//!
//! Not here: what one call does (`instance`), making code of modules (`artifacts`).

pub(crate) mod gather;
pub(crate) mod guests;
pub(crate) mod pace;
pub(crate) mod pool;
