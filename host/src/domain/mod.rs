//! The nouns. This room uses no other room and does nothing: no clock but the one it defines,
//! no input or output.

pub mod config;
pub mod delivery;
pub mod event;
pub mod fetch;
pub mod grant;
pub mod host;
pub mod id;
pub mod plan;
pub mod plugin;
pub mod plugin_test;
pub mod retry;
pub mod rollout;
pub mod sealed;
pub mod secret;
pub mod signing;
pub mod step_grants;
pub mod suggest;
pub mod time;
pub mod units;
pub mod verification;
pub mod visible;
