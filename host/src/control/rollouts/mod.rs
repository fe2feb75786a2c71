//! Rollouts: a version of a plugin that runs on live events before it is the active one. A **canary** makes what is
//! delivered of its share of the events, as long as its guards hold; a **shadow** only looks on.
//!
//! `manage` begins and ends rollouts, by hand or because a report says that a guard does not hold; `watch` and `tally`
//! count, `registry` keeps the counts. Counts are in memory: after a restart
//! they begin anew, and the rollout goes on. Not here: running a version (`pipeline::steps`), what a guard says
//! (`rules::rollout`).

mod draft;
mod manage;
mod observed;
mod registry;
mod tally;
mod watch;

pub use draft::GuardsDraft;
pub use draft::RolloutDraft;
pub use registry::Rollouts;
pub use tally::Differing;
pub use tally::Example;
pub use tally::Group;
pub use tally::Tally;
pub use watch::Counts;
pub use watch::RolloutSummary;
pub use watch::StepFault;
pub use watch::Watch;
