//! What the store is asked to write and to let go of, and its answer. Not here: the reading side (`query`).

use std::collections::BTreeMap;

use crate::domain::delivery::Attempt;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::fetch::EventFetches;
use crate::domain::grant::KvWrite;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Note;
use crate::domain::plan::Plan;
use crate::domain::plan::Rejection;
use crate::domain::time::Timestamp;

/// The answer to an accepted event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id, or that of the first event with the same idempotency key.
    pub id: EventId,
    /// Whether it was seen before and therefore not stored again.
    pub duplicate: bool,
}

/// A row of the log. Rows of one commit are stored together.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum LogEntry {
    /// The steps of an event ran.
    Plan(Plan),
    /// A request was made.
    Attempt(AttemptEntry),
    /// A request was turned away at a source.
    Rejection(Rejection),
    /// Plugins made requests for an event.
    Fetches(EventFetches),
    /// Something else befell an event or a delivery.
    Note(Note),
}

impl LogEntry {
    /// Whose it is.
    pub fn workspace(&self) -> WorkspaceId {
        match self {
            Self::Plan(plan) => plan.workspace,
            Self::Attempt(entry) => entry.workspace,
            Self::Rejection(rejection) => rejection.workspace,
            Self::Fetches(fetches) => fetches.workspace,
            Self::Note(note) => note.workspace,
        }
    }
}

/// An attempt with what the lists filter by.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AttemptEntry {
    /// Whose.
    pub workspace: WorkspaceId,
    /// By which connection.
    pub connection: ConnectionId,
    /// Where to.
    pub destination: DestinationId,
    /// The attempt; its id says delivery and event.
    pub attempt: Attempt,
}

/// What became of an event or delivery: written in one commit or not at all.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Rows for the log.
    pub log: Vec<LogEntry>,
    /// Deliveries that from now on have a record of their own, or whose record changes. A
    /// terminal record stays readable until retention, but is no longer live.
    pub deliveries: Vec<DeliveryRecord>,
    /// The bytes of deliveries, kept until their record is terminal.
    pub bytes: Vec<(DeliveryId, DeliveryBytes)>,
    /// The bytes of deliveries that could not be made again: kept as long as their event.
    pub lasting_bytes: Vec<(DeliveryId, DeliveryBytes)>,
    /// Events of which nothing is left to do outside live delivery records.
    pub closed: Vec<EventId>,
    /// What plugins keep; of several writes to a key the last one counts.
    pub kv: Vec<KvWrite>,
}

/// What is old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expiry {
    /// Events received before this go.
    pub events_before: Timestamp,
    /// Log rows written before this go.
    pub log_before: Timestamp,
    /// Workspaces of which less is kept.
    pub sooner: BTreeMap<WorkspaceId, WorkspaceExpiry>,
}

/// What is old of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkspaceExpiry {
    /// Events received and log rows written before this go, if they have not gone already.
    pub before: Timestamp,
    /// When it was made: it has nothing that is older.
    pub made_at: Timestamp,
}

impl Expiry {
    /// Of all workspaces alike.
    pub fn of_all(events_before: Timestamp, log_before: Timestamp) -> Self {
        Self { events_before, log_before, sooner: BTreeMap::new() }
    }

    /// Before when everything of that workspace goes, if it has a bound of its own.
    pub fn of(&self, workspace: WorkspaceId) -> Option<Timestamp> {
        self.sooner.get(&workspace).map(|sooner| sooner.before)
    }

    /// Before when its events go.
    pub fn events_of(&self, workspace: WorkspaceId) -> Timestamp {
        self.of(workspace).map_or(self.events_before, |before| before.max(self.events_before))
    }

    /// Before when log rows about it go.
    pub fn log_of(&self, workspace: WorkspaceId) -> Timestamp {
        self.of(workspace).map_or(self.log_before, |before| before.max(self.log_before))
    }
}

/// One key of the configuration and its new document; `None` deletes it.
#[derive(Clone, Debug)]
pub struct ConfigWrite {
    /// Kind and id, such as `source/src_…`.
    pub key: String,
    /// The document, JSON.
    pub document: Option<Vec<u8>>,
}

/// What came of a write of configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum ConfigAnswer {
    /// It is on disk.
    Written {
        /// The revision it made.
        revision: u64,
    },
    /// Somebody else was first; nothing is written. What is there now has to be read before trying again.
    Conflict {
        /// The revision that the writer knew.
        expected: u64,
        /// The one there is.
        found: u64,
    },
}

impl ConfigAnswer {
    /// The revision there is now, whoever made it.
    pub fn revision(self) -> u64 {
        match self {
            Self::Written { revision } => revision,
            Self::Conflict { found, .. } => found,
        }
    }
}

/// The whole configuration at a revision.
#[derive(Clone, Debug, Default)]
pub struct ConfigState {
    /// Grows by one with each write.
    pub revision: u64,
    /// Key and document, sorted by key.
    pub documents: Vec<(String, Vec<u8>)>,
}
