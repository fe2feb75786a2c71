//! Planning events that meet a plugin with a grant: one that saw a value, a clock or a random number cannot be run
//! again with the same result. Nor can one that takes events in batches, where each sees what the others left behind;
//! nor one on which a canary failed: out of time today, it may have enough tomorrow;
//! nor one that a quarantine holds, since that may have ended by then. So everything it came to is on disk, the bytes
//! of each delivery and what the plugins wrote in one commit, before the first attempt. Not here: running the steps.

use std::time::Duration;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::fetch::EventFetches;
use crate::domain::grant::Grant;
use crate::domain::plan::Plan;
use crate::flow::Gateway;
use crate::flow::control::snapshot::Snapshot;
use crate::flow::pipeline::host::kept::Purpose;
use crate::flow::pipeline::job::Job;
use crate::flow::pipeline::plan::Outcome;
use crate::flow::pipeline::plan::connections;
use crate::flow::pipeline::plan::make;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store as _;
use crate::store::StoreError;

/// Between two tries while the store takes nothing.
const WAIT: Duration = Duration::from_secs(1);

/// Plans an event, has it written, and hands on its deliveries. What the steps came to may be given, if they have run.
/// Slots in `done` have their deliveries already.
pub(super) async fn run(
    gateway: &Gateway,
    snapshot: &Snapshot,
    event: &Event,
    done: &[u16],
    mut made: Option<Outcome>,
) {
    let reads = connections(snapshot, event).any(|connection| connection.grants().has(Grant::Kv));
    let turn = reads.then(|| gateway.kv_turn(event.data.workspace));
    for tries in 0.. {
        // Held until the writes are on disk: the next event of the workspace reads them there.
        let turn = match &turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let ended = once(gateway, snapshot, event, done, tries, &mut made).await;
        drop(turn);
        let Err(error) = ended else { return };
        gateway.observe_store_error("write down what became of an event", &error);
        if gateway.is_stopping() {
            // It stays open and is planned at the next start.
            return;
        }
        tokio::time::sleep(WAIT).await;
    }
}

/// Runs the steps and commits. A commit that was reported as failed may have reached the disk all the same; then the
/// steps must not run again.
async fn once(
    gateway: &Gateway,
    snapshot: &Snapshot,
    event: &Event,
    done: &[u16],
    tries: u32,
    made: &mut Option<Outcome>,
) -> Result<(), StoreError> {
    if tries > 0
        && let Some(plan) = gateway.store().event_log(event.id).await?.plan
    {
        return take_up(gateway, &plan).await;
    }
    let purpose = if tries == 0 { Purpose::First } else { Purpose::Again };
    let (outcome, given) = match made.take() {
        Some(outcome) => (outcome, true),
        // Again and again, since what plugins read may have changed.
        None => (make(gateway, snapshot, event, purpose).await, false),
    };
    let outcome = outcome.without(done);
    if let Err(error) = gateway.store().commit(change(gateway, event, &outcome)).await {
        *made = Some(outcome).filter(|_| given);
        return Err(error);
    }
    gateway.observe_plan(event, &outcome.plan);
    outcome.jobs.into_iter().for_each(|job| gateway.enqueue(job));
    gateway.recover_deliveries(outcome.held.iter().map(|job| held(job, event)));
    Ok(())
}

/// The record of a delivery that waits for its steps.
fn held(job: &Job, event: &Event) -> DeliveryRecord {
    job.record(DeliveryState::Held, event.data.received_at)
}

/// Everything in one commit; the event is closed with it, since each delivery has a record of its own.
fn change(gateway: &Gateway, event: &Event, outcome: &Outcome) -> Change {
    let now = gateway.now();
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

/// Puts the deliveries of a plan that is on disk already into their lanes.
async fn take_up(gateway: &Gateway, plan: &Plan) -> Result<(), StoreError> {
    let mut live = Vec::new();
    for route in &plan.routes {
        for id in route.end.deliveries() {
            let record = gateway.store().delivery(id).await?;
            live.extend(record.filter(|record| !record.state.is_terminal()));
        }
    }
    gateway.recover_deliveries(live);
    Ok(())
}
