//! What a held delivery becomes once its steps have run: its own payload first. A delivery that stood for its
//! connection's steps takes all they make; one of several that were planned takes the payload at its own place, since
//! the others have theirs. Pure. Not here: running the steps, writing it down (`release`).

use crate::control::snapshot::ConnectionRuntime;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::DeliveryId;
use crate::domain::plan::Plan;
use crate::domain::plan::Planned;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::domain::plan::StepTrace;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;
use crate::pipeline::payload::Payload;
use crate::pipeline::plan;
use crate::pipeline::steps::RunEnd;
use crate::rules::lifecycle;
use crate::rules::lifecycle::Cx;
use crate::rules::lifecycle::LifecycleInput;
use crate::store::EventLog;

/// See the head of this file.
pub(super) struct Released {
    input: LifecycleInput,
    /// What was planned with it, where it is one of several.
    siblings: Option<Vec<Planned>>,
    /// What is to be sent, the delivery itself first; none if it ended.
    pub jobs: Vec<Job>,
}

/// What the end of its connection's steps makes of a delivery.
pub(super) fn of(
    event: &Event,
    log: &EventLog,
    connection: &ConnectionRuntime,
    record: &DeliveryRecord,
    end: RunEnd,
) -> Released {
    let place = log.plan.as_ref().and_then(|plan| plan::place(plan, record.id));
    let place = place.filter(|place| place.planned.len() > 1);
    let siblings = place.as_ref().map(|place| place.planned.to_vec());
    let payloads = match (end, &place) {
        (RunEnd::Forward(payloads), Some(place)) => payloads.into_iter().skip(place.at).take(1).collect(),
        (RunEnd::Forward(payloads), None) => payloads,
        (RunEnd::Dropped, _) => Vec::new(),
        (RunEnd::Failed | RunEnd::HostFault(_) | RunEnd::Held, _) => {
            return Released { input: LifecycleInput::StepFailed, siblings, jobs: Vec::new() };
        }
    };
    let input = if payloads.is_empty() { LifecycleInput::StepsDropped } else { LifecycleInput::StepsMade };
    let ids = std::iter::once(record.id).chain(free_ids(event, log));
    let job =
        |(id, carried): (DeliveryId, Payload)| plan::job(event, record.revision, connection, id, carried);
    let mut jobs: Vec<Job> = ids.zip(payloads).map(job).collect();
    if let Some(own) = jobs.first_mut() {
        (own.attempts, own.schedule_from) = (record.attempts, record.schedule_from);
    }
    Released { input, siblings, jobs }
}

impl Released {
    /// The state it is in from now on.
    pub(super) fn state(&self, record: &DeliveryRecord, cx: &Cx<'_>) -> DeliveryState {
        lifecycle::step(record.state, self.input, cx).0
    }

    /// The event's plan with what became of this delivery's connection.
    pub(super) fn plan(
        &self,
        event: &Event,
        log: EventLog,
        record: &DeliveryRecord,
        steps: Vec<StepTrace>,
        at: Timestamp,
    ) -> Plan {
        let route = Route {
            connection: record.connection,
            destination: record.destination,
            steps,
            end: self.end(record),
        };
        let nothing = || Plan { event: event.id, workspace: event.data.workspace, at, routes: Vec::new() };
        let mut plan = log.plan.unwrap_or_else(nothing);
        plan.at = at;
        match plan.routes.iter_mut().find(|have| have.connection == route.connection) {
            Some(have) => *have = route,
            None => plan.routes.push(route),
        }
        plan
    }

    fn end(&self, record: &DeliveryRecord) -> RouteEnd {
        let made: Vec<Planned> = self.jobs.iter().map(plan::planned).collect();
        match (&self.siblings, self.input) {
            (Some(siblings), _) => {
                let own = made.into_iter().next();
                let now = |old: &Planned| own.clone().filter(|own| own.id == old.id).unwrap_or(old.clone());
                RouteEnd::Delivering(siblings.iter().map(now).collect())
            }
            (None, LifecycleInput::StepFailed) => RouteEnd::Failed(record.id),
            (None, LifecycleInput::StepsDropped) => RouteEnd::Dropped,
            (None, _) => RouteEnd::Delivering(made),
        }
    }
}

/// Ids that no delivery of the event has.
fn free_ids(event: &Event, log: &EventLog) -> impl Iterator<Item = DeliveryId> {
    let planned = log.plan.iter().flat_map(|plan| &plan.routes).flat_map(|route| route.end.deliveries());
    let tried = log.attempts.iter().map(|entry| entry.attempt.id.delivery());
    let used = planned.chain(tried).chain(log.records.iter().map(|record| record.id));
    let next = used.map(|id| id.slot()).max().unwrap_or(0).saturating_add(1);
    let event = event.id;
    (next..u16::MAX).map(move |slot| event.delivery(slot))
}
