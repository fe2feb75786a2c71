//! Attempts at a URL: a request, and what its answer means.

use std::collections::BTreeSet;

use ::http::HeaderMap;
use ::http::Method;

use crate::control::resources::transport::HttpTransport;
use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::delivery::transport::Attempted;
use crate::delivery::transport::RequestToSend;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::id::ConnectionId;
use crate::domain::plan::Note;
use crate::domain::plan::Noted;
use crate::domain::plan::NotedDelivery;
use crate::domain::time::Timestamp;
use crate::egress::OutgoingRequest;
use crate::egress::Sent;
use crate::pipeline::accept::answer::PublishableAnswer;
use crate::pipeline::job::Job;
use crate::rules::backoff::parse_retry_after;
use crate::rules::hide;
use crate::rules::lifecycle::Asked;
use crate::rules::lifecycle::LifecycleInput;
use crate::rules::receiver;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store as _;
use crate::store::StoreError;

pub(super) async fn attempt(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    transport: &HttpTransport,
    job: &Job,
    RequestToSend { signed, read }: RequestToSend<'_>,
) -> Attempted {
    let target = match &transport.target {
        Ok(target) => target,
        Err(detail) => {
            return Attempted::unmade(SendError { code: ErrorCode::EgressRefused, detail: detail.clone() });
        }
    };
    if let Some(Err(detail)) =
        transport.receiver.map(|receiver| receiver::check(receiver, &job.bytes.payload))
    {
        return Attempted::unmade(SendError { code: ErrorCode::BodyRefused, detail });
    }
    let made = || Ok(request(transport, job, signed()?));
    let Sent { outcome, timings } =
        delivery.egress().send_and_read(target, &made, transport.timeout, read).await;
    let mut outcome = outcome.map(|response| hidden(delivery, destination, job, response)).into();
    if let Some(event_type) = &transport.answer_type
        && let Err(error) = publish_answer(delivery, job, event_type, &outcome).await
    {
        outcome = AttemptOutcome::Broke(error);
    }
    Attempted { outcome, timings, keeps: Vec::new() }
}

/// What a receiver says is an event: on disk before the delivery counts as delivered. Where it cannot be, the delivery is
/// sent again.
async fn publish_answer(
    delivery: &Delivery,
    job: &Job,
    event_type: &str,
    outcome: &AttemptOutcome,
) -> Result<(), SendError> {
    let AttemptOutcome::Answered(response) = outcome else { return Ok(()) };
    if !(200..300).contains(&response.status) || response.body.is_empty() {
        return Ok(());
    }
    let answered = PublishableAnswer { workspace: job.workspace, delivery: job.id, response, event_type };
    let ignored = delivery.pipeline().publish_answer(answered).await;
    let failed = |error: StoreError| SendError {
        code: ErrorCode::ConnectionFailed,
        detail: format!("delivered, but the answer could not be kept: {error}"),
    };
    if let Some(reason) = ignored.map_err(failed)? {
        let about = NotedDelivery { id: job.id, connection: job.connection, destination: job.destination };
        let note = Note {
            event: job.id.event(),
            workspace: job.workspace,
            at: delivery.now(),
            delivery: Some(about),
            what: Noted::AnswerIgnored { reason },
        };
        delivery.store().note(Change { log: vec![LogEntry::Note(note)], ..Change::default() });
    }
    Ok(())
}

fn request(transport: &HttpTransport, job: &Job, headers: HeaderMap) -> OutgoingRequest {
    let wanted = job.bytes.method.as_deref().map(|method| Method::from_bytes(method.as_bytes()));
    OutgoingRequest {
        method: wanted.map_or_else(|| transport.method.clone(), |method| method.unwrap_or(Method::POST)),
        path: job.bytes.path.clone(),
        headers,
        body: job.bytes.payload.clone(),
    }
}

/// Whatever a receiver says of the credentials it got, the destination's or those that a plugin added, is kept
/// nowhere.
fn hidden(delivery: &Delivery, destination: &DestinationRuntime, job: &Job, response: Response) -> Response {
    hidden_of(delivery, [job.connection], destination.hide.response(response))
}

/// The same for several that were sent together.
pub(super) fn hidden_of_all(delivery: &Delivery, jobs: &[Job], response: Response) -> Response {
    let connections: BTreeSet<ConnectionId> = jobs.iter().map(|job| job.connection).collect();
    hidden_of(delivery, connections, response)
}

fn hidden_of(
    delivery: &Delivery,
    connections: impl IntoIterator<Item = ConnectionId>,
    response: Response,
) -> Response {
    let snapshot = delivery.snapshot();
    let found = connections.into_iter().filter_map(|id| snapshot.connections.get(&id));
    found.fold(response, |kept, connection| {
        connection.secrets().fold(kept, |kept, secrets| hide::without(secrets, kept))
    })
}

/// What an answer means.
pub(super) fn meaning(
    transport: &HttpTransport,
    job: &Job,
    response: &Response,
    now: Timestamp,
) -> LifecycleInput {
    LifecycleInput::Answered {
        status: response.status,
        asked: asked(transport, job),
        retry_after: response.headers.get("retry-after").and_then(|text| parse_retry_after(text, now)),
    }
}

/// Whether a mapping's path led elsewhere than the destination's own does.
fn asked(transport: &HttpTransport, job: &Job) -> Asked {
    let own = |path: &str| transport.target.as_ref().is_ok_and(|target| target.is_own_path(path));
    match job.bytes.path.as_deref() {
        Some(path) if !own(path) => Asked::Record,
        _ => Asked::Destination,
    }
}
