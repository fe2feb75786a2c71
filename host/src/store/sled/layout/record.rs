//! The stored form of small values: delivery records with where their attempts are, the
//! recovery mark, how far retention has come, undo records. Not here: when they are written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::delivery::Attempt;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::ErrorCode;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::store::sled::fault::SledFault;

/// A delivery record and what the store adds to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRecord {
    /// As it was given.
    pub(crate) record: DeliveryRecord,
    /// Commits that hold attempts of it, oldest first.
    pub(crate) seqs: Vec<u64>,
    /// The last attempt.
    pub(crate) last: Option<LastAttempt>,
}

/// What lists show of the last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastAttempt {
    /// When it began.
    pub(crate) at: Timestamp,
    /// Status, if an answer came.
    pub(crate) status: Option<u16>,
    /// What was wrong, if anything.
    pub(crate) error: Option<ErrorCode>,
}

impl LastAttempt {
    /// Of that attempt.
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let status = attempt.outcome.status();
        Self { at: attempt.at, status, error: attempt.error_code() }
    }
}

/// Where recovery starts, and how far ids had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecoveryMark {
    /// The commit it was written in.
    pub(crate) seq: u64,
    /// The last event id given away.
    pub(crate) last_id: [u8; 16],
    /// The commit of the oldest open event, or the one after `seq`.
    pub(crate) oldest_seq: u64,
    /// The oldest open event, or `last_id`.
    pub(crate) oldest_id: [u8; 16],
}

/// Up to where chunks were looked into for what is old of a workspace that keeps less than others: names of the first
/// ones that were not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LookedTo {
    /// Of events.
    pub(crate) events: Vec<u8>,
    /// Of the log.
    pub(crate) log: Vec<u8>,
}

/// The same by workspaces.
pub(crate) type LookedPlaces = BTreeMap<WorkspaceId, LookedTo>;

/// What a revision replaced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Undo {
    /// When the revision was written.
    pub(crate) at: Timestamp,
    /// Keys and their documents before it.
    pub(crate) before: Vec<(String, Option<Vec<u8>>)>,
}

/// To bytes.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, SledFault> {
    postcard::to_stdvec(value).map_err(|_| SledFault::Bad { what: "a value", why: "cannot be encoded" })
}

/// From bytes; `what` is named in the error.
pub(crate) fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, SledFault> {
    postcard::from_bytes(bytes).map_err(|_| SledFault::Bad { what, why: "has an unknown shape" })
}
