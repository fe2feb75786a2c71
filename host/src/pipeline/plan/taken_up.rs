//! An event that was planned and not finished, taken up after a crash or because nobody worked on it: it is not
//! planned anew. What its plan says is made again, each connection for itself, and goes on if it is proven; the rest
//! is held with the reason. A receiver may have seen some of it. Not here: the proof (`again`).

use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::plan::Planned;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::pipeline::Pipeline;
use crate::pipeline::duty::Charge;
use crate::pipeline::job::Job;
use crate::pipeline::job::ToDeliver;
use crate::pipeline::plan::again;
use crate::pipeline::plan::again::Again;
use crate::pipeline::plan::again::Unmade;
use crate::pipeline::plan::held;
use crate::store::Change;
use crate::store::EventLog;
use crate::store::LogEntry;
use crate::store::Store as _;
use crate::store::StoreError;

/// What the plan's deliveries are now.
#[derive(Default)]
struct Found {
    jobs: Vec<Job>,
    held: Vec<(DeliveryRecord, String)>,
}

/// Slots of deliveries that have ended, or have a record and so are in a lane.
pub(crate) fn done(log: &EventLog) -> Vec<u16> {
    let ended = log.attempts.iter().filter(|entry| entry.attempt.state.is_terminal());
    let ended = ended.map(|entry| entry.attempt.id.delivery());
    let mut done: Vec<u16> =
        ended.chain(log.records.iter().map(|record| record.id)).map(|id| id.slot()).collect();
    done.sort_unstable();
    done.dedup();
    done
}

/// Sees it through. Until that is written down it is tried again.
pub(super) async fn run(pipeline: &Pipeline, charge: Charge) -> ToDeliver {
    for tries in 0.. {
        match once(pipeline, &charge.held.0.event).await {
            Ok(Some((jobs, parked))) => return ToDeliver::of(charge, jobs, parked),
            Ok(None) => break,
            Err(error) => pipeline.observer().store_error("take up a planned event", &error),
        }
        if pipeline.is_stopping() {
            break;
        }
        tokio::time::sleep(pipeline.patience().wait(tries)).await;
    }
    ToDeliver::default()
}

/// The deliveries to go on with, and those that are held; `None` when the server is stopping.
async fn once(
    pipeline: &Pipeline,
    event: &Event,
) -> Result<Option<(Vec<Job>, Vec<DeliveryRecord>)>, StoreError> {
    let log = pipeline.store().event_log(event.id).await?;
    let done = done(&log);
    let mut found = Found::default();
    for route in log.plan.iter().flat_map(|plan| &plan.routes) {
        let RouteEnd::Delivering(planned) = &route.end else { continue };
        let left: Vec<&Planned> = planned.iter().filter(|one| !done.contains(&one.id.slot())).collect();
        if left.is_empty() {
            continue;
        }
        let Some(made) = remade(pipeline, event, route, &left).await else { return Ok(None) };
        for (planned, made) in left.into_iter().zip(made) {
            found.add(job(event, route, planned), made);
        }
    }
    let Found { jobs, held } = found;
    let mut change = Change::default();
    for (record, reason) in &held {
        let (record, note) = held::of(pipeline, record.clone(), reason);
        change.deliveries.push(record);
        change.log.push(LogEntry::Note(note));
    }
    if jobs.is_empty() {
        change.closed.push(event.id);
    }
    let records = change.deliveries.clone();
    if jobs.is_empty() || !held.is_empty() {
        pipeline.store().commit(change).await?;
        records.iter().zip(&held).for_each(|(record, (_, reason))| pipeline.observe_held(record, reason));
    }
    Ok(Some((jobs, records)))
}

/// Each of these made again; faults that may pass are given some time to.
async fn remade(
    pipeline: &Pipeline,
    event: &Event,
    route: &Route,
    left: &[&Planned],
) -> Option<Vec<Result<Again, Unmade>>> {
    for tries in 0.. {
        match again::remake_route(pipeline, event, route, left).await {
            Ok(made) => return Some(made),
            Err(Unmade::Passing(reason)) if tries < pipeline.patience().tries => {
                pipeline.observe_unplanned(event.id, &reason);
            }
            Err(unmade) => return Some(left.iter().map(|_| Err(unmade.clone())).collect()),
        }
        if pipeline.is_stopping() {
            return None;
        }
        tokio::time::sleep(pipeline.patience().wait(tries)).await;
    }
    None
}

/// The delivery without its bytes.
fn job(event: &Event, route: &Route, planned: &Planned) -> Job {
    Job {
        id: planned.id,
        workspace: event.data.workspace,
        connection: route.connection,
        destination: route.destination,
        revision: event.data.revision,
        state: DeliveryState::Pending,
        attempts: 0,
        schedule_from: 0,
        bytes: crate::pipeline::job::no_bytes(),
        received_at: event.data.received_at,
        open: None,
    }
}

impl Found {
    fn add(&mut self, job: Job, made: Result<Again, Unmade>) {
        let reason = match made {
            Ok(Again { bytes, proven: true }) => return self.jobs.push(Job { bytes, ..job }),
            Ok(_) => again::OTHER_BYTES.to_owned(),
            Err(unmade) => unmade.reason().to_owned(),
        };
        self.held.push((job.record(DeliveryState::Pending, job.received_at), reason));
    }
}
