//! The path of an event. Read four files top to bottom and you have it all:
//!
//! ```text
//!  request               after the commit
//!  pipeline/accept.rs    pipeline/plan.rs    delivery/deliver.rs    delivery/settle.rs
//!  verify          T1 ─▶ route         ────▶ sign            ─────▶ decide ──▶ delivered, failed
//!  deduplicate           filter              send                     └───▶ retry: parked, woken by `queues`
//!  persist               map, plugin                                T2, T3 (one later commit)
//!  202
//! ```
//!
//! `control` is what operators set up, `insight` what they ask; `worker` is what wakes the rest. `apart` is where
//! requests are computed. `tests` has all of this in one process, on a store that fails when it is told to.

mod apart;
pub mod control;
pub mod delivery;
mod error;
mod gateway;
pub mod insight;
mod live;
mod observed;
pub mod pipeline;
mod seen;
#[cfg(test)]
mod tests;
pub mod worker;

pub use apart::ApartError;
pub use apart::Leave;
pub use error::AcceptError;
pub use error::FieldFault;
pub use error::OperateError;
pub use error::PreviewError;
pub use error::UploadError;
pub use gateway::Gateway;
pub use gateway::GatewayParts;
pub use gateway::Principal;
pub use gateway::Spawn;
pub use live::LiveEvent;
pub use seen::SourceSeen;
