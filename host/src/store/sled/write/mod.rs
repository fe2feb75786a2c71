//! The one thread that writes: it collects requests, has a commit made of them, writes and syncs it, and makes known
//! what is on disk. Not here: what a commit holds (`commit`).

mod batch;
mod close;
mod committer;
mod doubt;
mod outage;
mod publish;
mod request;
mod waiting;

pub(super) use committer::Committer;
pub(super) use committer::DirectoryFiles;
pub(super) use request::CommitterRequest;
pub(super) use request::FeedMessage;
