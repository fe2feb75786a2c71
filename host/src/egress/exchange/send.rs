//! One request and its answer, within one time limit.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::egress::connect::activity::Opening;
use crate::egress::connect::connection;
use crate::egress::connect::connection::HEAD_BYTES_MAX;
use crate::egress::connect::connection::HEADERS_MAX;
use crate::egress::connect::connection::OpenConnection;
use crate::egress::connect::connection::micros;
use crate::egress::connect::tls_fault;
use crate::egress::exchange::answer;
use crate::egress::exchange::answer::Ending;
use crate::egress::exchange::outgoing;
use crate::egress::exchange::outgoing::OutgoingRequest;
use crate::egress::inner::EgressShared;
use crate::egress::target::Target;

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The answer, or why there is none.
    pub outcome: Result<Response, SendError>,
    /// How long its parts took.
    pub timings: Timings,
}

type Message = Request<Full<Bytes>>;

/// Makes the same request each time: one for each connection that it is tried on. Keeping a copy of its headers for
/// the second, which hardly one request in a thousand needs, would cost each of them an allocation a header.
pub(in crate::egress) type MakeRequest<'a> = &'a (dyn Fn() -> Result<OutgoingRequest, SendError> + Sync);

/// How far a request has come; says what a timeout was spent on.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Connecting,
    Waiting,
    Reading,
}

/// One request under way.
struct Trip<'a> {
    egress: &'a EgressShared,
    target: &'a Target,
    response_bytes_max: usize,
    timeout: Duration,
    deadline: Instant,
    timings: Timings,
    stage: Stage,
}

pub(in crate::egress) async fn run(
    egress: &EgressShared,
    target: &Target,
    made: MakeRequest<'_>,
    timeout: Duration,
    response_bytes_max: usize,
) -> Sent {
    let started = Instant::now();
    let (timings, stage) = (Timings::default(), Stage::Connecting);
    let deadline = started + timeout;
    let mut trip = Trip { egress, target, response_bytes_max, timeout, deadline, timings, stage };
    let outcome = trip.exchange(made).await;
    trip.timings.total_us = micros(started.elapsed());
    Sent { outcome, timings: trip.timings }
}

/// Why there is no answer.
enum Failed {
    /// The connection broke before the first byte of one.
    Unheard(SendError),
    /// An answer had begun.
    Heard(SendError),
}

/// An answer that has begun.
enum Begun {
    /// Its head is there; the connection brings the rest.
    Head(http::Response<Incoming>, OpenConnection),
    /// Its head cannot be read beyond the first line.
    StatusAlone(u16, SendError),
}

impl Trip<'_> {
    async fn exchange(&mut self, made: MakeRequest<'_>) -> Result<Response, SendError> {
        let begun = tokio::time::timeout_at(self.deadline, self.begin(made)).await;
        let (answer, connection) = match begun.unwrap_or_else(|_| Err(self.timed_out(self.timeout)))? {
            Begun::Head(answer, connection) => (answer, connection),
            Begun::StatusAlone(status, error) => return Ok(answer::unreadable(status, error)),
        };
        let (mut response, ending) = answer::read(answer, self.response_bytes_max, self.deadline).await;
        match ending {
            Ending::Reusable => self.target.pool.give(connection),
            Ending::Used => {}
            Ending::Broke(error) => response.end = BodyEnd::Broken(self.broke(&error)),
            Ending::TimedOut => response.end = BodyEnd::Broken(self.timed_out(self.timeout)),
        }
        Ok(response)
    }

    /// Until the head of the answer is there.
    async fn begin(&mut self, made: MakeRequest<'_>) -> Result<Begun, SendError> {
        let mut message = self.message(made)?;
        if let Some(idle) = self.target.pool.take() {
            match self.attempt(idle, message).await {
                // A connection that was idle and breaks before an answer begins was closed by its peer
                // meanwhile, as every server does; the peer is asked, not the connection. One fresh
                // connection decides. Whoever did take the request sees the same id again, as after
                // any attempt without an answer.
                Err(Failed::Unheard(_)) => message = self.message(made)?,
                Err(Failed::Heard(error)) => return Err(error),
                Ok(begun) => return Ok(begun),
            }
        }
        self.stage = Stage::Connecting;
        // Rare and large: the future of every other request need not have room for it.
        let fresh = Box::pin(self.connect()).await?;
        self.attempt(fresh, message).await.map_err(|failed| match failed {
            Failed::Unheard(error) | Failed::Heard(error) => error,
        })
    }

    fn message(&self, made: MakeRequest<'_>) -> Result<Message, SendError> {
        outgoing::message(self.egress, &self.target.url, made()?)
    }

    async fn connect(&mut self) -> Result<OpenConnection, SendError> {
        let limit = self.egress.options.connect_timeout;
        let opening = connection::open(self.egress, &self.target.url, &mut self.timings);
        match tokio::time::timeout(limit, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(self.timed_out(limit)),
        }
    }

    async fn attempt(&mut self, mut connection: OpenConnection, message: Message) -> Result<Begun, Failed> {
        self.stage = Stage::Waiting;
        let started = Instant::now();
        let sender = &mut connection.sender;
        let answer = match sender.ready().await {
            Ok(()) => sender.send_request(message).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                self.stage = Stage::Reading;
                self.timings.first_byte_us = micros(started.elapsed());
                Ok(Begun::Head(answer, connection))
            }
            Err(error) => self.no_head(&error, connection.activity.heard()),
        }
    }

    /// What is left of an answer whose head did not come or cannot be read.
    fn no_head(&self, error: &hyper::Error, heard: Opening) -> Result<Begun, Failed> {
        let authority = self.target.url.authority();
        // An answer that stops short is a broken connection; hyper counts it as a parse error, too.
        let garbled = error.is_parse() && !error.is_incomplete_message();
        let bad = |detail: String| SendError { code: ErrorCode::BadResponse, detail };
        match heard {
            Opening::Silence => Err(Failed::Unheard(self.broke(error))),
            // Whoever says a status has done its work, whatever its headers are like.
            Opening::Status(status @ 200..) if garbled => Ok(Begun::StatusAlone(
                status,
                bad(format!(
                    "the headers of the answer cannot be read: {error}; at most {HEADERS_MAX} headers and \
                     {} KiB are",
                    HEAD_BYTES_MAX >> 10
                )),
            )),
            Opening::Tls if garbled => Err(Failed::Heard(bad(format!(
                "{authority} speaks TLS on this port: the URL of the destination should begin with https://"
            )))),
            _ if garbled => Err(Failed::Heard(bad(format!(
                "{authority} sent something that is not an HTTP/1.1 answer: {error}"
            )))),
            _ => Err(Failed::Heard(self.broke(error))),
        }
    }

    fn broke(&self, error: &hyper::Error) -> SendError {
        let authority = self.target.url.authority();
        if let Some(detail) = tls_fault::explain_break(error) {
            return tls_fault::send_error(&authority, detail);
        }
        let when = match self.stage {
            Stage::Reading => "in the middle of its answer",
            Stage::Connecting | Stage::Waiting => "before it answered",
        };
        SendError {
            code: ErrorCode::ConnectionFailed,
            detail: format!("{authority} broke the connection {when}: {error}"),
        }
    }

    fn timed_out(&self, limit: Duration) -> SendError {
        let what = match self.stage {
            Stage::Connecting => "could not be connected to",
            Stage::Waiting => "took the connection but did not answer",
            Stage::Reading => "began to answer but did not finish",
        };
        SendError {
            code: ErrorCode::Timeout,
            detail: format!("{} {what} within {limit:?}", self.target.url.authority()),
        }
    }
}
