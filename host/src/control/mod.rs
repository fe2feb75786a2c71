//! What operators set up, and how it changes: the configuration in force (`configuration`, compiled in `snapshot`), its
//! resources (`resources`), all of them at once (`plans`), who may use the API (`access`), the plugins with their
//! versions (`plugins`) and what is tried of them (`rollouts`). A change is durable first, then in force (`write`). What
//! happens to events reaches this room by a channel (`reports`). Not here: events.

mod access;
mod bootstrap;
mod configuration;
mod error;
mod handle;
mod ids;
mod limits;
pub mod plans;
pub mod plugins;
pub mod reports;
pub mod resources;
pub mod rollouts;
mod room;
pub mod snapshot;
mod stopping;
mod write;

pub use access::Principal;
pub(crate) use access::key_hash;
pub use configuration::Configuration;
pub use configuration::Unreadable;
pub(crate) use error::FAULTS_MAX;
pub use error::FieldFault;
pub use error::UploadError;
pub use handle::Control;
pub(crate) use handle::ControlParts;
pub use handle::Spawn;
pub use ids::Ids;
pub use ids::random_bytes;
pub use ids::random_token;
pub use limits::Limits;
pub use room::RoomUse;
pub use stopping::Stopping;
pub use write::WriteGuard;
