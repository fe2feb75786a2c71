//! What is said to bytes that never became a request: the same problem documents that requests get. Not here: when
//! a connection ends.

use std::time::Duration;
use std::time::UNIX_EPOCH;

use axum::response::Response;
use http_body_util::BodyExt as _;

use crate::domain::time::Timestamp;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::server::ServerLimits;

/// Why a connection ended, if its client should hear of it. `unread`: what came and was not understood.
pub(super) fn problem(error: &hyper::Error, unread: &[u8], limits: &ServerLimits) -> Option<Problem> {
    if error.is_timeout() {
        // A connection on which nothing was asked is closed without a word.
        let seconds = limits.header_timeout.as_secs_f64();
        let detail = format!("the headers of the request were not complete after {seconds} s");
        return (!unread.is_empty()).then(|| Problem::new(Kind::RequestTimeout, detail));
    }
    if error.is_parse_too_large() {
        return Some(too_large(error, limits));
    }
    if error.is_parse_version_h2() {
        let detail = "this port speaks HTTP/1.1; the request began with HTTP/2's preface";
        return Some(Problem::new(Kind::MalformedRequest, detail));
    }
    if error.is_incomplete_message() {
        let detail = "the connection was closed by the client before the headers were complete";
        return (!unread.is_empty()).then(|| Problem::new(Kind::MalformedRequest, detail));
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
