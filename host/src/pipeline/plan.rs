//! Second file of an event's life: finds the connections, runs each one's steps, makes the
//! deliveries or the reasons why there is none, and answers what is to be delivered. Where a plugin has a grant
//! or takes events in batches, or a canary failed, `written_first` does it in another order.

mod again;
mod configuration;
mod fingerprint;
pub(crate) mod held;
pub(crate) mod prepare;
pub(crate) mod service_class;
mod taken_up;
mod written_first;

use std::sync::Arc;
use std::time::Duration;

use crate::control::snapshot::ConnectionRuntime;
use crate::control::snapshot::Snapshot;
use crate::domain::config::Origin;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::fetch::StepFetch;
use crate::domain::grant::KvWrite;
use crate::domain::id::DeliveryId;
use crate::domain::plan::Plan;
use crate::domain::plan::Planned;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::pipeline::Pipeline;
use crate::pipeline::duty::Charge;
use crate::pipeline::host::kept::Kept;
use crate::pipeline::host::kept::Purpose;
use crate::pipeline::host::metering::Metered;
use crate::pipeline::job::Job;
use crate::pipeline::job::ToDeliver;
use crate::pipeline::payload::Carried;
use crate::pipeline::payload::body_view::BodyView;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::steps;
use crate::pipeline::steps::Live;
use crate::pipeline::steps::RunEnd;
use crate::pipeline::steps::StepContext;
use crate::rules::route;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store;

pub(crate) use again::OTHER_BYTES;
pub(crate) use again::Unmade;
pub(crate) use again::place;
pub(crate) use again::remake;
use fingerprint::fingerprint;
pub(crate) use fingerprint::is_planned;
pub(crate) use taken_up::done;

/// How often the gateway tries again to run steps that failed through its own fault.
const HOST_FAULT_TRIES: u32 = 6;
/// The first wait before such a try; doubled each time.
const HOST_FAULT_WAIT: Duration = Duration::from_millis(50);

/// What planning one event came to, before anything is written.
struct Outcome {
    plan: Plan,
    jobs: Vec<Job>,
    failed: Vec<Job>,
    held: Vec<Job>,
    kv: Vec<KvWrite>,
    fetches: Vec<StepFetch>,
}

impl Outcome {
    /// Whether a canary failed somewhere, and the active version ran instead.
    fn fell_back(&self) -> bool {
        self.plan.routes.iter().flat_map(|route| &route.steps).any(StepTrace::fell_back)
    }

    /// Without the deliveries of these slots.
    fn without(mut self, done: &[u16]) -> Self {
        self.jobs.retain(|job| !done.contains(&job.id.slot()));
        self.failed.retain(|job| !done.contains(&job.id.slot()));
        self
    }
}

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
        return Box::pin(written_first::run(pipeline, &snapshot, event, done, None)).await;
    }
    // What was planned before a crash is planned the same again, whatever has happened to a plugin since.
    let purpose = if done.is_empty() { Purpose::First } else { Purpose::Again };
    let outcome = make(pipeline, &snapshot, event, purpose).await;
    if outcome.fell_back() || !outcome.held.is_empty() {
        // A canary failed, and might not do so when it is run again; a quarantine may have ended by then.
        return Box::pin(written_first::run(pipeline, &snapshot, event, done, Some(outcome))).await;
    }
    let outcome = outcome.without(done);
    pipeline.observe_plan(event, &outcome.plan);
    written_down(pipeline, charge, outcome)
}

/// The same for an event that was left unfinished: one that was planned is not planned anew.
pub(crate) async fn again(pipeline: &Pipeline, charge: Charge, planned: bool, done: &[u16]) -> ToDeliver {
    match planned {
        true => taken_up::run(pipeline, charge).await,
        false => run(pipeline, charge, done).await,
    }
}

/// Notes the plan; the event stays open for its deliveries.
fn written_down(pipeline: &Pipeline, charge: Charge, outcome: Outcome) -> ToDeliver {
    let event = charge.held.0.event.id;
    let Outcome { plan, jobs, failed, .. } = outcome;
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
async fn make(pipeline: &Pipeline, snapshot: &Snapshot, event: &Event, purpose: Purpose) -> Outcome {
    let json = json_text(&event.data.content_type, &event.data.body);
    let body = BodyView::new(&json, pipeline.limits().json());
    let kept = Kept::new(pipeline, event.data.workspace, purpose);
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
                stands_for(slots.job(connection, Carried::of(event)), &mut failed, RouteEnd::Failed)
            }
            RunEnd::Held => stands_for(slots.job(connection, Carried::of(event)), &mut held, RouteEnd::Held),
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
    Outcome { plan, jobs, failed, held, kv: kept.into_writes(), fetches }
}

/// The connections that take this event, in the order of their ids.
pub(crate) fn connections<'a>(
    snapshot: &'a Snapshot,
    event: &'a Event,
) -> impl Iterator<Item = &'a Arc<ConnectionRuntime>> {
    let origin = event.data.source.map_or(Origin::Published, Origin::Source);
    snapshot
        .connections_from(event.data.workspace, origin)
        .iter()
        .filter(|connection| route::matches(&connection.connection.event_types, &event.data.event_type))
}

/// What the steps see of the event.
pub(crate) fn context<'a>(
    snapshot: &Snapshot,
    event: &'a Event,
    body: &'a BodyView<'a>,
    kept: &'a Kept,
) -> StepContext<'a> {
    let source = event.data.source.and_then(|id| snapshot.documents.sources.get(id));
    StepContext {
        event,
        id: event.id.to_string().into(),
        source: source.map_or("", |source| source.name.as_str()).into(),
        received_at: event.data.received_at.to_string().into(),
        body,
        kept,
        live: None,
        metered: None,
    }
}

/// The same where it is decided what becomes of the event in a connection.
fn live<'a>(
    pipeline: &'a Pipeline,
    connection: &ConnectionRuntime,
    context: StepContext<'a>,
) -> StepContext<'a> {
    let metered = Metered { pipeline, connection: connection.connection.id };
    StepContext { live: Some(Live { pipeline }), metered: Some(metered), ..context }
}

/// What one connection's steps came to.
pub(crate) struct Ran {
    /// One per step that ran.
    pub steps: Vec<StepTrace>,
    /// How it ended.
    pub end: RunEnd,
    /// What its plugins keep if that counts.
    pub kv: Vec<KvWrite>,
}

/// Runs the steps of one connection for an event that has been planned before.
pub(crate) async fn run_one(
    pipeline: &Pipeline,
    snapshot: &Snapshot,
    connection: &ConnectionRuntime,
    event: &Event,
) -> Ran {
    let json = json_text(&event.data.content_type, &event.data.body);
    let body = BodyView::new(&json, pipeline.limits().json());
    let kept = Kept::new(pipeline, event.data.workspace, Purpose::First);
    let context = live(pipeline, connection, context(snapshot, event, &body, &kept));
    let (steps, end) = run_connection(pipeline, connection, &context).await;
    Ran { steps, end, kv: kept.into_writes() }
}

/// Runs a connection's steps, again if the gateway was at fault.
async fn run_connection(
    pipeline: &Pipeline,
    connection: &ConnectionRuntime,
    context: &StepContext<'_>,
) -> (Vec<StepTrace>, RunEnd) {
    let compiled = match &connection.steps {
        Ok(compiled) => compiled,
        Err(detail) => return (vec![uncompiled(detail.clone())], RunEnd::Failed),
    };
    context.kept.at_connection(connection.connection.id);
    let mut wait = HOST_FAULT_WAIT;
    for try_number in 1.. {
        let mark = context.kept.mark();
        let run = steps::run(compiled, context, |_, _| {}).await;
        if matches!(run.end, RunEnd::Failed | RunEnd::HostFault(_) | RunEnd::Held) {
            // What a plugin wrote counts only together with what became of the event.
            context.kept.back_to(mark);
        }
        let RunEnd::HostFault(detail) = run.end else { return (run.traces, run.end) };
        pipeline.observe_host_fault(connection.connection.id, &detail);
        if try_number == HOST_FAULT_TRIES {
            return (run.traces, RunEnd::HostFault(detail));
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    unreachable!("the loop above only ends by returning")
}

/// Steps that were saved by another version and no longer compile.
fn uncompiled(detail: String) -> StepTrace {
    let answer = StepAnswer::Error { code: "host".into(), detail, guest: false, policy: "fail".into() };
    StepTrace { kind: StepKind::Filter, duration_us: 0, answer, logs: Vec::new() }
}

/// An event makes more deliveries than there may be: what is not made is told where its steps are.
fn too_many(steps: &[StepTrace], refused: usize, most: u16) -> StepTrace {
    let detail = format!(
        "{refused} payloads are not delivered: an event makes at most {most} deliveries in all its connections, see \
         limits.deliveries_per_event_max"
    );
    let kind = steps.last().map_or(StepKind::Filter, |last| last.kind.clone());
    let answer =
        StepAnswer::Error { code: "too_many_deliveries".into(), detail, guest: true, policy: "drop".into() };
    StepTrace { kind, duration_us: 0, answer, logs: Vec::new() }
}

/// Numbers deliveries in the order in which they are made, the same each time.
struct Slots<'a> {
    event: &'a Event,
    next: u16,
    last: u16,
    /// How many had no number left.
    refused: usize,
}

impl Slots<'_> {
    fn job(&mut self, connection: &ConnectionRuntime, carried: Carried) -> Option<Job> {
        let slot = self.next;
        if slot > self.last {
            self.refused += 1;
            return None;
        }
        self.next = slot.saturating_add(1);
        let id = self.event.id.delivery(slot);
        Some(job(self.event, self.event.data.revision, connection, id, carried))
    }
}

/// A delivery that nobody has tried to make yet.
pub(crate) fn job(
    event: &Event,
    revision: u64,
    connection: &ConnectionRuntime,
    id: DeliveryId,
    carried: Carried,
) -> Job {
    Job {
        id,
        workspace: event.data.workspace,
        connection: connection.connection.id,
        destination: connection.connection.destination,
        revision,
        state: DeliveryState::Pending,
        attempts: 0,
        schedule_from: 0,
        bytes: carried.into_bytes(),
        received_at: event.data.received_at,
        open: None,
    }
}

pub(crate) fn planned(job: &Job) -> Planned {
    Planned {
        id: job.id,
        payload_bytes: u32::try_from(job.bytes.payload.len()).unwrap_or(u32::MAX),
        payload_hash: fingerprint(&job.bytes),
    }
}
