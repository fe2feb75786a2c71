//! One delivery in memory, ready to be sent, and what keeps its event open until it has ended. This is what the
//! pipeline comes to; who has queues takes it from here.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Headers;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::pipeline::duty::Charge;

/// What an event came to, for whoever has the queues.
#[derive(Debug, Default)]
#[must_use = "deliveries that nobody takes are sent after the next start only"]
pub struct ToDeliver {
    /// To be sent now.
    pub(crate) jobs: Vec<Job>,
    /// On disk already; each waits for its time, or for somebody.
    pub(crate) parked: Vec<DeliveryRecord>,
}

impl ToDeliver {
    /// Nothing but these.
    pub(crate) fn parked(parked: Vec<DeliveryRecord>) -> Self {
        Self { jobs: Vec::new(), parked }
    }

    /// Of one event, which stays open until all of them have ended or got a record.
    pub(crate) fn of(charge: Charge, mut jobs: Vec<Job>, parked: Vec<DeliveryRecord>) -> Self {
        let Ok(count @ 1..) = u32::try_from(jobs.len()) else { return Self::parked(parked) };
        let open = OpenEvent::new(charge, count);
        jobs.iter_mut().for_each(|job| job.open = Some(open.clone()));
        Self { jobs, parked }
    }
}

/// A delivery about to be attempted.
#[derive(Debug)]
pub(crate) struct Job {
    /// Which.
    pub id: DeliveryId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// By which connection.
    pub connection: ConnectionId,
    /// Where to.
    pub destination: DestinationId,
    /// The configuration its bytes were made under.
    pub revision: u64,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made so far.
    pub attempts: u8,
    /// Attempts before this one do not count against the schedule.
    pub schedule_from: u8,
    /// What is sent.
    pub bytes: DeliveryBytes,
    /// When the event came in, for the end-to-end time of first attempts.
    pub received_at: Timestamp,
    /// Set while it has no record of its own: its event stays open until it ends or gets one.
    pub open: Option<Arc<OpenEvent>>,
}

impl Job {
    /// The record it gets when it must outlive memory.
    pub(crate) fn record(&self, state: DeliveryState, due: Timestamp) -> DeliveryRecord {
        DeliveryRecord {
            id: self.id,
            workspace: self.workspace,
            connection: self.connection,
            destination: self.destination,
            revision: self.revision,
            state,
            attempts: self.attempts,
            due,
            schedule_from: self.schedule_from,
        }
    }

    /// The same with other bytes; it holds no event open.
    pub(crate) fn with_bytes(&self, bytes: DeliveryBytes) -> Self {
        Self {
            id: self.id,
            workspace: self.workspace,
            connection: self.connection,
            destination: self.destination,
            revision: self.revision,
            state: self.state,
            attempts: self.attempts,
            schedule_from: self.schedule_from,
            bytes,
            received_at: self.received_at,
            open: None,
        }
    }

    /// Lets go of the event; answers its id if this was the last delivery that held it open.
    pub(crate) fn close(&mut self) -> Option<EventId> {
        self.open.take().and_then(|open| open.let_go())
    }
}

/// In the place of bytes that are elsewhere.
pub(crate) fn no_bytes() -> DeliveryBytes {
    DeliveryBytes {
        event_type: String::new(),
        content_type: String::new(),
        headers: Headers::default(),
        method: None,
        path: None,
        payload: bytes::Bytes::new(),
    }
}

/// An event with deliveries that have no record yet.
#[derive(Debug)]
pub(crate) struct OpenEvent {
    left: AtomicU32,
    charge: Charge,
}

impl OpenEvent {
    /// An event with that many deliveries to come.
    pub(crate) fn new(charge: Charge, deliveries: u32) -> Arc<Self> {
        Arc::new(Self { left: AtomicU32::new(deliveries), charge })
    }

    /// One delivery needs it no longer; answers the id if it was the last.
    pub(crate) fn let_go(&self) -> Option<EventId> {
        (self.left.fetch_sub(1, Ordering::AcqRel) == 1).then(|| self.charge.held.0.event.id)
    }
}
