//! Writes that are done once for their `Idempotency-Key`. Not here: the memory itself (`idempotency`).

use std::future::Future;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::request::Parts;

use crate::domain::id::WorkspaceId;
use crate::http::idempotency::ANSWER_BYTES_MAX;
use crate::http::idempotency::KeyedRequest;
use crate::http::idempotency::Saved;
use crate::http::idempotency::Turn;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::site::Site;

/// Says that an answer was given before: what it tells of may have changed since. The name is the one that is in use
/// elsewhere.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A request that may have been answered before.
pub(super) struct Asking {
    operation: String,
    key: String,
    query: String,
    body: Bytes,
}

impl Asking {
    /// The request, if it has a key.
    pub(super) fn of(parts: &Parts, body: &Bytes) -> Option<Self> {
        let key = parts.headers.get("idempotency-key")?.to_str().unwrap_or("").to_owned();
        let operation = format!("{} {}", parts.method, parts.uri.path());
        let query = parts.uri.query().unwrap_or("").to_owned();
        Some(Self { operation, key, query, body: body.clone() })
    }
}

/// Does a write once, or gives the answer it had.
pub(super) async fn once(
    site: &Site,
    workspace: WorkspaceId,
    asking: &Asking,
    still_admitted: impl FnOnce() -> Result<(), Problem>,
    work: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    let Asking { operation, key, query, body } = asking;
    let asked = KeyedRequest { workspace, operation, key, content: [query.as_bytes(), body] };
    let mut slot = match site.memory.turn(&asked).await? {
        Turn::Again(saved) => {
            // Whoever did it first may have taken long.
            still_admitted()?;
            let mut again = respond(saved);
            again.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            return Ok(again);
        }
        Turn::First(slot) => slot,
    };
    let (parts, body) = work.await?.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Err(Problem::new(Kind::Internal, "the answer could not be written"));
    };
    let saved = Saved { status: parts.status, headers: parts.headers, body: bytes };
    if saved.body.len() <= ANSWER_BYTES_MAX {
        slot.save(saved.clone());
    }
    Ok(respond(saved))
}

fn respond(saved: Saved) -> Response {
    let mut response = Response::new(Body::from(saved.body));
    *response.status_mut() = saved.status;
    *response.headers_mut() = saved.headers;
    response
}
