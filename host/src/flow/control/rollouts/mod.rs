//! Rollouts: a version of a plugin that runs on live events before it is the active one. A **canary** makes what is
//! delivered of its share of the events, as long as its guards hold; a **shadow** only looks on.
//!
//! `step` runs a step that has one: which version an event gets, and the active one where a canary fails, so that no
//! event is lost by it. `watch` counts, `references` runs the other version beside the path of events and compares,
//! `manage` begins and ends rollouts, by hand or because `rules::rollout` says so. Counts are in memory: after a restart
//! they begin anew, and the rollout goes on.

mod draft;
mod manage;
mod references;
mod registry;
mod step;
mod watch;

pub use draft::GuardsDraft;
pub use draft::RolloutDraft;
pub(crate) use references::References;
pub use registry::Rollouts;
pub use step::RolloutStep;
pub(crate) use step::run;
pub use watch::Counts;
pub use watch::Seen;
pub use watch::Watch;
