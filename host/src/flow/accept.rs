//! First file of an event's life: checks key, signature and body of a request, finds type and
//! idempotency key, has it stored, and answers with its id once it is on disk. A provider's question about the URL
//! is answered instead.

use std::sync::Arc;

use bytes::Bytes;
use sha2::Digest as _;
use sha2::Sha256;

use crate::domain::config::FlowState;
use crate::domain::event::Headers;
use crate::domain::event::IdempotencyKey;
use crate::domain::event::NewEvent;
use crate::flow::Gateway;
use crate::flow::body_view::BodyKind;
use crate::flow::credentials;
use crate::flow::error::AcceptError;
use crate::flow::snapshot::Extract;
use crate::flow::snapshot::Snapshot;
use crate::flow::snapshot::SourceRuntime;
use crate::rules::challenge;
use crate::rules::challenge::Reply;
use crate::rules::verify::Request;
use crate::shape::Document;
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
    Question(Reply),
}

/// What a request is.
enum Meaning {
    Event(Box<NewEvent>),
    Question(Reply),
}

/// Takes a request in. A refused one is recorded with its cause.
pub async fn run(
    gateway: &Gateway,
    source: &SourceRuntime,
    incoming: Incoming,
) -> Result<Taken, AcceptError> {
    let snapshot = gateway.snapshot();
    let event = match check(gateway, &snapshot, source, &incoming) {
        Ok(Meaning::Event(event)) => *event,
        Ok(Meaning::Question(reply)) => {
            tracing::info!(source = %source.source.id, "answered the provider's question about the URL");
            return Ok(Taken::Question(reply));
        }
        Err(error) => {
            gateway.record_rejection(source, &error, incoming.headers, incoming.body);
            return Err(error);
        }
    };
    let accepted = gateway.store().accept(vec![event]).await?;
    let accepted = accepted.into_iter().next();
    accepted.map(Taken::Event).ok_or_else(|| AcceptError::Store(gateway.store_closed()))
}

/// Everything that can be decided without the store.
fn check(
    gateway: &Gateway,
    snapshot: &Snapshot,
    source: &SourceRuntime,
    incoming: &Incoming,
) -> Result<Meaning, AcceptError> {
    let settings = &source.source;
    if settings.state == FlowState::Paused {
        return Err(AcceptError::Paused { retry_after_s: PAUSED_RETRY_AFTER_S });
    }
    let request = Request {
        method: &incoming.method,
        url: &incoming.url,
        path: &incoming.path,
        query: &incoming.query,
        headers: &incoming.headers,
        body: &incoming.body,
    };
    let question = |signed| asked(source, &request, signed);
    if let Some(reply) = question(false) {
        return Ok(Meaning::Question(reply));
    }
    if !settings.methods.contains(&incoming.method) {
        return Err(AcceptError::MethodNotAllowed { allowed: settings.methods.clone() });
    }
    if incoming.body.len() as u64 > source.body_bytes_max {
        return Err(AcceptError::TooLarge { limit: source.body_bytes_max });
    }
    let now = gateway.now();
    let mut verified_by = credentials::check(snapshot, settings, &incoming.headers, now)?;
    if let Some(verification) = &source.verification {
        verification.verify(&request, now).map_err(|error| AcceptError::Unverified {
            status: verification.fail_status(),
            code: error.code(),
            detail: error.to_string(),
        })?;
        verified_by = source.verified_by.clone();
        if let Some(reply) = question(true) {
            return Ok(Meaning::Question(reply));
        }
    }
    let content_type: Arc<str> = incoming.headers.get("content-type").unwrap_or("").into();
    let document = parse_if_needed(source, &content_type, &incoming.body)?;
    Ok(Meaning::Event(Box::new(NewEvent {
        workspace: settings.workspace,
        source: Some(settings.id),
        event_type: extract(source.event_type.as_ref(), &incoming.headers, document.as_ref())
            .unwrap_or_default()
            .into(),
        content_type,
        idempotency: idempotency(source, &incoming.headers, document.as_ref()),
        headers: source.hide.headers(&incoming.headers),
        body: incoming.body.clone(),
        received_at: now,
        revision: snapshot.revision(),
        verified_by,
    })))
}

/// The answer if this is the question of the source's provider. A question that is signed may be answered only
/// after the signature was checked.
fn asked(source: &SourceRuntime, request: &Request<'_>, signed: bool) -> Option<Reply> {
    let challenge = source.challenge.filter(|challenge| challenge.is_signed() == signed)?;
    let verification = source.source.verification.as_ref()?;
    let secrets: Vec<&str> = verification.secrets.iter().map(|secret| secret.0.expose()).collect();
    challenge::answer(challenge, request, &secrets)
}

/// A body that says it is JSON must be; one that does not say is parsed only for a rule's sake.
fn parse_if_needed<'a>(
    source: &SourceRuntime,
    content_type: &str,
    body: &'a [u8],
) -> Result<Option<Document<'a>>, AcceptError> {
    let says_json = BodyKind::of(content_type) == BodyKind::Json;
    let wanted = matches!(source.event_type, Some(Extract::Path(_)))
        || matches!(source.idempotency, Some(Extract::Path(_)));
    if !says_json && !wanted {
        return Ok(None);
    }
    match Document::parse(body) {
        Ok(document) => Ok(Some(document)),
        Err(fault) if says_json => Err(AcceptError::BadJson { detail: fault.to_string() }),
        Err(_) => Ok(None),
    }
}

fn extract(from: Option<&Extract>, headers: &Headers, document: Option<&Document<'_>>) -> Option<String> {
    match from? {
        Extract::Fixed(value) => Some(value.as_ref().to_owned()),
        Extract::Header(name) => headers.get(name).map(str::to_owned),
        Extract::Path(query) => query.first_text(document?),
    }
}

/// `Idempotency-Key` if the sender gives one, else the source's own rule.
fn idempotency(
    source: &SourceRuntime,
    headers: &Headers,
    document: Option<&Document<'_>>,
) -> Option<IdempotencyKey> {
    let given = headers.get("idempotency-key").map(|key| key.trim_matches('"').to_owned());
    let key = given.or_else(|| extract(source.idempotency.as_ref(), headers, document))?;
    Some(idempotency_key(source.source.id.bits(), &key))
}

/// The key of an event: `scope` is its source's id, or its workspace's for published events.
pub fn idempotency_key(scope: u128, key: &str) -> IdempotencyKey {
    let digest = Sha256::new().chain_update(scope.to_be_bytes()).chain_update(key).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    IdempotencyKey(bytes)
}
