//! Fourth file of an event's life: `rules::lifecycle` decides what an attempt led to; this writes
//! it down and, if there is a next attempt, sees that somebody wakes up for it.

use crate::control::reports::Report;
use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::delivery::queues::Parked;
use crate::delivery::transport;
use crate::delivery::transport::Attempted;
use crate::domain::delivery::Attempt;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::DeliveryState;
use crate::domain::plan::Note;
use crate::domain::plan::Noted;
use crate::domain::plan::NotedDelivery;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;
use crate::pipeline::job::no_bytes;
use crate::rules::lifecycle;
use crate::rules::lifecycle::Cx;
use crate::rules::lifecycle::Effect;
use crate::store::AttemptEntry;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store;

/// An attempt that is over.
#[derive(Debug)]
pub(crate) struct Settlement {
    /// When it began.
    pub(crate) began: Timestamp,
    /// When it ended.
    pub(crate) now: Timestamp,
    /// From 0 up to 1, for the next time.
    pub(crate) jitter: f64,
    /// What came of it.
    pub(crate) attempted: Attempted,
    /// What else is to be said of it.
    pub(crate) noted: Vec<Noted>,
}

/// Settles an attempt: the log row, the next state, the next time.
pub(crate) fn run(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    mut job: Job,
    settlement: Settlement,
) {
    let Settlement { began, now, jitter, attempted, noted } = settlement;
    job.attempts = job.attempts.saturating_add(1);
    let decision = decide(delivery, destination, &job, (now, jitter), &attempted.outcome);
    let attempt = Attempt {
        id: job.id.attempt(job.attempts),
        at: began,
        timings: attempted.timings,
        outcome: attempted.outcome,
        state: decision.state,
        next_attempt_at: decision.wake_at,
    };
    delivery.observe_attempt(&job, &attempt);
    delivery.alert_of_attempt(destination, &job, &attempt, decision.pause_destination);
    let entry = AttemptEntry {
        workspace: job.workspace,
        connection: job.connection,
        destination: job.destination,
        attempt,
    };
    let notes = noted.into_iter().map(|what| LogEntry::Note(note(&job, now, what)));
    let log = [LogEntry::Attempt(entry)].into_iter().chain(notes).collect();
    let mut change = Change { log, kv: attempted.keeps, ..Change::default() };
    let had_record = job.open.is_none();
    let due = decision.wake_at.unwrap_or(now);
    if decision.wake_at.is_some() || had_record {
        change.deliveries.push(job.record(decision.state, due));
    }
    change.closed.extend(job.close());
    if decision.wake_at.is_some() && !had_record {
        change.bytes.push((job.id, std::mem::replace(&mut job.bytes, no_bytes())));
    }
    delivery.store().note(change);
    if let Some(at) = decision.wake_at {
        let parked = Parked { connection: job.connection, attempts: job.attempts, held: false, faults: 0 };
        delivery.park(job.destination, at, job.id, parked);
    }
    if decision.pause_destination {
        delivery.reports().send(Report::Gone(job.destination));
    }
}

fn note(job: &Job, at: Timestamp, what: Noted) -> Note {
    let about = NotedDelivery { id: job.id, connection: job.connection, destination: job.destination };
    Note { event: job.id.event(), workspace: job.workspace, at, delivery: Some(about), what }
}

/// What the lifecycle said, in the form this file acts on.
struct Decision {
    state: DeliveryState,
    wake_at: Option<Timestamp>,
    pause_destination: bool,
}

fn decide(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    job: &Job,
    (now, jitter): (Timestamp, f64),
    outcome: &AttemptOutcome,
) -> Decision {
    let input = transport::meaning(destination, job, outcome, now);
    let snapshot = delivery.snapshot();
    let connection = snapshot.documents.connections.get(job.connection);
    let policy = connection.and_then(|found| found.retry.as_ref()).unwrap_or(&destination.destination.retry);
    let cx = Cx { policy, attempts: u32::from(job.attempts.saturating_sub(job.schedule_from)), now, jitter };
    let (state, effects) = lifecycle::step(job.state, input, &cx);
    let mut decision = Decision { state, wake_at: None, pause_destination: false };
    for effect in effects {
        match effect {
            Effect::WakeAt(at) => decision.wake_at = Some(at),
            Effect::PauseDestination => decision.pause_destination = true,
        }
    }
    decision
}
