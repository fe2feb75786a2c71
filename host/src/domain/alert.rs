//! What somebody ought to hear of without looking: a cause, and what was seen of it when it began. Not here: finding one
//! (`pipeline::alerts`), what is said of it (`rules::alert`).

use serde::{Deserialize, Serialize};

use crate::domain::id::AlertId;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::PluginId;
use crate::domain::id::SourceId;
use crate::domain::id::TableId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;
use crate::domain::workspace_limits::EventLimit;

/// What a connection calls the source of its workspace's alerts.
pub const ALERTS: &str = "alerts";

/// What the alerts of a workspace come from, for connections and events. It has the bits of the workspace's id, so either
/// says the other.
pub fn origin(workspace: WorkspaceId) -> SourceId {
    SourceId::from_bits(workspace.bits())
}

/// Why there is an alert. While one stands, its cause raises no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertCause {
    /// Its receiver took a delivery, and then did not take one.
    DestinationFailing(DestinationId),
    /// A delivery to it has failed for good.
    RetriesExhausted(DestinationId),
    /// Its receiver said 410 Gone, and it is paused.
    DestinationGone(DestinationId),
    /// What was never tried, or is held, has waited for long.
    BacklogOld(DestinationId),
    /// It refused a row that a delivery would be.
    TableRefusing(TableId),
    /// One of its steps failed.
    StepsFailing(ConnectionId),
    /// A version faulted too often in a row.
    PluginQuarantined(PluginId, Digest),
    /// It has taken in what it may, and refused more.
    LimitReached(WorkspaceId, EventLimit),
}

impl AlertCause {
    /// The names of all kinds, in the order above.
    pub const KINDS: [&'static str; 8] = [
        "destination_failing",
        "retries_exhausted",
        "destination_gone",
        "backlog_old",
        "table_refusing",
        "steps_failing",
        "plugin_quarantined",
        "limit_reached",
    ];

    /// Its kind: the first part of the types of its events.
    pub const fn kind(&self) -> &'static str {
        Self::KINDS[match self {
            Self::DestinationFailing(_) => 0,
            Self::RetriesExhausted(_) => 1,
            Self::DestinationGone(_) => 2,
            Self::BacklogOld(_) => 3,
            Self::TableRefusing(_) => 4,
            Self::StepsFailing(_) => 5,
            Self::PluginQuarantined(..) => 6,
            Self::LimitReached(..) => 7,
        }]
    }
}

/// Whether it begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// It begins.
    Raised,
    /// Its cause has held for long enough, or what it was about is gone.
    Recovered,
}

impl AlertState {
    /// The last part of the types of its events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Recovered => "recovered",
        }
    }
}

/// What was seen when the cause was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEvidence {
    /// Of which event.
    pub event: Option<EventId>,
    /// Of which delivery.
    pub delivery: Option<DeliveryId>,
    /// The number of its attempt.
    pub attempt: Option<u8>,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// The name of the error, as in the log.
    pub error: Option<String>,
    /// More in words: the beginning of an answer, a reason. Fit to be shown; bounded.
    pub detail: String,
    /// When it is tried again.
    pub next_attempt_at: Option<Timestamp>,
}

/// An alert, as it lies in the store while it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Why.
    pub cause: AlertCause,
    /// Since when.
    pub raised_at: Timestamp,
    /// What was seen then.
    pub seen: AlertEvidence,
}
