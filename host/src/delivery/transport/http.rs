//! Attempts at a URL: a request, and what its answer means.

use ::http::HeaderMap;
use ::http::Method;

use crate::control::resources::transport::HttpTransport;
use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::delivery::transport::Attempted;
use crate::delivery::transport::SignedHeaders;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use crate::egress::OutgoingRequest;
use crate::egress::Sent;
use crate::pipeline::job::Job;
use crate::rules::backoff::parse_retry_after;
use crate::rules::hide;
use crate::rules::lifecycle::Asked;
use crate::rules::lifecycle::LifecycleInput;

pub(super) async fn attempt(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    transport: &HttpTransport,
    job: &Job,
    signed: SignedHeaders<'_>,
) -> Attempted {
    let target = match &transport.target {
        Ok(target) => target,
        Err(detail) => {
            return Attempted::unmade(SendError { code: ErrorCode::EgressRefused, detail: detail.clone() });
        }
    };
    let made = || Ok(request(transport, job, signed()?));
    let Sent { outcome, timings } = delivery.egress().send_made(target, &made, transport.timeout).await;
    let outcome = outcome.map(|response| hidden(delivery, destination, job, response)).into();
    Attempted { outcome, timings, keeps: Vec::new() }
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
    let response = destination.hide.response(response);
    match delivery.snapshot().connections.get(&job.connection) {
        Some(connection) => connection.secrets().fold(response, |kept, secrets| hide::without(secrets, kept)),
        None => response,
    }
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
