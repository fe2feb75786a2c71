//! What can go wrong with the disk, in words for the person who runs it.
//! Not here: which answer a client gets for it (`http`).

use std::path::PathBuf;

use crate::store::node::NodeId;

/// Why the store could not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Less space is left than the floor allows; nothing was written.
    #[error(
        "the disk is full: {free_bytes} bytes free at {path}, and {floor_bytes} must stay free; delete something or lower `store.free_bytes_min`"
    )]
    DiskFull {
        /// Where the data is.
        path: PathBuf,
        /// Bytes free now.
        free_bytes: u64,
        /// Bytes that must stay free.
        floor_bytes: u64,
    },
    /// Another process has the directory.
    #[error(
        "another hookmill already uses {path}; stop it, or give this one a directory of its own with --data"
    )]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The files are not what they were; text names the way out.
    #[error("the store at {path} is damaged ({detail}); {way_out}")]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What was found.
        detail: String,
        /// What to do now.
        way_out: String,
    },
    /// A newer hookmill wrote this.
    #[error(
        "{what} was written by a newer hookmill (format {found}, this one reads up to {known}); start that version again"
    )]
    NewerFormat {
        /// Which kind of value.
        what: &'static str,
        /// Its version.
        found: u8,
        /// The newest this binary reads.
        known: u8,
    },
    /// Somebody took over what this node had, or it was started a second time; nothing was written.
    #[error(
        "{node} owns nothing any more: another process took over what it had, so nothing was written; start it again"
    )]
    Fenced {
        /// Which node.
        node: NodeId,
    },
    /// Reading or writing failed; the store takes nothing more until it could be opened again.
    #[error("the store cannot be written: {detail}")]
    Unavailable {
        /// What failed.
        detail: String,
    },
}
