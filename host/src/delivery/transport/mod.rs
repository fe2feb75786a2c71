//! What an attempt does, one file for each kind of destination. Not here: how a kind is set up (`control::resources::transport`),
//! what all requests have (`deliver`), what an attempt leads to (`settle`).

mod http;
mod inbox;
mod table;

pub(in crate::delivery) use inbox::InboxIndexes;

use ::http::HeaderMap;

use crate::control::resources::transport::Transport;
use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::domain::grant::KvWrite;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;
use crate::rules::lifecycle::LifecycleInput;

/// Makes the headers of a request, its signature among them; the same each time.
type SignedHeaders<'a> = &'a (dyn Fn() -> Result<HeaderMap, SendError> + Sync);

/// How a request is made, and how much of its answer is read.
#[derive(Clone, Copy)]
pub(in crate::delivery) struct RequestToSend<'a> {
    /// Its headers.
    pub(in crate::delivery) signed: SignedHeaders<'a>,
    /// Bytes of the answer that are read, where that is more than are kept.
    pub(in crate::delivery) read: usize,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Attempted {
    pub(crate) outcome: AttemptOutcome,
    pub(crate) timings: Timings,
    /// What hookmill keeps of it; written with the attempt or not at all.
    pub(crate) keeps: Vec<KvWrite>,
}

impl Attempted {
    /// It could not be made.
    pub(in crate::delivery) fn unmade(error: SendError) -> Self {
        Self { outcome: AttemptOutcome::Broke(error), timings: Timings::default(), keeps: Vec::new() }
    }
}

/// One attempt at a delivery. A bad peer is an outcome, not an error.
pub(super) async fn attempt(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    job: &Job,
    now: Timestamp,
    request: RequestToSend<'_>,
) -> Attempted {
    match &destination.transport {
        Transport::Http(transport) => http::attempt(delivery, destination, transport, job, request).await,
        Transport::Inbox => inbox::attempt(delivery, destination, job, now, request.signed).await,
        Transport::Table(table) => table::attempt(delivery, *table, job).await,
    }
}

/// Without the secrets of any of the deliveries that were sent together.
pub(in crate::delivery) fn without_secrets(
    delivery: &Delivery,
    jobs: &[Job],
    attempted: Attempted,
) -> Attempted {
    let outcome = attempted.outcome.map(|response| http::hidden_of_all(delivery, jobs, response));
    Attempted { outcome, ..attempted }
}

/// What an outcome means for the delivery.
pub(super) fn meaning(
    destination: &DestinationRuntime,
    job: &Job,
    outcome: &AttemptOutcome,
    now: Timestamp,
) -> LifecycleInput {
    match outcome {
        AttemptOutcome::Answered(response) => match &destination.transport {
            Transport::Http(transport) => http::meaning(transport, job, response, now),
            // Nobody answers for it.
            Transport::Inbox | Transport::Table(_) => LifecycleInput::Taken,
        },
        AttemptOutcome::Broke(error) => LifecycleInput::of_error(error.code),
        AttemptOutcome::Kept => LifecycleInput::Taken,
    }
}
