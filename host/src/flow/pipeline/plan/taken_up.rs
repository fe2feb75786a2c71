//! An event that was planned and not finished, taken up after a crash or because nobody worked on it: it is not
//! planned anew. What its plan says is made again, each connection for itself, and goes on if it is proven; the rest
//! is held with the reason. A receiver may have seen some of it. Not here: the proof (`again`).

use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::plan::Planned;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::flow::Gateway;
use crate::flow::delivery::hold;
use crate::flow::pipeline::duty::Charge;
use crate::flow::pipeline::job::Job;
use crate::flow::pipeline::job::OpenEvent;
use crate::flow::pipeline::plan::again;
use crate::flow::pipeline::plan::again::Again;
use crate::flow::pipeline::plan::again::Unmade;
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
pub(super) async fn run(gateway: &Gateway, charge: Charge) {
    for tries in 0.. {
        match once(gateway, &charge.held.0.event).await {
            Ok(Some(jobs)) => return go_on(gateway, charge, jobs),
            Ok(None) => return,
            Err(error) => gateway.observe_store_error("take up a planned event", &error),
        }
        if gateway.is_stopping() {
            return;
        }
        tokio::time::sleep(gateway.patience().wait(tries)).await;
    }
}

/// The deliveries to go on with; `None` when the server is stopping.
async fn once(gateway: &Gateway, event: &Event) -> Result<Option<Vec<Job>>, StoreError> {
    let log = gateway.store().event_log(event.id).await?;
    let done = done(&log);
    let mut found = Found::default();
    for route in log.plan.iter().flat_map(|plan| &plan.routes) {
        let RouteEnd::Delivering(planned) = &route.end else { continue };
        let left: Vec<&Planned> = planned.iter().filter(|one| !done.contains(&one.id.slot())).collect();
        if left.is_empty() {
            continue;
        }
        let Some(made) = remade(gateway, event, route, &left).await else { return Ok(None) };
        for (planned, made) in left.into_iter().zip(made) {
            found.add(job(event, route, planned), made);
        }
    }
    let Found { jobs, held } = found;
    let mut change = Change::default();
    for (record, reason) in &held {
        let (record, note) = hold::held(gateway, record.clone(), reason);
        change.deliveries.push(record);
        change.log.push(LogEntry::Note(note));
    }
    if jobs.is_empty() {
        change.closed.push(event.id);
    }
    if jobs.is_empty() || !held.is_empty() {
        let records = change.deliveries.clone();
        gateway.store().commit(change).await?;
        records.iter().zip(&held).for_each(|(record, (_, reason))| hold::take_in(gateway, record, reason));
    }
    Ok(Some(jobs))
}

/// Each of these made again; faults that may pass are given some time to.
async fn remade(
    gateway: &Gateway,
    event: &Event,
    route: &Route,
    left: &[&Planned],
) -> Option<Vec<Result<Again, Unmade>>> {
    for tries in 0.. {
        match again::remake_route(gateway, event, route, left).await {
            Ok(made) => return Some(made),
            Err(Unmade::Passing(reason)) if tries < gateway.patience().tries => {
                gateway.observe_unplanned(event.id, &reason);
            }
            Err(unmade) => return Some(left.iter().map(|_| Err(unmade.clone())).collect()),
        }
        if gateway.is_stopping() {
            return None;
        }
        tokio::time::sleep(gateway.patience().wait(tries)).await;
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
        bytes: crate::flow::pipeline::job::no_bytes(),
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

fn go_on(gateway: &Gateway, charge: Charge, jobs: Vec<Job>) {
    let Ok(count) = u32::try_from(jobs.len()) else { return };
    if count == 0 {
        return;
    }
    let open = OpenEvent::new(charge, count);
    for mut job in jobs {
        job.open = Some(open.clone());
        gateway.enqueue(job);
    }
}
