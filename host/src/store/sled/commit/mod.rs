//! What one commit holds: requests and notes become writes, and what follows from them is remembered until they are on
//! disk. Runs on the committer's thread alone. Not here: when a commit happens and who hears of it (`write`), and how
//! values are spelt (`layout`).

mod build;
mod change;
mod configuration;
mod dedup;
mod ids;
mod kv;
mod modules;
mod open_events;
mod state;

pub(super) use build::Commit;
pub(super) use configuration::ExpectedRevision;
pub(super) use dedup::Dedup;
pub(super) use ids::IdMaker;
pub(super) use open_events::OpenEvents;
pub(super) use open_events::OpenPlace;
pub(super) use state::CommitEffects;
pub(super) use state::CommitState;
pub(super) use state::ReplyTo;
