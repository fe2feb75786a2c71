//! A worker's turn where several deliveries go in one request: what belongs together is loaded, sent as one, and settled
//! each for itself, with the same next time: all with the same end, or those with another that the answer names
//! (`split`). Not here: which belong together (`queues::lane::batch`).

use std::sync::Arc;

use crate::control::resources::transport::Transport;
use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::delivery::deliver;
use crate::delivery::dispatch::load;
use crate::delivery::dispatch::refusals::ANSWER_READ;
use crate::delivery::dispatch::split;
use crate::delivery::dispatch::split::BatchAnswer;
use crate::delivery::in_flight::WorkspaceSlots;
use crate::delivery::queues::NextBatch;
use crate::delivery::settle;
use crate::delivery::settle::Settlement;
use crate::delivery::transport::Attempted;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::BodyEnd;
use crate::domain::destination::BatchRule;
use crate::domain::id::BatchId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::plan::Noted;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;
use crate::rules::batch;
use crate::shape::Query;

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
        let turn = lane.lock().take_turn(rate, now);
        let Err(later) = turn else { return };
        tokio::time::sleep(later.since(now)).await;
    }
}

async fn attempt_one(
    delivery: &Delivery,
    share: &WorkspaceSlots,
    destination: &DestinationRuntime,
    rule: &BatchRule,
    jobs: Vec<Job>,
) {
    let failed = failed(destination);
    let read = failed.map_or(0, |_| ANSWER_READ);
    let turn = delivery.wire().turn(share).await;
    let began = delivery.now();
    delivery.observer().metrics.in_flight(1);
    let (id, sent) = deliver::run_batch(delivery, destination, rule, (&jobs, read), began).await;
    delivery.observer().metrics.in_flight(-1);
    drop(turn);
    let ids: Vec<DeliveryId> = jobs.iter().map(|job| job.id).collect();
    let answer = split::of(failed, &sent.outcome, &ids);
    let sent = Attempted { outcome: shortened(sent.outcome, delivery.egress().kept_bytes()), ..sent };
    settle_all(delivery, destination, jobs, (id, began), &sent, answer);
}

/// What of an answer names the members that were not taken, if anything does.
fn failed(destination: &DestinationRuntime) -> Option<&Result<Arc<Query>, String>> {
    match &destination.transport {
        Transport::Http(transport) => transport.failed.as_ref(),
        Transport::Inbox | Transport::Table(_) => None,
    }
}

/// One time and one chance for all of them: what is tried again is due together. Those that were taken come first: an
/// alert that the others raise stays raised.
fn settle_all(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    jobs: Vec<Job>,
    (batch, began): (BatchId, Timestamp),
    sent: &Attempted,
    mut answer: BatchAnswer,
) {
    let members = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    let (now, jitter) = (delivery.now(), delivery.jitter());
    let settle = |job: Job, outcome: AttemptOutcome, ignored: Option<String>| {
        let attempted = Attempted { outcome, timings: sent.timings, keeps: Vec::new() };
        let ignored = ignored.map(|reason| Noted::AnswerIgnored { reason });
        let noted = [Noted::Batched { batch, members }].into_iter().chain(ignored).collect();
        settle::run(delivery, destination, job, Settlement { began, now, jitter, attempted, noted });
    };
    let (mut first, mut refused) = (true, Vec::new());
    for (at, job) in jobs.into_iter().enumerate() {
        match answer.refused.remove(&at) {
            Some(error) => refused.push((job, error)),
            None => {
                // The first keeps all of the answer, the others its beginning.
                let bytes = if std::mem::take(&mut first) { usize::MAX } else { ANSWER_BYTES };
                settle(job, shortened(sent.outcome.clone(), bytes), answer.ignored.take());
            }
        }
    }
    for (job, error) in refused {
        settle(job, AttemptOutcome::Broke(error), answer.ignored.take());
    }
}

/// With the beginning of the answer's body only.
fn shortened(outcome: AttemptOutcome, bytes: usize) -> AttemptOutcome {
    outcome.map(|mut response| {
        if response.body.len() > bytes {
            response.body.truncate(bytes);
            response.end = BodyEnd::Longer;
        }
        response
    })
}
