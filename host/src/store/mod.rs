//! The disk, as the gateway needs it: accept an event durably, commit what became of it, look
//! it up again, keep the configuration. Backends live in folders of their own and pass the same
//! contract suite. Not here: any decision about a delivery (`rules::lifecycle`).

pub mod contract;
pub mod sled;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::delivery::Attempt;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::event::Event;
use crate::domain::event::NewEvent;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Plan;
use crate::domain::plan::Rejection;
use crate::domain::time::Timestamp;

/// Why the store could not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Less space is left than the floor allows; nothing was written.
    #[error("the disk is full: {free_bytes} bytes free at {path}, and {floor_bytes} must stay free; delete something or lower `store.free_bytes_min`")]
    DiskFull {
        /// Where the data is.
        path: PathBuf,
        /// Bytes free now.
        free_bytes: u64,
        /// Bytes that must stay free.
        floor_bytes: u64,
    },
    /// Another process has the directory.
    #[error("another hookmill already uses {path}; stop it, or give this one a directory of its own with --data")]
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
    #[error("{what} was written by a newer hookmill (format {found}, this one reads up to {known}); start that version again")]
    NewerFormat {
        /// Which kind of value.
        what: &'static str,
        /// Its version.
        found: u8,
        /// The newest this binary reads.
        known: u8,
    },
    /// Reading or writing failed; the store takes nothing more until it could be opened again.
    #[error("the store cannot be written: {detail}")]
    Unavailable {
        /// What failed.
        detail: String,
    },
}

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
    /// Events of which nothing is left to do outside live delivery records.
    pub closed: Vec<EventId>,
}

/// One key of the configuration and its new document; `None` deletes it.
#[derive(Clone, Debug)]
pub struct ConfigWrite {
    /// Kind and id, such as `source/src_…`.
    pub key: String,
    /// The document, JSON.
    pub document: Option<Vec<u8>>,
}

/// The whole configuration at a revision.
#[derive(Clone, Debug, Default)]
pub struct ConfigState {
    /// Grows by one with each write.
    pub revision: u64,
    /// Key and document, sorted by key.
    pub documents: Vec<(String, Vec<u8>)>,
}

/// Events that are durable, in the order of commits, each commit once. Reading the feed also
/// sends the acknowledgements, so somebody must always read it.
pub trait Feed: Send + 'static {
    /// The next commit that holds events; `None` when the store is closed.
    fn next(&mut self) -> impl Future<Output = Option<Committed>> + Send;
}

/// The events of one commit, or where to read them again.
#[derive(Debug)]
pub struct Committed {
    /// First id and number of events; `read` finds them by it.
    pub range: CommitRange,
    /// The events, if memory allowed to hand them over; otherwise `read` them when their turn comes.
    pub events: Option<Vec<Held>>,
}

/// Where the events of one commit are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitRange {
    /// The id of the first event.
    pub first: EventId,
    /// How many events the commit has.
    pub count: u32,
}

/// An event in memory. The bytes it holds count against the hand-over budget until the last
/// clone is dropped.
#[derive(Clone, Debug)]
pub struct Held(pub Arc<HeldEvent>);

/// See [`Held`].
#[derive(Debug)]
pub struct HeldEvent {
    /// The event.
    pub event: Event,
    /// Gives its bytes back when dropped.
    pub(crate) budget: Option<Arc<HotBudget>>,
}

/// How many bytes of events may be in memory between commit and close.
#[derive(Debug)]
pub struct HotBudget {
    /// Bytes in use.
    pub(crate) used: std::sync::atomic::AtomicU64,
    /// Bytes allowed.
    pub(crate) max: u64,
}

impl Drop for HeldEvent {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            let bytes = held_bytes(&self.event.data);
            budget.used.fetch_sub(bytes, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// What an event counts against the budget: its body and a flat kilobyte for the rest.
pub(crate) fn held_bytes(event: &NewEvent) -> u64 {
    event.body.len() as u64 + 1024
}

/// An event that was accepted and not closed when the process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Which.
    pub event: EventId,
    /// Slots of deliveries that ended already or have a record: planning again skips them.
    pub done: Vec<u16>,
}

/// What a store found when it was opened.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Events to plan again, oldest first.
    pub unfinished: Vec<Unfinished>,
    /// Every live (not terminal) delivery record, in the order of ids.
    pub live: Vec<DeliveryRecord>,
    /// The configuration.
    pub config: ConfigState,
    /// For each unfinished event and live delivery older than the present revision: the
    /// configuration then, oldest first.
    pub past: Vec<ConfigState>,
    /// What was kept with `put_meta`.
    pub meta: Vec<(String, Vec<u8>)>,
}

/// Everything logged about one event, for its trace.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    /// The plan, once the steps ran. The newest, if they ran again after a crash.
    pub plan: Option<Plan>,
    /// Every attempt of every delivery, oldest first.
    pub attempts: Vec<AttemptEntry>,
    /// Records of deliveries that have one.
    pub records: Vec<DeliveryRecord>,
}

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
    /// Only older ones than this (the cursor).
    pub before: Option<EventId>,
    /// At most so many.
    pub limit: usize,
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

/// A part of a list, and where the next part begins. A page may be short of `limit` and still
/// have a next one: scanning stops after a bounded number of rows.
#[derive(Clone, Debug)]
pub struct Page<T, C> {
    /// The rows.
    pub items: Vec<T>,
    /// Give it as `before` for the next part; `None` at the end.
    pub next: Option<C>,
}

/// A place where events, their log and the configuration are kept.
pub trait Store: Send + Sync + 'static {
    /// Stores events, all of them or none; answers when they are on disk. Duplicates by
    /// idempotency key are answered with the first one's id.
    fn accept(
        &self,
        events: Vec<NewEvent>,
    ) -> impl Future<Output = Result<Vec<Accepted>, StoreError>> + Send;

    /// Takes note of what happened: written with the next commit, within milliseconds, in the
    /// order of calls. Never waits. A crash before that makes the event be worked on again.
    fn note(&self, change: Change);

    /// The same as `note`, answered when it is on disk.
    fn commit(&self, change: Change) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes configuration atomically; answers its new revision when it is on disk.
    fn configure(
        &self,
        writes: Vec<ConfigWrite>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Keeps a small value (counters, marks) with the next commit.
    fn put_meta(&self, key: &'static str, value: Vec<u8>);

    /// One event.
    fn event(&self, id: EventId) -> impl Future<Output = Result<Option<Event>, StoreError>> + Send;

    /// The events of a commit, in order.
    fn read(&self, range: CommitRange)
    -> impl Future<Output = Result<Vec<Held>, StoreError>> + Send;

    /// Lists events.
    fn events(
        &self,
        query: EventQuery,
    ) -> impl Future<Output = Result<Page<Event, EventId>, StoreError>> + Send;

    /// Everything logged about an event.
    fn event_log(
        &self,
        id: EventId,
    ) -> impl Future<Output = Result<EventLog, StoreError>> + Send;

    /// The record of a delivery, if it has one.
    fn delivery(
        &self,
        id: DeliveryId,
    ) -> impl Future<Output = Result<Option<DeliveryRecord>, StoreError>> + Send;

    /// The bytes kept of a delivery.
    fn delivery_bytes(
        &self,
        id: DeliveryId,
    ) -> impl Future<Output = Result<Option<DeliveryBytes>, StoreError>> + Send;

    /// Lists deliveries.
    fn deliveries(
        &self,
        query: DeliveryQuery,
    ) -> impl Future<Output = Result<Page<DeliverySummary, DeliveryId>, StoreError>> + Send;

    /// Requests turned away at a source, newest first.
    fn rejections(
        &self,
        workspace: WorkspaceId,
        source: SourceId,
        before: Option<RejectionId>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Rejection, RejectionId>, StoreError>> + Send;

    /// Deletes events received before, and log rows written before, as far as nothing live
    /// needs them; answers how many commits went.
    fn expire(
        &self,
        events_before: Timestamp,
        log_before: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Whether events would be taken now.
    fn health(&self) -> Result<(), StoreError>;

    /// Writes what is noted, syncs and closes. Nothing is taken afterwards.
    fn close(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
