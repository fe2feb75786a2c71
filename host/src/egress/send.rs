//! One request and its answer, within one time limit.

use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderMap;
use http::Method;
use http::Request;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::domain::event::Headers;
use crate::egress::Inner;
use crate::egress::connection;
use crate::egress::connection::Connection;
use crate::egress::connection::micros;
use crate::egress::target::Target;

/// Bytes of an answer that are read and thrown away so that the connection can be used again.
const DISCARD_MAX: usize = 256 << 10;
/// Bytes kept of an answer's headers.
const KEPT_HEADERS_MAX: usize = 8 << 10;

/// A request, complete but for what the connection adds.
#[derive(Clone, Debug)]
pub struct OutgoingRequest {
    /// The method.
    pub method: Method,
    /// A path and query instead of the target's own; begins with `/`.
    pub path: Option<String>,
    /// Every header but `Host`, `Content-Length` and, if missing, `User-Agent`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The answer, or why there is none.
    pub outcome: Result<Response, SendError>,
    /// How long its parts took.
    pub timings: Timings,
}

pub(super) async fn run(
    egress: &Inner,
    target: &Target,
    request: OutgoingRequest,
    timeout: Duration,
) -> Sent {
    let started = Instant::now();
    let mut timings = Timings::default();
    let exchange = tokio::time::timeout(timeout, exchange(egress, target, &request, &mut timings)).await;
    let outcome = exchange.unwrap_or_else(|_| {
        let detail = format!("no complete answer from {} within {timeout:?}", target.authority());
        Err(SendError { code: ErrorCode::Timeout, detail })
    });
    timings.total_us = micros(started.elapsed());
    Sent { outcome, timings }
}

async fn exchange(
    egress: &Inner,
    target: &Target,
    request: &OutgoingRequest,
    timings: &mut Timings,
) -> Result<Response, SendError> {
    if let Some(mut idle) = target.pool.take(egress.options.idle_timeout) {
        match attempt(egress, target, &mut idle, request, timings).await {
            // The peer closed it before it took the request: nothing was processed.
            Err(Failed::NotSent) => {}
            Err(Failed::Sent(error)) => return Err(error),
            Ok((response, reusable)) => return Ok(keep(target, idle, response, reusable)),
        }
    }
    let limit = egress.options.connect_timeout;
    let opened = tokio::time::timeout(limit, connection::open(egress, target, timings)).await;
    let mut fresh = opened.map_err(|_| SendError {
        code: ErrorCode::Timeout,
        detail: format!("no connection to {} within {limit:?}", target.authority()),
    })??;
    match attempt(egress, target, &mut fresh, request, timings).await {
        Ok((response, reusable)) => Ok(keep(target, fresh, response, reusable)),
        Err(Failed::Sent(error)) => Err(error),
        Err(Failed::NotSent) => Err(SendError {
            code: ErrorCode::ConnectionFailed,
            detail: format!("{} closed the connection before it took the request", target.authority()),
        }),
    }
}

fn keep(target: &Target, connection: Connection, response: Response, reusable: bool) -> Response {
    if reusable {
        target.pool.give(connection);
    }
    response
}

/// Why there is no answer, and whether the peer may have seen the request.
enum Failed {
    NotSent,
    Sent(SendError),
}

async fn attempt(
    egress: &Inner,
    target: &Target,
    connection: &mut Connection,
    request: &OutgoingRequest,
    timings: &mut Timings,
) -> Result<(Response, bool), Failed> {
    let started = Instant::now();
    if connection.sender.ready().await.is_err() {
        return Err(Failed::NotSent);
    }
    let message = build(egress, target, request);
    let answer = match connection.sender.try_send_request(message).await {
        Ok(answer) => answer,
        Err(mut error) => {
            // hyper gives the request back only if not a byte of it was written.
            let untouched = error.take_message().is_some();
            return Err(if untouched { Failed::NotSent } else { Failed::Sent(broke(target, error.error())) });
        }
    };
    timings.first_byte_us = micros(started.elapsed());
    let (parts, body) = answer.into_parts();
    let (body, whole) = read(body, egress.options.response_bytes_max).await;
    let (body, truncated, reusable) = match whole {
        Ok(Whole::Kept) => (body, false, true),
        Ok(Whole::Discarded) => (body, true, true),
        Ok(Whole::TooLong) => (body, true, false),
        Err(error) => return Err(Failed::Sent(broke(target, &error))),
    };
    let response =
        Response { status: parts.status.as_u16(), headers: kept_headers(&parts.headers), body, truncated };
    Ok((response, reusable))
}

fn build(egress: &Inner, target: &Target, request: &OutgoingRequest) -> Request<Full<Bytes>> {
    let mut message = Request::new(Full::new(request.body.clone()));
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = target.uri(request.path.as_deref());
    *message.headers_mut() = request.headers.clone();
    let headers = message.headers_mut();
    headers.insert(http::header::HOST, target.host_header().clone());
    if let (false, Ok(agent)) =
        (headers.contains_key(http::header::USER_AGENT), egress.options.user_agent.parse())
    {
        headers.insert(http::header::USER_AGENT, agent);
    }
    message
}

/// How far an answer was read.
enum Whole {
    /// All of it is kept.
    Kept,
    /// All of it was read, the end thrown away.
    Discarded,
    /// It was too long to read.
    TooLong,
}

async fn read(mut body: Incoming, bytes_max: usize) -> (Bytes, Result<Whole, hyper::Error>) {
    let mut kept = BytesMut::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let data = match frame {
            Ok(frame) => frame.into_data().unwrap_or_default(),
            Err(error) => return (kept.freeze(), Err(error)),
        };
        let room = bytes_max - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        seen += data.len();
        if seen > bytes_max + DISCARD_MAX {
            return (kept.freeze(), Ok(Whole::TooLong));
        }
    }
    (kept.freeze(), Ok(if seen <= bytes_max { Whole::Kept } else { Whole::Discarded }))
}

fn kept_headers(headers: &HeaderMap) -> Headers {
    let mut bytes = 0;
    let kept = headers.iter().map_while(|(name, value)| {
        bytes += name.as_str().len() + value.len();
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (bytes <= KEPT_HEADERS_MAX).then(|| (name.as_str().to_owned(), text))
    });
    Headers(kept.collect())
}

fn broke(target: &Target, error: &hyper::Error) -> SendError {
    let code = if error.is_parse() { ErrorCode::BadResponse } else { ErrorCode::ConnectionFailed };
    let what = match code {
        ErrorCode::BadResponse => "sent something that is not an HTTP answer",
        _ => "broke the connection before its answer was complete",
    };
    SendError { code, detail: format!("{} {what}: {error}", target.authority()) }
}
