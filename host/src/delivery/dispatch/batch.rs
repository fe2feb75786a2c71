//! A worker's turn where several deliveries go in one request: what belongs together is loaded, sent as one, and settled
//! each for itself, with the same end and the same next time. Not here: which belong together (`queues::lane::batch`).

use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::delivery::deliver;
use crate::delivery::dispatch::load;
use crate::delivery::in_flight::WorkspaceSlots;
use crate::delivery::queues::Gate;
use crate::delivery::queues::NextBatch;
use crate::delivery::settle;
use crate::delivery::settle::Settlement;
use crate::delivery::transport::Attempted;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::BodyEnd;
use crate::domain::destination::BatchRule;
use crate::domain::id::BatchId;
use crate::domain::id::DestinationId;
use crate::domain::plan::Noted;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;
use crate::rules::batch;

/// Bytes of an answer that are kept with each member but the first, which has all of it.
const ANSWER_BYTES: usize = 256;

/// What can be sent of what was taken.
pub(super) async fn load(delivery: &Delivery, destination: DestinationId, taken: NextBatch) -> Vec<Job> {
    let mut jobs = match taken {
        NextBatch::Ready(jobs) => jobs,
        NextBatch::Parked(parked) => {
            let mut jobs = Vec::with_capacity(parked.len());
            for (id, parked) in parked {
                jobs.extend(load::run(delivery, destination, id, parked).await);
            }
            jobs
        }
        NextBatch::Nothing(_) => Vec::new(),
    };
    // The same ones are always in the same order.
    jobs.sort_unstable_by_key(|job: &Job| job.id);
    jobs
}

/// Sends them, in as many requests as their bytes need.
pub(super) async fn attempt(
    delivery: &Delivery,
    share: &WorkspaceSlots,
    destination: &DestinationRuntime,
    rule: &BatchRule,
    mut jobs: Vec<Job>,
) {
    while !jobs.is_empty() {
        let fitting = batch::fitting(jobs.iter().map(|job| job.bytes.payload.len()));
        let rest = jobs.split_off(fitting);
        attempt_one(delivery, share, destination, rule, jobs).await;
        jobs = rest;
        if !jobs.is_empty() {
            wait_for_rate(delivery, destination).await;
        }
    }
}

/// The first request had its turn in the lane; each further one waits for the destination's rate here.
async fn wait_for_rate(delivery: &Delivery, destination: &DestinationRuntime) {
    let Some(rate) = destination.destination.rate else { return };
    let lane = delivery.lanes().of(destination.destination.id);
    loop {
        let now = delivery.now();
        let later = match lane.lock().within_rate(Gate::Open, Some(rate), now) {
            Gate::Later(at) => at,
            Gate::Open | Gate::Shut => break,
        };
        tokio::time::sleep(later.since(now)).await;
    }
    lane.lock().note_sent(Some(rate), delivery.now());
}

async fn attempt_one(
    delivery: &Delivery,
    share: &WorkspaceSlots,
    destination: &DestinationRuntime,
    rule: &BatchRule,
    jobs: Vec<Job>,
) {
    let turn = delivery.wire().turn(share).await;
    let began = delivery.now();
    delivery.observer().metrics.in_flight(1);
    let (id, sent) = deliver::run_batch(delivery, destination, rule, &jobs, began).await;
    delivery.observer().metrics.in_flight(-1);
    drop(turn);
    settle_all(delivery, destination, jobs, began, id, sent);
}

fn settle_all(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    jobs: Vec<Job>,
    began: Timestamp,
    batch: BatchId,
    sent: Attempted,
) {
    let members = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    // One time and one chance for all of them: what is tried again is due together.
    let (now, jitter) = (delivery.now(), delivery.jitter());
    let short =
        Attempted { outcome: shortened(sent.outcome.clone()), timings: sent.timings, keeps: Vec::new() };
    for (at, job) in jobs.into_iter().enumerate() {
        let attempted = if at == 0 { sent.clone() } else { short.clone() };
        let noted = Some(Noted::Batched { batch, members });
        settle::run(delivery, destination, job, Settlement { began, now, jitter, attempted, noted });
    }
}

/// With the beginning of the answer's body only.
fn shortened(outcome: AttemptOutcome) -> AttemptOutcome {
    outcome.map(|mut response| {
        if response.body.len() > ANSWER_BYTES {
            response.body.truncate(ANSWER_BYTES);
            response.end = BodyEnd::Longer;
        }
        response
    })
}
