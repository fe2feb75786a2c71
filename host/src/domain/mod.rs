//! The nouns. This room uses no other room and does nothing: no clock but the one it defines,
//! no input or output. Read `config` (what is set up), `event` and `delivery` (what goes through), `plugin` (what changes
//! it on the way) and `id`.
//!
//! Each noun is named by its own file's name, `domain::event`, whichever folder it lies in: `traffic`, `plugins`, `keys`.
//! Not here: what is decided of them (`rules`).

pub mod alert;
pub mod config;
pub mod destination;
pub mod event_type;
pub mod id;
mod keys;
mod plugins;
pub mod suggest;
pub mod table;
pub mod time;
mod traffic;
pub mod units;
pub mod visible;
pub mod workspace_features;
pub mod workspace_limits;

pub use keys::sealed;
pub use keys::secret;
pub use keys::signing;
pub use keys::verification;
pub use plugins::fetch;
pub use plugins::grant;
pub use plugins::host;
pub use plugins::plugin;
pub use plugins::plugin_test;
pub use plugins::rollout;
pub use plugins::step_grants;
pub use traffic::delivery;
pub use traffic::event;
pub use traffic::plan;
pub use traffic::retry;
