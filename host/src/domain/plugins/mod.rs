//! Plugins: what they are and give (`plugin`), what they may use (`grant`, `step_grants`, `host`), what they ask of the
//! outside (`fetch`), how they are tried (`plugin_test`, `rollout`). Read the first two.
//!
//! Not here: running them (`sandbox`).

pub mod fetch;
pub mod grant;
pub mod host;
pub mod plugin;
pub mod plugin_test;
pub mod rollout;
pub mod step_grants;
