//! Third file of an event's life: signs the bytes of a delivery and has them sent by what its destination is
//! (`transport`). Writes nothing.

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;

use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::delivery::transport;
use crate::delivery::transport::Attempted;
use crate::delivery::transport::RequestToSend;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::SendError;
use crate::domain::destination::BatchRule;
use crate::domain::id::BatchId;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;
use crate::pipeline::job::no_bytes;
use crate::rules::batch;
use crate::rules::batch::BatchMember;

/// One attempt at a delivery. A bad peer is an outcome, not an error.
pub(crate) async fn run(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    job: &Job,
    now: Timestamp,
) -> Attempted {
    attempt_as(delivery, destination, job, (&job.id.to_string(), 0), now).await
}

/// One attempt at several in one request, which the receiver knows by an id of its own. So many bytes of the answer are
/// read, if that is more than are kept.
pub(crate) async fn run_batch(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    rule: &BatchRule,
    (jobs, read): (&[Job], usize),
    now: Timestamp,
) -> (BatchId, Attempted) {
    let ids: Vec<DeliveryId> = jobs.iter().map(|job| job.id).collect();
    let id = batch::id(&ids);
    let Some(request) = as_one(rule, id, jobs) else {
        return (
            id,
            Attempted::unmade(SendError { code: ErrorCode::StepFailed, detail: "no deliveries".into() }),
        );
    };
    let attempted = attempt_as(delivery, destination, &request, (&id.to_string(), read), now).await;
    (id, transport::without_secrets(delivery, jobs, attempted))
}

fn member(job: &Job) -> BatchMember<'_> {
    BatchMember { id: job.id, event_type: &job.bytes.event_type, payload: &job.bytes.payload }
}

/// The first of them with the body of all.
fn as_one(rule: &BatchRule, id: BatchId, jobs: &[Job]) -> Option<Job> {
    let members: Vec<BatchMember<'_>> = jobs.iter().map(member).collect();
    let first = jobs.first()?;
    let bytes = DeliveryBytes {
        event_type: batch::event_type(&members).to_owned(),
        content_type: "application/json".to_owned(),
        payload: batch::body(rule.form, id, &members).into(),
        ..no_bytes()
    };
    Some(first.with_bytes(bytes))
}

async fn attempt_as(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    job: &Job,
    (id, read): (&str, usize),
    now: Timestamp,
) -> Attempted {
    let signed = || {
        headers(destination, job, id, now).map_err(|detail| SendError { code: ErrorCode::StepFailed, detail })
    };
    transport::attempt(delivery, destination, job, now, RequestToSend { signed: &signed, read }).await
}

/// The destination's headers, then the delivery's own, then the signature, which nothing overrides.
fn headers(
    destination: &DestinationRuntime,
    job: &Job,
    id: &str,
    now: Timestamp,
) -> Result<HeaderMap, String> {
    let mut headers = destination.headers.clone();
    for (name, value) in &job.bytes.headers.0 {
        insert(&mut headers, name, value)?;
    }
    let content_type = Some(&job.bytes.content_type).filter(|found| !found.is_empty());
    if let Some(Ok(content_type)) = content_type.map(|found| HeaderValue::from_str(found)) {
        headers.entry(http::header::CONTENT_TYPE).or_insert(content_type);
    }
    let signing = destination.signing.as_ref().map_err(Clone::clone)?;
    for (name, value) in signing.sign(id, now, &job.bytes.event_type, &job.bytes.payload) {
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
