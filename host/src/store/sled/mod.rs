//! The store on one machine: sled 0.34, written by one thread, one record per commit.
//!
//! What one commit brings lies in a few compressed chunks: its events under the first one's id, its log rows under the
//! commit's number. Only what lives longer than a commit has keys of its own: delivery records and their bytes, the
//! configuration, idempotency keys. Rooms, from the ground up: `layout` (how it lies there), `commit` (what one writes)
//! and `read`, `recovery` and `upkeep`, `write` (the thread). Here stand what they share and the handle. Not here: the
//! trait and its types (`store`).

mod commit;
mod engine;
mod fault;
mod feed;
mod guard;
mod handle;
mod layout;
mod open;
mod options;
mod read;
mod recovery;
mod shared;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod upkeep;
mod write;

pub use feed::SledFeed;
pub use handle::SledStore;
pub use open::open;
pub use options::StoreOptions;
pub use upkeep::StoreStats;
pub use upkeep::quarantine;
pub use upkeep::read_export;
