//! Planning events that meet a plugin with a grant: one that saw a value, a clock or a random number cannot be run
//! again with the same result. Nor can one that takes events in batches, where each sees what the others left behind;
//! nor one on which a canary failed: out of time today, it may have enough tomorrow;
//! nor one that a quarantine holds, since that may have ended by then. So everything it came to is on disk, the bytes
//! of each delivery and what the plugins wrote in one commit, before the first attempt. Not here: running the steps.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::fetch::EventFetches;
use crate::domain::plan::Plan;
use crate::pipeline::Pipeline;
use crate::pipeline::host::kept::Purpose;
use crate::pipeline::job::Job;
use crate::pipeline::job::ToDeliver;
use crate::pipeline::plan::outcome::PlanOutcome;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store as _;
use crate::store::StoreError;

/// Runs the steps of all connections.
pub(super) type MakeOutcome<'a> = dyn Fn(Purpose) -> BoxFuture<'a, PlanOutcome> + Send + Sync + 'a;

/// Between two tries while the store takes nothing.
const WAIT: Duration = Duration::from_secs(1);

/// Plans an event, has it written, and answers its deliveries. What the steps came to may be given, if they have run; else, and
/// for another try, `make` runs them. `reads`: a plugin reads what it kept. Slots in `done` have their deliveries already.
pub(super) async fn run(
    pipeline: &Pipeline,
    event: &Event,
    reads: bool,
    done: &[u16],
    mut made: Option<PlanOutcome>,
    make: &MakeOutcome<'_>,
) -> ToDeliver {
    let turn = reads.then(|| pipeline.kv_turn(event.data.workspace));
    for tries in 0.. {
        // Held until the writes are on disk: the next event of the workspace reads them there.
        let turn = match &turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let ended = once(pipeline, event, done, tries, &mut made, make).await;
        drop(turn);
        let error = match ended {
            Ok(ended) => return ended,
            Err(error) => error,
        };
        pipeline.observer().store_error("write down what became of an event", &error);
        if pipeline.is_stopping() {
            // It stays open and is planned at the next start.
            break;
        }
        tokio::time::sleep(WAIT).await;
    }
    ToDeliver::default()
}

/// Runs the steps and commits. A commit that was reported as failed may have reached the disk all the same; then the
/// steps must not run again.
async fn once(
    pipeline: &Pipeline,
    event: &Event,
    done: &[u16],
    tries: u32,
    made: &mut Option<PlanOutcome>,
    make: &MakeOutcome<'_>,
) -> Result<ToDeliver, StoreError> {
    if tries > 0
        && let Some(plan) = pipeline.store().event_log(event.id).await?.plan
    {
        return take_up(pipeline, &plan).await;
    }
    let purpose = if tries == 0 { Purpose::First } else { Purpose::Again };
    let (outcome, given) = match made.take() {
        Some(outcome) => (outcome, true),
        // Again and again, since what plugins read may have changed.
        None => (make(purpose).await, false),
    };
    let outcome = outcome.without(done);
    if let Err(error) = pipeline.store().commit(change(pipeline, event, &outcome)).await {
        *made = Some(outcome).filter(|_| given);
        return Err(error);
    }
    pipeline.observe_plan(event, &outcome.plan);
    let parked = outcome.held.iter().map(|job| held(job, event)).collect();
    Ok(ToDeliver { jobs: outcome.jobs, parked })
}

/// The record of a delivery that waits for its steps.
fn held(job: &Job, event: &Event) -> DeliveryRecord {
    job.record(DeliveryState::Held, event.data.received_at)
}

/// Everything in one commit; the event is closed with it, since each delivery has a record of its own.
fn change(pipeline: &Pipeline, event: &Event, outcome: &PlanOutcome) -> Change {
    let now = pipeline.now();
    let mut change = Change {
        log: vec![LogEntry::Plan(outcome.plan.clone())],
        closed: vec![event.id],
        kv: outcome.kv.clone(),
        ..Change::default()
    };
    if !outcome.fetches.is_empty() {
        let (event, workspace, fetches) = (event.id, event.data.workspace, outcome.fetches.clone());
        change.log.push(LogEntry::Fetches(EventFetches { event, workspace, fetches }));
    }
    let failed = outcome.failed.iter().map(|job| job.record(DeliveryState::FailedByGateway, now));
    change.deliveries.extend(failed);
    change.deliveries.extend(outcome.held.iter().map(|job| held(job, event)));
    for job in &outcome.jobs {
        change.deliveries.push(job.record(DeliveryState::Pending, now));
        change.lasting_bytes.push((job.id, job.bytes.clone()));
    }
    change
}

/// The deliveries of a plan that is on disk already.
async fn take_up(pipeline: &Pipeline, plan: &Plan) -> Result<ToDeliver, StoreError> {
    let mut live = Vec::new();
    for route in &plan.routes {
        for id in route.end.deliveries() {
            let record = pipeline.store().delivery(id).await?;
            live.extend(record.filter(|record| !record.state.is_terminal()));
        }
    }
    Ok(ToDeliver::parked(live))
}
