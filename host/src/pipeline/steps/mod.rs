//! Runs the steps of one connection over one event. The same functions serve the live flow, re-making bytes after a
//! crash, and the preview. One file for each kind of step: `filter`, `mapping`, `plugin`; `run` takes them in order,
//! `effect` is what one comes to, `context` what it sees, `declared` what filters and mappings have in common, `explain`
//! why they gave what they gave, `rollout` a version that is tried. Not here: what a delivery is.

mod context;
mod declared;
mod effect;
mod explain;
mod filter;
mod mapping;
mod plugin;
pub(crate) mod rollout;
mod run;

pub(crate) use context::Live;
pub(crate) use context::StepContext;
pub(crate) use effect::RunEnd;
pub(crate) use effect::StepEffect;
pub(crate) use effect::StepEffects;
pub(crate) use effect::Stepped;
pub use explain::Explanation;
pub(crate) use explain::explain;
pub(crate) use plugin::effect_of;
pub(crate) use plugin::guest_event;
pub(crate) use plugin::loaded;
pub(crate) use run::apply;
pub(crate) use run::kind_of;
pub(crate) use run::run;
pub(crate) use run::run_within;
