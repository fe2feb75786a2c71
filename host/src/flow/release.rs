//! Deliveries that were held because a plugin of their connection was in quarantine: when it is not any more, the
//! connection's steps run as they are then, and the delivery goes on with what they make, under the id it has had
//! since. Not here: when its turn comes (`dispatch`), running the steps (`plan`).

use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::grant::Grant;
use crate::domain::id::DeliveryId;
use crate::domain::plan::Plan;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::domain::time::Timestamp;
use crate::flow::Gateway;
use crate::flow::artifacts;
use crate::flow::carried::Carried;
use crate::flow::job::Job;
use crate::flow::lanes::Parked;
use crate::flow::plan;
use crate::flow::plan::Ran;
use crate::flow::snapshot::ConnectionRuntime;
use crate::flow::steps::RunEnd;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store as _;
use crate::store::StoreError;

/// What a held delivery became.
struct Released {
    end: RouteEnd,
    state: DeliveryState,
    /// The delivery itself first.
    jobs: Vec<Job>,
}

/// Runs the steps of a held delivery. Answers what is to be sent now; nothing if it ended, or waits again.
pub(crate) async fn run(
    gateway: &Gateway,
    event: &Event,
    record: DeliveryRecord,
) -> Result<Option<Job>, StoreError> {
    // Of one event, one at a time: further payloads get the next free ids.
    let turn = gateway.release_turn(event.id);
    let _turn = turn.lock().await;
    let snapshot = gateway.snapshot().clone();
    let Some(connection) = snapshot.connections.get(&record.connection) else {
        end(gateway, record, DeliveryState::Cancelled).await?;
        return Ok(None);
    };
    let Some(plan) = gateway.store().event_log(event.id).await?.plan else {
        end(gateway, record, DeliveryState::Cancelled).await?;
        return Ok(None);
    };
    artifacts::prepare_connection(connection).await;
    let kv_turn = connection.grants().has(Grant::Kv).then(|| gateway.kv_turn(event.data.workspace));
    let _kv_turn = match &kv_turn {
        Some(turn) => Some(turn.lock().await),
        None => None,
    };
    let ran = plan::run_one(gateway, &snapshot, connection, event).await;
    if matches!(ran.end, RunEnd::Held) {
        gateway.park(record.destination, record.due, record.id, Parked::of(&record));
        return Ok(None);
    }
    let revision = snapshot.revision();
    let record = DeliveryRecord { revision, destination: connection.connection.destination, ..record };
    let released = released(event, &plan, connection, &record, ran.end);
    let Ran { steps, kv, .. } = ran;
    let route =
        Route { connection: record.connection, destination: record.destination, steps, end: released.end };
    let plan = with_route(plan, route, gateway.now());
    let mut change = Change { log: vec![LogEntry::Plan(plan)], kv, ..Change::default() };
    let due = gateway.now();
    if released.state != DeliveryState::Pending {
        change.deliveries.push(DeliveryRecord { state: released.state, due, ..record });
    }
    for job in &released.jobs {
        change.deliveries.push(job.record(DeliveryState::Pending, due));
        change.lasting_bytes.push((job.id, job.bytes.clone()));
    }
    gateway.store().commit(change).await?;
    let mut jobs = released.jobs.into_iter();
    let first = jobs.next();
    jobs.for_each(|job| gateway.enqueue(job));
    Ok(first)
}

/// Its connection is gone, and so is the reason to deliver.
async fn end(gateway: &Gateway, record: DeliveryRecord, state: DeliveryState) -> Result<(), StoreError> {
    let due = gateway.now();
    let change = Change { deliveries: vec![DeliveryRecord { state, due, ..record }], ..Change::default() };
    gateway.store().commit(change).await
}

fn released(
    event: &Event,
    plan: &Plan,
    connection: &ConnectionRuntime,
    record: &DeliveryRecord,
    end: RunEnd,
) -> Released {
    let payloads = match end {
        RunEnd::Forward(payloads) if !payloads.is_empty() => payloads,
        RunEnd::Forward(_) | RunEnd::Dropped => {
            return Released { end: RouteEnd::Dropped, state: DeliveryState::Dropped, jobs: Vec::new() };
        }
        RunEnd::Failed | RunEnd::HostFault(_) | RunEnd::Held => {
            let state = DeliveryState::FailedByGateway;
            return Released { end: RouteEnd::Failed(record.id), state, jobs: Vec::new() };
        }
    };
    let ids = std::iter::once(record.id).chain(free_ids(event, plan));
    let job =
        |(id, carried): (DeliveryId, Carried)| plan::job(event, record.revision, connection, id, carried);
    let jobs: Vec<Job> = ids.zip(payloads).map(job).collect();
    let planned = jobs.iter().map(plan::planned).collect();
    Released { end: RouteEnd::Delivering(planned), state: DeliveryState::Pending, jobs }
}

/// Ids that no delivery of the event has.
fn free_ids(event: &Event, plan: &Plan) -> impl Iterator<Item = DeliveryId> {
    let used = plan.routes.iter().flat_map(|route| route.end.deliveries()).map(|id| id.slot());
    let next = used.max().unwrap_or(0).saturating_add(1);
    let event = event.id;
    (next..u16::MAX).map(move |slot| event.delivery(slot))
}

/// The plan with another end for one connection.
fn with_route(mut plan: Plan, route: Route, at: Timestamp) -> Plan {
    plan.at = at;
    match plan.routes.iter_mut().find(|have| have.connection == route.connection) {
        Some(have) => *have = route,
        None => plan.routes.push(route),
    }
    plan
}

/// Whether a delivery's bytes are what its steps have yet to make: it was held, or dropped after that.
pub(crate) fn waits_for_steps(plan: Option<&Plan>, record: &DeliveryRecord) -> bool {
    let held =
        plan.is_some_and(|plan| plan.routes.iter().any(|route| route.end == RouteEnd::Held(record.id)));
    held || record.state == DeliveryState::Dropped
}
