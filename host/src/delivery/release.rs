//! Held deliveries whose time has come: a plugin of their connection is not in quarantine any more, or somebody
//! retries them. The connection's steps run as they are now, and the delivery goes on with what they make, under the id
//! it has had since. Not here: when its turn comes (`dispatch`), running the steps (`plan`), what they make of it
//! (`released`).

mod released;

use crate::delivery::Delivery;
use crate::delivery::queues::Parked;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::event::Event;
use crate::domain::grant::Grant;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::plan::Noted;
use crate::domain::plan::RouteEnd;
use crate::pipeline::job::Job;
use crate::pipeline::plan;
use crate::pipeline::plan::ConnectionRun;
use crate::pipeline::plan::held;
use crate::pipeline::plan::prepare::prepare_connection;
use crate::pipeline::steps::RunEnd;
use crate::rules::lifecycle;
use crate::rules::lifecycle::Cx;
use crate::rules::lifecycle::LifecycleInput;
use crate::store::Change;
use crate::store::EventLog;
use crate::store::LogEntry;
use crate::store::Store as _;
use crate::store::StoreError;

/// Runs the steps of a held delivery. Answers what is to be sent now; nothing if it ended, or waits again.
pub(crate) async fn run(
    delivery: &Delivery,
    event: &Event,
    record: DeliveryRecord,
) -> Result<Option<Job>, StoreError> {
    // Of one event, one at a time: further payloads get the next free ids.
    let turn = delivery.release_turn(event.id);
    let _turn = turn.lock().await;
    let snapshot = delivery.snapshot().clone();
    let Some(connection) = snapshot.connections.get(&record.connection) else {
        end(delivery, record).await?;
        return Ok(None);
    };
    let log = delivery.store().event_log(event.id).await?;
    prepare_connection(connection).await;
    let kv_turn =
        connection.grants().has(Grant::Kv).then(|| delivery.pipeline().kv_turn(event.data.workspace));
    let _kv_turn = match &kv_turn {
        Some(turn) => Some(turn.lock().await),
        None => None,
    };
    let ran = plan::run_one(delivery.pipeline(), &snapshot, connection, event).await;
    if matches!(ran.end, RunEnd::Held) {
        delivery.park(record.destination, record.due, record.id, Parked::of(&record));
        return Ok(None);
    }
    let ConnectionRun { steps, end, kv } = ran;
    let before = record.destination;
    let record = DeliveryRecord {
        revision: snapshot.revision(),
        destination: connection.connection.destination,
        ..record
    };
    let now = delivery.now();
    let released = released::of(event, &log, connection, &record, end);
    let state = released.state(&record, &Cx::by_hand(&delivery.limits().retry, now));
    let plan = released.plan(event, log, &record, steps, now);
    let ran = Noted::StepsRan { revision: record.revision, planned: event.data.revision };
    let note = held::note(&record, now, ran);
    let mut change =
        Change { log: vec![LogEntry::Plan(plan), LogEntry::Note(note)], kv, ..Change::default() };
    if state.is_terminal() {
        change.deliveries.push(DeliveryRecord { state, due: now, ..record });
    }
    for job in &released.jobs {
        change.deliveries.push(job.record(DeliveryState::Pending, now));
        change.lasting_bytes.push((job.id, job.bytes.clone()));
    }
    delivery.store().commit(change).await?;
    if state.is_terminal() {
        delivery.observer().metrics.delivery(state);
    }
    Ok(go_on(delivery, released.jobs, before))
}

/// Answers what the worker that released it sends now; the others go to their lanes, all of them if the connection
/// leads elsewhere by now.
fn go_on(delivery: &Delivery, jobs: Vec<Job>, lane: DestinationId) -> Option<Job> {
    let mut jobs = jobs.into_iter();
    let first = jobs.next()?;
    jobs.for_each(|job| delivery.enqueue(job));
    if first.destination == lane {
        return Some(first);
    }
    delivery.enqueue(first);
    None
}

/// Its connection is gone, and so is the reason to deliver.
async fn end(delivery: &Delivery, record: DeliveryRecord) -> Result<(), StoreError> {
    let due = delivery.now();
    let (state, _) =
        lifecycle::step(record.state, LifecycleInput::Cancelled, &Cx::by_hand(&delivery.limits().retry, due));
    let change = Change { deliveries: vec![DeliveryRecord { state, due, ..record }], ..Change::default() };
    delivery.store().commit(change).await
}

/// Whether a delivery's steps have to run before it can be sent: it was held, or dropped after that, or the gateway
/// could not make it. What a receiver may have seen of it is sent again as it was, if it can be.
pub(crate) fn waits_for_steps(log: &EventLog, record: &DeliveryRecord) -> bool {
    let stands_for_steps = log.plan.iter().flat_map(|plan| &plan.routes).any(|route| match route.end {
        RouteEnd::Held(id) | RouteEnd::Failed(id) => id == record.id,
        RouteEnd::Delivering(_) | RouteEnd::Dropped => false,
    });
    match record.state {
        DeliveryState::Held | DeliveryState::Dropped => true,
        DeliveryState::FailedByGateway => stands_for_steps || !was_seen(log, record.id),
        DeliveryState::Pending
        | DeliveryState::Retrying
        | DeliveryState::Delivered
        | DeliveryState::Failed
        | DeliveryState::Cancelled => stands_for_steps,
    }
}

/// Whether a receiver may have seen a delivery.
fn was_seen(log: &EventLog, id: DeliveryId) -> bool {
    let mut attempts = log.attempts.iter().filter(|entry| entry.attempt.id.delivery() == id);
    attempts.any(|entry| {
        !matches!(
            entry.attempt.error_code(),
            Some(ErrorCode::EgressRefused | ErrorCode::StepFailed | ErrorCode::BodyRefused)
        )
    })
}
