//! What operators set up, and how it changes: the configuration in force (`snapshot`), its resources (`resources`), the
//! plugins with their versions (`plugins`) and what is tried of them (`rollouts`). Not here: events.

pub mod bootstrap;
pub mod limits;
pub mod plugins;
pub mod resources;
pub mod rollouts;
pub mod snapshot;
pub mod write;
