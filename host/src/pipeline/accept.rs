//! First file of an event's life: checks key and signature of a request, unpacks its body, has it stored with type
//! and idempotency key, and answers with its id once it is on disk. A provider's question about the URL is answered
//! instead. Not here: what the event is known by (`identity`).

pub(crate) mod answer;
mod credentials;
mod identity;
pub mod publish;
pub(crate) mod rejection_rate;
mod rejections;
mod replay;
mod schema;
mod unpack;

pub(crate) use identity::idempotency_key;

use std::sync::Arc;

use bytes::Bytes;

use crate::control::snapshot::Snapshot;
use crate::control::snapshot::SourceRuntime;
use crate::domain::config::FlowState;
use crate::domain::event::Headers;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::secret::StoredSecret;
use crate::domain::time::Timestamp;
use crate::pipeline::AcceptError;
use crate::pipeline::Pipeline;
use crate::pipeline::accept::schema::Held;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::store_closed;
use crate::rules::challenge;
use crate::rules::challenge::ChallengeAnswer;
use crate::rules::challenge::ChallengeReply;
use crate::rules::challenge::Keys;
use crate::rules::verify::SignedRequest;
use crate::shape::Document;
use crate::shape::JsonLimits;
use crate::store::Accepted;
use crate::store::Store;

/// Seconds a sender is asked to wait when its source is paused.
const PAUSED_RETRY_AFTER_S: u64 = 60;

/// A request at a source, read to its end.
#[derive(Debug)]
pub struct Incoming {
    /// Upper case.
    pub method: String,
    /// The URL as the sender used it, as far as it is known.
    pub url: String,
    /// Its path.
    pub path: String,
    /// Its query without `?`.
    pub query: String,
    /// All headers.
    pub headers: Headers,
    /// The raw bytes.
    pub body: Bytes,
}

/// What became of a request that was let in.
#[derive(Debug)]
pub enum Taken {
    /// It is an event, and on disk.
    Event(Accepted),
    /// It was the provider's question about the URL; the answer is due with status 200.
    Question(ChallengeReply),
}

/// A request that was let in.
enum Let {
    /// It is an event.
    In(Arc<str>),
    /// It is the provider's question.
    Asks(ChallengeReply),
}

impl Pipeline {
    /// A source by id, or by its name in the first workspace, ready to take requests.
    pub fn source_at(&self, id_or_name: &str) -> Result<Arc<SourceRuntime>, AcceptError> {
        let found = self.configuration().source_at(id_or_name);
        found.ok_or_else(|| AcceptError::UnknownSource(id_or_name.chars().take(100).collect()))
    }

    /// Takes a request in at a source; durable when this returns. A refused one is recorded with its cause.
    pub async fn accept(&self, source: &SourceRuntime, incoming: Incoming) -> Result<Taken, AcceptError> {
        run(self, source, incoming).await
    }
}

async fn run(pipeline: &Pipeline, source: &SourceRuntime, incoming: Incoming) -> Result<Taken, AcceptError> {
    let snapshot = pipeline.snapshot();
    let now = pipeline.now();
    let verified_by = match check(&snapshot, source, &incoming, now) {
        Ok(Let::In(verified_by)) => verified_by,
        Ok(Let::Asks(reply)) => {
            tracing::info!(source = %source.source.id, "answered the provider's question about the URL");
            return Ok(Taken::Question(reply));
        }
        Err(error) => return Err(refused(pipeline, source, error, incoming.headers, incoming.body)),
    };
    let coding = match unpack::coding(&incoming.headers) {
        Ok(coding) => coding,
        Err(error) => return Err(refused(pipeline, source, error, incoming.headers, incoming.body)),
    };
    let Incoming { method, path, query, mut headers, mut body, .. } = incoming;
    if let Some(coding) = coding {
        // Rare and large: the future of every other request need not have room for it.
        match Box::pin(unpack::run(coding, body.clone(), source.body_bytes_max)).await {
            Ok(unpacked) => (headers, body) = (unpack::headers(headers), unpacked),
            Err(error) => return Err(refused(pipeline, source, error, headers, body)),
        }
    }
    let (revision, limits) = (snapshot.revision(), pipeline.limits().json());
    let request = RequestLine { method, path: behind(&path).to_owned(), query };
    let event = event(source, Arrived { request, headers, body, limits, now, revision, verified_by });
    let workspace = source.source.workspace;
    let held = source.source.enforce_schemas.then(|| {
        Held::of(&snapshot, workspace, &event.event_type, (&event.content_type, &event.body, limits))
    });
    drop(snapshot);
    if let Some(held) = held.flatten()
        && let Err(error) = Box::pin(held.check()).await
    {
        return Err(refused(pipeline, source, error, event.headers, event.body));
    }
    let bytes = event.body.len() as u64;
    let used = match pipeline.admit(workspace, 1, bytes) {
        Ok(used) => used,
        Err(over) => return Err(refused(pipeline, source, over.into(), event.headers, event.body)),
    };
    let accepted = pipeline.store().accept(vec![event]).await?;
    let accepted = accepted.into_iter().next().ok_or_else(|| AcceptError::Store(store_closed()))?;
    if !accepted.duplicate {
        used.keep(1, bytes);
    }
    Ok(Taken::Event(accepted))
}

fn refused(
    pipeline: &Pipeline,
    source: &SourceRuntime,
    error: AcceptError,
    headers: Headers,
    body: Bytes,
) -> AcceptError {
    pipeline.record_rejection(source, &error, headers, body);
    error
}

/// Whether a request may in. Everything here can be decided without the store, over the bytes as they came.
fn check(
    snapshot: &Snapshot,
    source: &SourceRuntime,
    incoming: &Incoming,
    now: Timestamp,
) -> Result<Let, AcceptError> {
    let settings = &source.source;
    if settings.state == FlowState::Paused {
        return Err(AcceptError::Paused { retry_after_s: PAUSED_RETRY_AFTER_S });
    }
    let request = SignedRequest {
        method: &incoming.method,
        url: &incoming.url,
        path: &incoming.path,
        query: &incoming.query,
        headers: &incoming.headers,
        body: &incoming.body,
    };
    if let Some(reply) = asked(source, &request, false)? {
        return Ok(Let::Asks(reply));
    }
    if !settings.methods.contains(&incoming.method) {
        return Err(AcceptError::MethodNotAllowed { allowed: settings.methods.clone() });
    }
    if incoming.body.len() as u64 > source.body_bytes_max {
        return Err(AcceptError::TooLarge { limit: source.body_bytes_max });
    }
    let verified_by = credentials::check(snapshot, settings, &incoming.headers, now)?;
    let Some(verification) = &source.verification else { return Ok(Let::In(verified_by)) };
    verification.verify(&request, now).map_err(|error| AcceptError::Unverified {
        status: verification.fail_status(),
        code: error.code(),
        detail: error.to_string(),
    })?;
    Ok(match asked(source, &request, true)? {
        Some(reply) => Let::Asks(reply),
        None => Let::In(source.verified_by.clone()),
    })
}

/// The answer if this is the question of the source's provider. A question that is signed may be answered only
/// after the signature was checked.
fn asked(
    source: &SourceRuntime,
    request: &SignedRequest<'_>,
    signed: bool,
) -> Result<Option<ChallengeReply>, AcceptError> {
    let challenge = source.challenge.filter(|challenge| challenge.is_signed() == signed);
    let (Some(challenge), Some(verification)) = (challenge, &source.source.verification) else {
        return Ok(None);
    };
    let (secrets, tokens) = challenge::part(verification, Some(challenge));
    fn texts<'a>(found: &[&'a StoredSecret]) -> Vec<&'a str> {
        found.iter().map(|secret| secret.0.expose()).collect()
    }
    let (secrets, verify_tokens) = (texts(&secrets), texts(&tokens));
    let keys = Keys { secrets: &secrets, verify_tokens: &verify_tokens };
    match challenge::answer(challenge, request, keys) {
        None => Ok(None),
        Some(ChallengeAnswer::ChallengeReply(reply)) => Ok(Some(reply)),
        Some(ChallengeAnswer::Refused(detail)) => {
            Err(AcceptError::Unverified { status: 403, code: "bad_verify_token", detail: detail.to_owned() })
        }
    }
}

/// What an event is made of.
struct Arrived {
    request: RequestLine,
    headers: Headers,
    body: Bytes,
    limits: JsonLimits,
    now: Timestamp,
    revision: u64,
    verified_by: Arc<str>,
}

/// Nothing is refused for what is in it: a step that cannot read the body says so, and the event is kept.
fn event(source: &SourceRuntime, arrived: Arrived) -> NewEvent {
    let Arrived { request, headers, body, limits, now, revision, verified_by } = arrived;
    let settings = &source.source;
    let content_type: Arc<str> = headers.get("content-type").unwrap_or("").into();
    let (event_type, idempotency) = {
        let json = identity::wants_body(source).then(|| json_text(&content_type, &body));
        let document = json.as_ref().and_then(|json| Document::parse_with(json, limits).ok());
        let event_type = identity::event_type(source, &headers, document.as_ref());
        (event_type, identity::idempotency(source, &headers, document.as_ref()))
    };
    NewEvent {
        workspace: settings.workspace,
        source: Some(settings.id),
        event_type: event_type.into(),
        content_type,
        idempotency,
        headers: source.hide.taken_from(headers),
        request: RequestLine {
            path: source.hide.text(&request.path).into_owned(),
            query: source.hide.query(&request.query),
            ..request
        },
        body,
        received_at: now,
        revision,
        verified_by,
    }
}

/// What stands behind a source's own URL, `/in/NAME`.
fn behind(path: &str) -> &str {
    let own = memchr::memchr_iter(b'/', path.as_bytes()).nth(2).unwrap_or(path.len());
    &path[own..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_url() {
        for (path, expected) in [
            ("/in/x", ""),
            ("/in/x/", "/"),
            ("/in/x/tenant/42", "/tenant/42"),
            ("/in/x%2Fy/%2e%2e/a", "/%2e%2e/a"),
        ] {
            assert_eq!(behind(path), expected);
        }
    }
}
