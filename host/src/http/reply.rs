//! Answers: JSON and its headers. Not here: problems (`problem`).

use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_DISPOSITION;
use http::header::CONTENT_SECURITY_POLICY;
use http::header::CONTENT_TYPE;
use http::header::LOCATION;
use http::header::REFERRER_POLICY;
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::header::X_FRAME_OPTIONS;
use serde::Serialize;

use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::rules::own_answer;

/// What an operation answers.
pub(crate) type Answer = Result<Response, Problem>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Headers every answer has unless it sets its own: nothing here is a page, a frame or a script,
/// and nothing is kept by caches.
const SAFE: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    ),
];

/// Adds the headers of `SAFE` that are not there.
pub(crate) fn make_safe(headers: &mut HeaderMap) {
    for (name, value) in SAFE {
        headers.entry(name).or_insert(value);
    }
}

/// Sets the headers of `SAFE`, whatever is there, and has a browser save what it could show: for answers that come
/// from the dashboard's origin and are somebody else's words.
pub(crate) fn seal(headers: &mut HeaderMap) {
    for (name, value) in SAFE {
        headers.insert(name, value);
    }
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if media.is_some_and(|media| media != "application/problem+json" && own_answer::is_download(media)) {
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"answer.xml\""));
    }
}

/// JSON with a status.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => json_bytes(status, bytes.into()),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            Problem::new(Kind::Internal, "the answer could not be written").into_response()
        }
    }
}

/// JSON that is written already.
pub(crate) fn json_bytes(status: StatusCode, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// 200 with JSON.
pub(crate) fn ok(value: &impl Serialize) -> Response {
    json(StatusCode::OK, value)
}

/// 201 with JSON and where the new thing is.
pub(crate) fn created(location: &str, value: &impl Serialize) -> Response {
    let mut response = json(StatusCode::CREATED, value);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// 204.
pub(crate) fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Bytes of a media type.
pub(crate) fn bytes(media: &str, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let media = HeaderValue::from_str(media).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(CONTENT_TYPE, media);
    response
}
