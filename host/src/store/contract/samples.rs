//! Things to store, each with something to tell it by. Not here: tests.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::delivery::Attempt;
use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::domain::event::Headers;
use crate::domain::event::IdempotencyKey;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::id::compose;
use crate::domain::plan::Plan;
use crate::domain::plan::Planned;
use crate::domain::plan::Rejection;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::domain::time::Timestamp;
use crate::store::AttemptEntry;
use crate::store::LogEntry;

/// Milliseconds at which the clocks of the suite start.
pub(crate) const START: u64 = 1_790_000_000_000;

/// Makes samples of one workspace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Samples {
    pub(crate) workspace: WorkspaceId,
    pub(crate) source: SourceId,
    pub(crate) connection: ConnectionId,
    pub(crate) destination: DestinationId,
}

/// An instant of the suite.
pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(START + millis)
}

impl Samples {
    /// Of the workspace with that number.
    pub(crate) fn of(number: u128) -> Self {
        Self {
            workspace: WorkspaceId::from_bits(number),
            source: SourceId::from_bits(number + 100),
            connection: ConnectionId::from_bits(number + 200),
            destination: DestinationId::from_bits(number + 300),
        }
    }

    /// An event with that body.
    pub(crate) fn event(&self, body: impl Into<Bytes>) -> NewEvent {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        NewEvent {
            workspace: self.workspace,
            source: Some(self.source),
            event_type: Arc::from("order.paid"),
            content_type: Arc::from("application/json"),
            headers: Headers(vec![header("x-one", "1"), header("x-two", "zwei ✓")]),
            request: RequestLine {
                method: "PUT".into(),
                path: "/tenant/42".into(),
                query: "tenant=42&x=%20".into(),
            },
            body: body.into(),
            received_at: at(0),
            revision: 0,
            idempotency: None,
            verified_by: Arc::from("github"),
        }
    }

    /// An event with an idempotency key.
    pub(crate) fn keyed(&self, key: u128) -> NewEvent {
        let idempotency = Some(IdempotencyKey(key.to_be_bytes()));
        NewEvent { idempotency, ..self.event(format!("body of {key}")) }
    }

    /// A plan that makes deliveries in slots 1 to `slots`.
    pub(crate) fn plan(&self, event: EventId, slots: u16) -> LogEntry {
        let planned = (1..=slots).map(|slot| Planned {
            id: event.delivery(slot),
            payload_bytes: 10,
            payload_hash: u64::from(slot),
        });
        let route = Route {
            connection: self.connection,
            destination: self.destination,
            steps: Vec::new(),
            end: RouteEnd::Delivering(planned.collect()),
        };
        let plan = Plan { event, workspace: self.workspace, at: at(5), routes: vec![route] };
        LogEntry::Plan(plan)
    }

    /// An attempt that led to that state, with a status that fits it.
    pub(crate) fn attempt(&self, delivery: DeliveryId, number: u8, state: DeliveryState) -> LogEntry {
        let status = if state == DeliveryState::Delivered { 200 } else { 503 };
        let response = Response {
            status,
            headers: Headers::default(),
            body: Bytes::from_static(b"so it goes"),
            end: BodyEnd::Whole,
        };
        self.attempt_with(delivery, number, state, Ok(response))
    }

    /// An attempt that got no answer.
    pub(crate) fn timeout(&self, delivery: DeliveryId, number: u8, state: DeliveryState) -> LogEntry {
        let error = SendError { code: ErrorCode::Timeout, detail: "after 10 s".to_owned() };
        self.attempt_with(delivery, number, state, Err(error))
    }

    fn attempt_with(
        &self,
        delivery: DeliveryId,
        number: u8,
        state: DeliveryState,
        outcome: Result<Response, SendError>,
    ) -> LogEntry {
        let attempt = Attempt {
            id: delivery.attempt(number),
            at: at(10 + u64::from(number)),
            timings: Timings::default(),
            outcome: outcome.into(),
            state,
            next_attempt_at: (!state.is_terminal()).then(|| at(1000)),
        };
        let (workspace, connection, destination) = (self.workspace, self.connection, self.destination);
        LogEntry::Attempt(AttemptEntry { workspace, connection, destination, attempt })
    }

    /// A record.
    pub(crate) fn record(&self, id: DeliveryId, attempts: u8, state: DeliveryState) -> DeliveryRecord {
        DeliveryRecord {
            id,
            workspace: self.workspace,
            connection: self.connection,
            destination: self.destination,
            revision: 0,
            state,
            attempts,
            due: at(1000),
            schedule_from: 0,
        }
    }

    /// The bytes of a delivery.
    pub(crate) fn bytes(&self, payload: impl Into<Bytes>) -> DeliveryBytes {
        DeliveryBytes {
            event_type: "order.paid".to_owned(),
            content_type: "application/json".to_owned(),
            headers: Headers::default(),
            method: None,
            path: Some("/hook".to_owned()),
            payload: payload.into(),
        }
    }

    /// A rejection; greater numbers are younger.
    pub(crate) fn rejection(&self, number: u16) -> Rejection {
        Rejection {
            id: RejectionId::from_bits(compose(START + 20, number, 7)),
            workspace: self.workspace,
            source: self.source,
            at: at(20),
            status: 401,
            code: "bad_signature".to_owned(),
            detail: format!("number {number}"),
            headers: Headers::default(),
            body: Bytes::from_static(b"{}"),
        }
    }
}

/// The attempt numbers of log entries, with the slot of their delivery.
pub(crate) fn numbers(attempts: &[AttemptEntry]) -> Vec<(u16, u8)> {
    let id = |entry: &AttemptEntry| entry.attempt.id;
    attempts.iter().map(|entry| (id(entry).delivery().slot(), id(entry).number())).collect()
}
