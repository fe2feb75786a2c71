//! What lists can be asked for, and the pages they come in.
//! Not here: how a backend finds the rows.

use std::sync::Arc;

use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::event::Event;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Plan;
use crate::domain::time::Timestamp;

/// Which events to list: newest first, all conditions at once.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Only from this source.
    pub source: Option<SourceId>,
    /// Only of this type.
    pub event_type: Option<String>,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
    /// Only those stored after this one, whether it is there or not.
    pub after: Option<EventId>,
    /// Only older ones than this (the cursor).
    pub before: Option<EventId>,
    /// At most so many.
    pub limit: usize,
}

impl EventQuery {
    /// Everything of a workspace, at most so many.
    pub fn all(workspace: WorkspaceId, limit: usize) -> Self {
        let (source, event_type, since, until, after, before) = (None, None, None, None, None, None);
        Self { workspace, source, event_type, since, until, after, before, limit }
    }
}

/// Which deliveries to list: newest event first, all conditions at once.
#[derive(Clone, Debug)]
pub struct DeliveryQuery {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Only of this event.
    pub event: Option<EventId>,
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only made by this connection.
    pub connection: Option<ConnectionId>,
    /// Only to this destination.
    pub destination: Option<DestinationId>,
    /// Only of events of this type.
    pub event_type: Option<String>,
    /// Only in this state.
    pub state: Option<DeliveryState>,
    /// Only with this status in the last attempt.
    pub status: Option<u16>,
    /// Only with this error in the last attempt.
    pub error_code: Option<ErrorCode>,
    /// Only of events received at or after.
    pub since: Option<Timestamp>,
    /// Only of events received before.
    pub until: Option<Timestamp>,
    /// Only older ones than this (the cursor).
    pub before: Option<DeliveryId>,
    /// At most so many.
    pub limit: usize,
}

impl DeliveryQuery {
    /// Everything of a workspace, at most so many.
    pub fn all(workspace: WorkspaceId, limit: usize) -> Self {
        Self {
            workspace,
            event: None,
            source: None,
            connection: None,
            destination: None,
            event_type: None,
            state: None,
            status: None,
            error_code: None,
            since: None,
            until: None,
            before: None,
            limit,
        }
    }
}

/// A delivery as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySummary {
    /// Its id; says its event, too.
    pub id: DeliveryId,
    /// By which connection.
    pub connection: ConnectionId,
    /// Where to.
    pub destination: DestinationId,
    /// From which source; `None` for published events.
    pub source: Option<SourceId>,
    /// The event's type.
    pub event_type: Arc<str>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u8,
    /// When the next one is due.
    pub next_attempt_at: Option<Timestamp>,
    /// Status of the last attempt.
    pub status: Option<u16>,
    /// Error of the last attempt.
    pub error_code: Option<ErrorCode>,
    /// When the event was received.
    pub created_at: Timestamp,
    /// When the last attempt began.
    pub last_attempt_at: Option<Timestamp>,
}

/// An event with what planning it came to.
#[derive(Clone, Debug)]
pub struct PlannedEvent {
    /// The event.
    pub event: Event,
    /// Its plan; `None` before its steps ran, and when its log has expired.
    pub plan: Option<Plan>,
}

/// A part of a list, and where the next part begins. A page may be short of `limit` and still
/// have a next one: scanning stops after a bounded number of rows.
#[derive(Clone, Debug)]
pub struct Page<T, C> {
    /// The rows.
    pub items: Vec<T>,
    /// Give it as `before` for the next part; `None` at the end.
    pub next: Option<C>,
}
