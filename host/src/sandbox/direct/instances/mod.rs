//! Instances that are put back after a call and used again. Read `keep` (made, put back, given back), `live` (one
//! instance), `snapshot` (what it is put back to) and `shelf` (how much of that is kept, and whose).
//!
//! Not here: which guests these are (`analysis`), what goes over the border (`abi`).

pub(crate) mod assembly;
pub(crate) mod budget;
pub(crate) mod idle;
pub(crate) mod keep;
pub(crate) mod live;
pub(crate) mod pages;
pub(crate) mod shelf;
pub(crate) mod snapshot;
