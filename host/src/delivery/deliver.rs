//! Third file of an event's life: signs the bytes of a delivery and sends them. Writes nothing.

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;

use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::domain::time::Timestamp;
use crate::egress::OutgoingRequest;
use crate::egress::Sent;
use crate::pipeline::job::Job;
use crate::rules::hide;

/// One attempt at a delivery. A bad peer is an outcome, not an error.
pub(crate) async fn run(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    job: &Job,
    now: Timestamp,
) -> Sent {
    let target = match &destination.target {
        Ok(target) => target,
        Err(detail) => return refused(ErrorCode::EgressRefused, detail.clone()),
    };
    let timeout = std::time::Duration::from_millis(destination.destination.timeout_ms);
    let made = || request(destination, job, now);
    let Sent { outcome, timings } = delivery.egress().send_made(target, &made, timeout).await;
    Sent { outcome: outcome.map(|response| hidden(delivery, destination, job, response)), timings }
}

fn request(
    destination: &DestinationRuntime,
    job: &Job,
    now: Timestamp,
) -> Result<OutgoingRequest, SendError> {
    let headers =
        headers(destination, job, now).map_err(|detail| SendError { code: ErrorCode::StepFailed, detail })?;
    let method = job.bytes.method.as_deref().unwrap_or(&destination.destination.method);
    Ok(OutgoingRequest {
        method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST),
        path: job.bytes.path.clone(),
        headers,
        body: job.bytes.payload.clone(),
    })
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

fn refused(code: ErrorCode, detail: String) -> Sent {
    Sent { outcome: Err(SendError { code, detail }), timings: Timings::default() }
}

/// The destination's headers, then the delivery's own, then the signature, which nothing overrides.
fn headers(destination: &DestinationRuntime, job: &Job, now: Timestamp) -> Result<HeaderMap, String> {
    let mut headers = destination.headers.clone();
    for (name, value) in &job.bytes.headers.0 {
        insert(&mut headers, name, value)?;
    }
    let content_type = Some(&job.bytes.content_type).filter(|found| !found.is_empty());
    if let Some(Ok(content_type)) = content_type.map(|found| HeaderValue::from_str(found)) {
        headers.entry(http::header::CONTENT_TYPE).or_insert(content_type);
    }
    let signing = destination.signing.as_ref().map_err(Clone::clone)?;
    let id = job.id.to_string();
    for (name, value) in signing.sign(&id, now, &job.bytes.event_type, &job.bytes.payload) {
        insert(&mut headers, &name, &value)?;
    }
    Ok(headers)
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    let parsed_name = HeaderName::from_bytes(name.as_bytes());
    let parsed_name = parsed_name.map_err(|_| format!("`{name}` is not a header name"))?;
    let parsed_value = HeaderValue::from_str(value);
    let parsed_value = parsed_value
        .map_err(|_| format!("the value of header `{name}` has characters a header cannot have"))?;
    headers.insert(parsed_name, parsed_value);
    Ok(())
}
