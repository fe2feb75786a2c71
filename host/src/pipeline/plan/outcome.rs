//! What planning an event comes to before anything is written, and the deliveries it makes. Not here: running steps.

use crate::control::snapshot::ConnectionRuntime;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::fetch::StepFetch;
use crate::domain::grant::KvWrite;
use crate::domain::id::DeliveryId;
use crate::domain::plan::Plan;
use crate::domain::plan::Planned;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::pipeline::job::Job;
use crate::pipeline::payload::Payload;
use crate::pipeline::plan::fingerprint::fingerprint;

/// What planning one event came to, before anything is written.
pub(super) struct PlanOutcome {
    pub plan: Plan,
    pub jobs: Vec<Job>,
    pub failed: Vec<Job>,
    pub held: Vec<Job>,
    pub kv: Vec<KvWrite>,
    pub fetches: Vec<StepFetch>,
}

impl PlanOutcome {
    /// Whether a canary failed somewhere, and the active version ran instead.
    pub(super) fn fell_back(&self) -> bool {
        self.plan.routes.iter().flat_map(|route| &route.steps).any(StepTrace::fell_back)
    }

    /// Without the deliveries of these slots.
    pub(super) fn without(mut self, done: &[u16]) -> Self {
        self.jobs.retain(|job| !done.contains(&job.id.slot()));
        self.failed.retain(|job| !done.contains(&job.id.slot()));
        self
    }
}

/// An event makes more deliveries than there may be: what is not made is told where its steps are.
pub(super) fn too_many(steps: &[StepTrace], refused: usize, most: u16) -> StepTrace {
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
pub(super) struct Slots<'a> {
    pub event: &'a Event,
    pub next: u16,
    pub last: u16,
    /// How many had no number left.
    pub refused: usize,
}

impl Slots<'_> {
    pub(super) fn job(&mut self, connection: &ConnectionRuntime, carried: Payload) -> Option<Job> {
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
    carried: Payload,
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
