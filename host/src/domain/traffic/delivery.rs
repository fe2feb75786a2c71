//! A delivery, its states and its attempts. Not here: what leads from one state to the next
//! (`rules::lifecycle`).

use serde::{Deserialize, Serialize};

use crate::domain::event::Headers;
use crate::domain::id::{AttemptId, ConnectionId, DeliveryId, DestinationId, WorkspaceId};
use crate::domain::time::Timestamp;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its first attempt, or for a slot.
    Pending,
    /// An attempt failed; another is due.
    Retrying,
    /// Its destination or connection is paused, or a plugin of its connection is in quarantine; it goes on when that
    /// has ended. Or its bytes could not be made as they were planned; it goes on when somebody says so.
    Held,
    /// The receiver answered 2xx. Terminal.
    Delivered,
    /// The receiver would not take it, and no attempt is left. Terminal until retried by hand.
    Failed,
    /// The gateway could not make or send it (a step failed, egress refused). Terminal.
    FailedByGateway,
    /// Somebody cancelled it. Terminal.
    Cancelled,
    /// It was held for a plugin; when that could run, a step dropped the event. Terminal.
    Dropped,
}

impl DeliveryState {
    /// Whether nothing more happens unless somebody asks for it.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Delivered | Self::Failed | Self::FailedByGateway | Self::Cancelled | Self::Dropped
        )
    }

    /// The name in the API, the log and the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Held => "held",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::FailedByGateway => "failed_by_gateway",
            Self::Cancelled => "cancelled",
            Self::Dropped => "dropped",
        }
    }

    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Retrying,
        Self::Held,
        Self::Delivered,
        Self::Failed,
        Self::FailedByGateway,
        Self::Cancelled,
        Self::Dropped,
    ];

    /// Their names, in the same order: what filters and documents go by.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Self::ALL[at].name();
            at += 1;
        }
        names
    };
}

/// A delivery that outlived its first try in memory and therefore has a record of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Says its event, too.
    pub id: DeliveryId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// By which connection it was made.
    pub connection: ConnectionId,
    /// Where it goes.
    pub destination: DestinationId,
    /// The configuration its bytes were made under.
    pub revision: u64,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made so far.
    pub attempts: u8,
    /// When the next one is due; for terminal states when it ended. [`Timestamp::NEVER`] where it is held until
    /// somebody releases it.
    pub due: Timestamp,
    /// Attempts before this one are not counted against the schedule: a retry by hand begins anew.
    pub schedule_from: u8,
}

impl DeliveryRecord {
    /// Whether it is held until somebody releases it: nothing else lets it go on.
    pub fn waits_for_release(&self) -> bool {
        self.state == DeliveryState::Held && self.due == Timestamp::NEVER
    }

    /// When the next attempt is due, if one is.
    pub fn next_attempt_at(&self) -> Option<Timestamp> {
        (!self.state.is_terminal() && self.due != Timestamp::NEVER).then_some(self.due)
    }
}

/// The bytes of a delivery, exactly as every attempt sends them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryBytes {
    /// The event's type after the steps.
    pub event_type: String,
    /// The media type.
    pub content_type: String,
    /// Headers the steps added.
    pub headers: Headers,
    /// Replaces the destination's method when a mapping gave one.
    pub method: Option<String>,
    /// Replaces or extends the destination's path when a mapping gave one.
    pub path: Option<String>,
    /// The body.
    pub payload: bytes::Bytes,
}

/// Why an attempt had no 2xx answer. The text form is the name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The host has no address.
    DnsFailed,
    /// Nobody listens there.
    ConnectionRefused,
    /// The connection could not be made otherwise, or broke.
    ConnectionFailed,
    /// No TLS with that host: certificate, protocol.
    TlsFailed,
    /// No complete answer in time.
    Timeout,
    /// The answer was not HTTP, or did not say what it has to say of a batch.
    BadResponse,
    /// The answer's status was not 2xx.
    Status,
    /// The rules for outgoing requests forbid it. Final.
    EgressRefused,
    /// The delivery could not be made: a step failed. Final.
    StepFailed,
    /// The table takes no such row. Final.
    RowRefused,
    /// The service behind the destination takes no such body. Final.
    BodyRefused,
    /// The receiver took others of its batch, and says that it did not take this one.
    RefusedInBatch,
}

impl ErrorCode {
    /// The name in the API, the log and the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DnsFailed => "dns_failed",
            Self::ConnectionRefused => "connection_refused",
            Self::ConnectionFailed => "connection_failed",
            Self::TlsFailed => "tls_failed",
            Self::Timeout => "timeout",
            Self::BadResponse => "bad_response",
            Self::Status => "status",
            Self::EgressRefused => "egress_refused",
            Self::StepFailed => "step_failed",
            Self::RowRefused => "row_refused",
            Self::BodyRefused => "body_refused",
            Self::RefusedInBatch => "refused_in_batch",
        }
    }
}

/// How long the parts of an attempt took, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Name resolution; 0 when a connection was reused.
    pub dns_us: u32,
    /// TCP and TLS; 0 when a connection was reused.
    pub connect_us: u32,
    /// From the request's first byte to the answer's first byte.
    pub first_byte_us: u32,
    /// From begin to end.
    pub total_us: u32,
}

/// An HTTP answer, as much as is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Its headers, bounded.
    pub headers: Headers,
    /// The first 16 KiB of its body.
    pub body: bytes::Bytes,
    /// Whether that is all of it.
    pub end: BodyEnd,
}

/// How the body of an answer ended. Stored logs say `false` and `true` for the first two, as the
/// format once had it: their order is part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyEnd {
    /// All of it is kept.
    Whole,
    /// There was more than is kept.
    Longer,
    /// The rest never came, or could not be read. The status counts all the same: the receiver has done its work by
    /// the time it sends one.
    Broken(SendError),
}

/// A request that got no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendError {
    /// Which kind.
    pub code: ErrorCode,
    /// What exactly, for people.
    pub detail: String,
}

/// What came of an attempt. Stored logs have a `Result` in its place, as the format once had it: the order of the first
/// two is part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptOutcome {
    /// A receiver answered.
    Answered(Response),
    /// Nothing came back.
    Broke(SendError),
    /// hookmill has it itself.
    Kept,
}

impl AttemptOutcome {
    /// Nothing came back, for this reason.
    pub fn broke(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self::Broke(SendError { code, detail: detail.into() })
    }

    /// The answer, if there was one.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Answered(response) => Some(response),
            Self::Broke(_) | Self::Kept => None,
        }
    }

    /// The answer's status.
    pub fn status(&self) -> Option<u16> {
        self.response().map(|response| response.status)
    }

    /// Whether the delivery has arrived.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Answered(response) => response.is_success(),
            Self::Broke(_) => false,
            Self::Kept => true,
        }
    }

    /// With the answer as `change` makes it.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Response) -> Response) -> Self {
        match self {
            Self::Answered(response) => Self::Answered(change(response)),
            other => other,
        }
    }
}

impl From<Result<Response, SendError>> for AttemptOutcome {
    fn from(sent: Result<Response, SendError>) -> Self {
        match sent {
            Ok(response) => Self::Answered(response),
            Err(error) => Self::Broke(error),
        }
    }
}

/// One try at a delivery and what came of it, as logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Says its delivery and number, too.
    pub id: AttemptId,
    /// When it began.
    pub at: Timestamp,
    /// How long its parts took.
    pub timings: Timings,
    /// What came back.
    pub outcome: AttemptOutcome,
    /// The state it led to.
    pub state: DeliveryState,
    /// When the next attempt is due, if there is one.
    pub next_attempt_at: Option<Timestamp>,
}

impl Response {
    /// Whether the receiver says that it took the delivery.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

impl Attempt {
    /// The error's kind; `None` for what has arrived.
    pub fn error_code(&self) -> Option<ErrorCode> {
        match &self.outcome {
            AttemptOutcome::Answered(response) if !response.is_success() => Some(ErrorCode::Status),
            AttemptOutcome::Broke(error) => Some(error.code),
            AttemptOutcome::Answered(_) | AttemptOutcome::Kept => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_older_logs_are_read() {
        let headers = Headers(vec![("x-a".into(), "1".into())]);
        for (truncated, end) in [(false, BodyEnd::Whole), (true, BodyEnd::Longer)] {
            let older =
                postcard::to_stdvec(&(200u16, &headers, bytes::Bytes::from("ok"), truncated)).unwrap();
            let expected = Response { status: 200, headers: headers.clone(), body: "ok".into(), end };
            assert_eq!(postcard::from_bytes::<Response>(&older), Ok(expected));
        }
    }

    #[test]
    fn outcomes_of_older_logs_are_read() {
        let response =
            Response { status: 204, headers: Headers(vec![]), body: "".into(), end: BodyEnd::Whole };
        let error = SendError { code: ErrorCode::Timeout, detail: "15 s".into() };
        for older in [Ok(response), Err(error)] {
            let bytes = postcard::to_stdvec(&older).unwrap();
            assert_eq!(postcard::from_bytes(&bytes), Ok(AttemptOutcome::from(older)));
        }
    }
}
