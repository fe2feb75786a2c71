//! What is said to bytes that never became a request: the same problem documents that requests get. Not here: when
//! a connection ends.

use std::io;
use std::time::Duration;
use std::time::UNIX_EPOCH;

use axum::response::IntoResponse as _;
use axum::response::Response;
use http_body_util::BodyExt as _;
use tokio::net::TcpStream;

use crate::domain::time::Timestamp;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::server::ServerLimits;
use crate::http::server::kept::ConnectionEnd;

/// Why a connection ended, if its client should hear of it. `has_heard`: whether something came that was not
/// understood.
pub(super) fn problem(ended: &ConnectionEnd, has_heard: bool, limits: &ServerLimits) -> Option<Problem> {
    match ended {
        ConnectionEnd::Mute => slow(has_heard, limits),
        ConnectionEnd::Early(error) => of_hyper(error.downcast_ref()?, has_heard, limits),
    }
}

fn slow(has_heard: bool, limits: &ServerLimits) -> Option<Problem> {
    // A connection on which nothing was asked is closed without a word.
    let seconds = limits.header_timeout.as_secs_f64();
    let detail = format!("the headers of the request were not complete after {seconds} s");
    has_heard.then(|| Problem::new(Kind::RequestTimeout, detail))
}

fn of_hyper(error: &hyper::Error, has_heard: bool, limits: &ServerLimits) -> Option<Problem> {
    if error.is_timeout() {
        return slow(has_heard, limits);
    }
    if error.is_parse_too_large() {
        return Some(too_large(error, limits));
    }
    if error.is_incomplete_message() {
        let detail = "the connection was closed by the client before the headers were complete";
        return has_heard.then(|| Problem::new(Kind::MalformedRequest, detail));
    }
    error.is_parse().then(|| {
        Problem::new(Kind::MalformedRequest, format!("what came could not be read as HTTP/1.1: {error}"))
    })
}

fn too_large(error: &hyper::Error, limits: &ServerLimits) -> Problem {
    // hyper tells the two apart only in its words.
    if error.to_string().contains("URI") {
        return Problem::new(
            Kind::UriTooLong,
            "the request's path and query are too long; at most 65534 bytes",
        );
    }
    let (bytes, count) = (limits.head_bytes(), super::connection::HEADERS_MAX);
    let detail = format!("the request's headers are more than {bytes} bytes or more than {count} headers");
    Problem::new(Kind::HeadersTooLarge, detail)
}

/// Writes all of it, unless the client is gone, which does not read it.
pub(super) async fn write(stream: &TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() && stream.writable().await.is_ok() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// The bytes of an answer after which the connection is closed.
pub(super) async fn encode(problem: Problem, now: Timestamp) -> Vec<u8> {
    let mut response: Response = problem.into_response();
    reply::make_safe(response.headers_mut());
    let (head, body) = response.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let (length, date) =
        (body.len(), httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(now.as_millis())));
    bytes.extend_from_slice(
        format!("connection: close\r\ncontent-length: {length}\r\ndate: {date}\r\n\r\n").as_bytes(),
    );
    bytes.extend_from_slice(&body);
    bytes
}
