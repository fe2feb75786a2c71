//! The disk, as the gateway needs it: accept an event durably, commit what became of it, look it up again, keep the
//! configuration. What decides between nodes is decided here: who owns what (`lease`), whose configuration is the next
//! one. Backends live in folders of their own and pass the same contract suite (`contract`). Not here: any decision
//! about a delivery (`rules::lifecycle`).

mod api;
mod backend;
mod change;
#[cfg(test)]
pub(crate) mod contract;
mod error;
#[cfg(test)]
pub(crate) mod failing;
mod feed;
pub mod key_file;
mod lease;
#[cfg(test)]
pub(crate) mod memory;
mod node;
mod query;
mod recovered;
pub mod sled;

pub use api::Store;
pub use backend::Backend;
pub use change::Accepted;
pub use change::AttemptEntry;
pub use change::Change;
pub use change::ConfigAnswer;
pub use change::ConfigState;
pub use change::ConfigWrite;
pub use change::Expiry;
pub use change::LogEntry;
pub use change::WorkspaceExpiry;
pub use error::StoreError;
pub use feed::CommitRange;
pub use feed::Committed;
pub use feed::CountedEvent;
pub use feed::Feed;
pub use feed::HotBudget;
pub use feed::HotEvent;
pub(crate) use feed::hot_bytes;
pub use lease::Adoption;
pub use lease::Lease;
pub use lease::Renewed;
pub use node::NodeId;
pub use query::DeliveryQuery;
pub use query::DeliverySummary;
pub use query::EventQuery;
pub use query::Page;
pub use query::PlannedEvent;
pub use recovered::EventLog;
pub use recovered::Recovered;
pub use recovered::Unfinished;
