//! One request and its answer, within one time limit.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::time::Instant;

use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::egress::Inner;
use crate::egress::OutgoingRequest;
use crate::egress::answer;
use crate::egress::connection;
use crate::egress::connection::Connection;
use crate::egress::connection::micros;
use crate::egress::outgoing;
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

/// How far a request has come; says what a timeout was spent on.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Connecting,
    Waiting,
    Reading,
}

/// One request under way.
struct Trip<'a> {
    egress: &'a Inner,
    target: &'a Target,
    response_bytes_max: usize,
    timings: Timings,
    stage: Stage,
}

pub(super) async fn run(
    egress: &Inner,
    target: &Target,
    request: OutgoingRequest,
    timeout: Duration,
    response_bytes_max: usize,
) -> Sent {
    let started = Instant::now();
    let (timings, stage) = (Timings::default(), Stage::Connecting);
    let mut trip = Trip { egress, target, response_bytes_max, timings, stage };
    let outcome = match outgoing::message(egress, target, request) {
        Ok(message) => match tokio::time::timeout(timeout, trip.exchange(message)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(trip.timed_out(timeout)),
        },
        Err(error) => Err(error),
    };
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

impl Trip<'_> {
    async fn exchange(&mut self, message: Message) -> Result<Response, SendError> {
        if let Some(idle) = self.target.pool.take() {
            match self.attempt(idle, message.clone()).await {
                // A connection that was idle and breaks before an answer begins was closed by its peer
                // meanwhile, as every server does; the peer is asked, not the connection. One fresh
                // connection decides. Whoever did take the request sees the same id again, as after
                // any attempt without an answer.
                Err(Failed::Unheard(_)) => {}
                Err(Failed::Heard(error)) => return Err(error),
                Ok(response) => return Ok(response),
            }
        }
        self.stage = Stage::Connecting;
        let fresh = self.connect().await?;
        self.attempt(fresh, message).await.map_err(|failed| match failed {
            Failed::Unheard(error) | Failed::Heard(error) => error,
        })
    }

    async fn connect(&mut self) -> Result<Connection, SendError> {
        let limit = self.egress.options.connect_timeout;
        let opening = connection::open(self.egress, self.target, &mut self.timings);
        match tokio::time::timeout(limit, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(self.timed_out(limit)),
        }
    }

    async fn attempt(&mut self, mut connection: Connection, message: Message) -> Result<Response, Failed> {
        self.stage = Stage::Waiting;
        let started = Instant::now();
        let sender = &mut connection.sender;
        let answer = match sender.ready().await {
            Ok(()) => sender.send_request(message).await,
            Err(error) => Err(error),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if connection.activity.has_heard() => return Err(Failed::Heard(self.broke(&error))),
            Err(error) => return Err(Failed::Unheard(self.broke(&error))),
        };
        self.stage = Stage::Reading;
        self.timings.first_byte_us = micros(started.elapsed());
        let read = answer::read(answer, self.response_bytes_max).await;
        let (response, reusable) = read.map_err(|error| Failed::Heard(self.broke(&error)))?;
        if reusable {
            self.target.pool.give(connection);
        }
        Ok(response)
    }

    fn broke(&self, error: &hyper::Error) -> SendError {
        let authority = self.target.authority();
        // An answer that stops short is a broken connection; hyper counts it as a parse error, too.
        if error.is_parse() && !error.is_incomplete_message() {
            let detail = format!("{authority} sent something that is not an HTTP/1.1 answer: {error}");
            return SendError { code: ErrorCode::BadResponse, detail };
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
            detail: format!("{} {what} within {limit:?}", self.target.authority()),
        }
    }
}
