//! Second file of an event's life: finds the connections, runs each one's steps, makes the
//! deliveries or the reasons why there is none, and answers what is to be delivered. Where a plugin has a grant
//! or takes events in batches, or a canary failed, `written_first` does it in another order.

mod again;
mod configuration;
mod connection;
mod fingerprint;
pub(crate) mod held;
mod outcome;
pub(crate) mod prepare;
pub(crate) mod service_class;
mod taken_up;
mod written_first;

use futures::FutureExt as _;

use crate::control::snapshot::Snapshot;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::grant::Grant;
use crate::domain::id::DeliveryId;
use crate::domain::plan::Plan;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::pipeline::Pipeline;
use crate::pipeline::duty::Charge;
use crate::pipeline::host::kept::EventContext;
use crate::pipeline::host::kept::Purpose;
use crate::pipeline::job::Job;
use crate::pipeline::job::ToDeliver;
use crate::pipeline::payload::Payload;
use crate::pipeline::payload::body_view::BodyView;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::plan::connection::live;
use crate::pipeline::plan::connection::run_connection;
use crate::pipeline::plan::outcome::PlanOutcome;
use crate::pipeline::plan::outcome::Slots;
use crate::pipeline::plan::outcome::too_many;
use crate::pipeline::steps::RunEnd;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store;

pub(crate) use again::OTHER_BYTES;
pub(crate) use again::Unmade;
pub(crate) use again::place;
pub(crate) use again::remake;
pub(crate) use connection::ConnectionRun;
pub(crate) use connection::connections;
pub(crate) use connection::context;
pub(crate) use connection::run_one;
pub(crate) use fingerprint::is_planned;
pub(crate) use outcome::job;
pub(crate) use outcome::planned;
pub(crate) use taken_up::done;

/// Plans an event; answers its deliveries. Slots in `done` ended before a crash, or have a
/// record already; they are not made again.
pub(crate) async fn run(pipeline: &Pipeline, charge: Charge, done: &[u16]) -> ToDeliver {
    let event = &charge.held.0.event;
    let snapshot = match configuration::of(pipeline, event).await {
        Ok(snapshot) => snapshot,
        Err(held) => return held,
    };
    // What is rare and large is put elsewhere, so that the future of every other event need not have room for it.
    if connections(&snapshot, event).any(|connection| connection.is_written_first()) {
        return Box::pin(write_first(pipeline, &snapshot, event, done, None)).await;
    }
    // What was planned before a crash is planned the same again, whatever has happened to a plugin since.
    let purpose = if done.is_empty() { Purpose::First } else { Purpose::Again };
    let outcome = make(pipeline, &snapshot, event, purpose).await;
    if outcome.fell_back() || !outcome.held.is_empty() {
        // A canary failed, and might not do so when it is run again; a quarantine may have ended by then.
        return Box::pin(write_first(pipeline, &snapshot, event, done, Some(outcome))).await;
    }
    let outcome = outcome.without(done);
    pipeline.observe_plan(event, &outcome.plan);
    written_down(pipeline, charge, outcome)
}

/// Where what an event comes to must be on disk before its first attempt.
async fn write_first(
    pipeline: &Pipeline,
    snapshot: &Snapshot,
    event: &Event,
    done: &[u16],
    made: Option<PlanOutcome>,
) -> ToDeliver {
    let reads = connections(snapshot, event).any(|connection| connection.grants().has(Grant::Kv));
    let make = |purpose| make(pipeline, snapshot, event, purpose).boxed();
    written_first::run(pipeline, event, reads, done, made, &make).await
}

/// The same for an event that was left unfinished: one that was planned is not planned anew.
pub(crate) async fn again(pipeline: &Pipeline, charge: Charge, planned: bool, done: &[u16]) -> ToDeliver {
    match planned {
        true => taken_up::run(pipeline, charge).await,
        false => run(pipeline, charge, done).await,
    }
}

/// Notes the plan; the event stays open for its deliveries.
fn written_down(pipeline: &Pipeline, charge: Charge, outcome: PlanOutcome) -> ToDeliver {
    let event = charge.held.0.event.id;
    let PlanOutcome { plan, jobs, failed, .. } = outcome;
    let mut change = Change { log: vec![LogEntry::Plan(plan)], ..Change::default() };
    let now = pipeline.now();
    change.deliveries.extend(failed.iter().map(|job| job.record(DeliveryState::FailedByGateway, now)));
    if jobs.is_empty() {
        change.closed.push(event);
    }
    pipeline.store().note(change);
    ToDeliver::of(charge, jobs, Vec::new())
}

/// Runs the steps of every connection that takes the event.
async fn make(pipeline: &Pipeline, snapshot: &Snapshot, event: &Event, purpose: Purpose) -> PlanOutcome {
    let json = json_text(&event.data.content_type, &event.data.body);
    let body = BodyView::new(&json, pipeline.limits().json());
    let kept = EventContext::new(pipeline, event.data.workspace, purpose);
    let context = context(snapshot, event, &body, &kept);
    let mut routes = Vec::new();
    let mut slots = Slots { event, next: 1, last: pipeline.limits().deliveries_per_event_max, refused: 0 };
    let (mut jobs, mut failed, mut held) = (Vec::new(), Vec::new(), Vec::new());
    let stands_for = |job: Option<Job>, jobs: &mut Vec<Job>, end: fn(DeliveryId) -> RouteEnd| match job {
        Some(job) => {
            let id = job.id;
            jobs.push(job);
            end(id)
        }
        None => RouteEnd::Dropped,
    };
    for connection in connections(snapshot, event) {
        let context = match purpose {
            Purpose::First => live(pipeline, connection, context.clone()),
            Purpose::Again | Purpose::Look => context.clone(),
        };
        let (mut steps, end) = run_connection(pipeline, connection, &context).await;
        let refused = slots.refused;
        let end = match end {
            RunEnd::Forward(payloads) => {
                let made: Vec<Job> =
                    payloads.into_iter().filter_map(|carried| slots.job(connection, carried)).collect();
                let planned = made.iter().map(planned).collect();
                jobs.extend(made);
                RouteEnd::Delivering(planned)
            }
            RunEnd::Dropped => RouteEnd::Dropped,
            RunEnd::Failed | RunEnd::HostFault(_) => {
                stands_for(slots.job(connection, Payload::of(event)), &mut failed, RouteEnd::Failed)
            }
            RunEnd::Held => stands_for(slots.job(connection, Payload::of(event)), &mut held, RouteEnd::Held),
        };
        if slots.refused > refused {
            steps.push(too_many(&steps, slots.refused - refused, slots.last));
        }
        routes.push(Route {
            connection: connection.connection.id,
            destination: connection.connection.destination,
            steps,
            end,
        });
    }
    let plan = Plan { event: event.id, workspace: event.data.workspace, at: pipeline.now(), routes };
    let fetches = kept.take_fetches();
    PlanOutcome { plan, jobs, failed, held, kv: kept.into_writes(), fetches }
}
