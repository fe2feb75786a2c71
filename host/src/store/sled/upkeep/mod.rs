//! What a store needs over the months: retention, a watch on the free space, a copy of the configuration beside it,
//! counters. Not here: when any of it happens (`write`, and `worker` outside).

pub(super) mod expire;
mod export;
mod space;
mod stats;

pub(super) use export::EXPORT_FILE;
pub(super) use export::Exporter;
pub use export::quarantine;
pub use export::read_export;
pub(super) use space::Space;
pub(super) use stats::StoreCounters;
pub use stats::StoreStats;
