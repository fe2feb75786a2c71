//! The commands that talk to a gateway: a version is uploaded, tried on live events, compared, made active, looked at. One
//! file a command. Read `push` and `activate` (how a version comes to run), `rollout` (how it is tried) and `usage`.
//!
//! Not here: the plugin on this machine (`local`), speaking HTTP (`cli::client`).

pub(super) mod activate;
pub(super) mod capture;
pub(super) mod compare;
pub(super) mod limits;
pub(super) mod list;
pub(super) mod push;
pub(super) mod release;
pub(super) mod rollout;
mod rollout_show;
pub(super) mod usage;
