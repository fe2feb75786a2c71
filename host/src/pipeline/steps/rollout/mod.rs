//! A step while another version of its plugin is tried: `tried` runs it, `references` and `beside` run the version that
//! did not make what is delivered, off the path of events, and compare; `guards` says when a canary must end. Not here:
//! which events get which version (`rules::rollout`), what is counted (`control::rollouts`).

mod beside;
mod guards;
mod references;
mod tried;

pub(crate) use references::References;
pub(super) use tried::run;
