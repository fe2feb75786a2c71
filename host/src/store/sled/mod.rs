//! The store on one machine: sled 0.34, written by one thread, one record per commit.
//!
//! What one commit brings lies in a few compressed chunks: its events under the first one's id,
//! its log rows under the commit's number. Only what lives longer than a commit has keys of its
//! own: delivery records and their bytes, the configuration, idempotency keys. See `keys` for
//! all of them. Not here: the trait and its types (`store`).

mod change;
mod commit;
mod committer;
mod configuration;
mod dedup;
mod engine;
mod event_chunk;
mod expire;
mod export;
mod fault;
mod feed;
mod frame;
mod guard;
mod handle;
mod ids;
mod keys;
mod kv;
mod log_chunk;
mod open;
mod open_events;
mod options;
mod outage;
mod parts;
mod publish;
mod read_bytes;
mod read_deliveries;
mod read_events;
mod read_log;
mod read_planned;
mod read_rejections;
mod record;
mod recover;
mod request;
mod shared;
mod space;
mod stats;
#[cfg(test)]
mod tests;
mod waiting;
mod witness;
mod write_set;

pub use export::quarantine;
pub use export::read_export;
pub use feed::SledFeed;
pub use handle::SledStore;
pub use open::open;
pub use options::StoreOptions;
pub use stats::StoreStats;
