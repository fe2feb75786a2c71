//! Decisions about rollouts: which events a version gets, and when it must end. Pure. Not here: counting
//! (`pipeline::steps`).

mod guards;
mod share;

pub use guards::Breach;
pub use guards::judge;
pub use share::takes;
