//! What became of events when they came in. Drops and failures are in the plan; what was sent is
//! made again by the steps of then, and the plan's hashes prove it. Where that is not known, the
//! connection's steps of now are run.

use std::sync::Arc;

use crate::control::snapshot::ConnectionRuntime;
use crate::domain::id::ConnectionId;
use crate::domain::plan::Plan;
use crate::domain::plan::Planned;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::insight::comparisons::job::Bases;
use crate::insight::comparisons::many;
use crate::insight::comparisons::many::Calls;
use crate::insight::comparisons::past::Past;
use crate::insight::comparisons::past::Then;
use crate::pipeline::plan::is_planned;
use crate::pipeline::steps::StepContext;
use crate::shape::difference::Outcome;
use crate::store::PlannedEvent;
use crate::store::StoreError;

/// What an event is compared with.
pub(super) enum Base<'p> {
    /// Known already.
    Decided(Outcome),
    /// To be made by these steps; the deliveries that were planned prove it.
    Make(Then, &'p [Planned]),
    /// To be made by the steps of now.
    Rerun,
}

/// Where to take it from for each of these events.
pub(super) async fn find<'p>(
    past: &mut Past<'_>,
    connection: ConnectionId,
    events: &'p [PlannedEvent],
) -> Result<Vec<Base<'p>>, StoreError> {
    let mut bases = Vec::with_capacity(events.len());
    for planned in events {
        let base = match planned.plan.as_ref().and_then(|plan| route(plan, connection)) {
            None | Some(Route { end: RouteEnd::Held(_), .. }) => Base::Rerun,
            Some(Route { end: RouteEnd::Delivering(made), .. }) if !made.is_empty() => {
                // What a plugin with a grant, or in a batch, saw then is not known.
                let then = past.at(planned.event.data.revision).await?;
                let then = then.filter(|then| !then.runtime.is_written_first());
                then.map_or(Base::Rerun, |then| Base::Make(then, made))
            }
            Some(route) => Base::Decided(decided(route)),
        };
        bases.push(base);
    }
    Ok(bases)
}

fn route(plan: &Plan, connection: ConnectionId) -> Option<&Route> {
    plan.routes.iter().find(|route| route.connection == connection)
}

/// The outcome of a route that made no delivery.
fn decided(route: &Route) -> Outcome {
    let ran = route.steps.iter().filter(|step| !step.fell_back()).count();
    let (number, last) = (ran.saturating_sub(1), route.steps.last());
    match &route.end {
        RouteEnd::Delivering(_) => Outcome::Forwarded(Vec::new()),
        RouteEnd::Dropped => Outcome::Dropped(many::drop_reason(number, last)),
        RouteEnd::Failed(_) | RouteEnd::Held(_) => Outcome::Failed(many::failure_code(last)),
    }
}

/// Makes what is to be made. `calls` becomes single for good when a batch proves to differ from
/// what was sent and a single run does not.
pub(super) async fn make(
    bases: Vec<Base<'_>>,
    contexts: &[StepContext<'_>],
    now: &Arc<ConnectionRuntime>,
    calls: &mut Calls,
    counts: &mut Bases,
) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(bases.len());
    let mut to_make: Vec<(usize, Arc<ConnectionRuntime>, &[Planned])> = Vec::new();
    for (at, base) in bases.into_iter().enumerate() {
        outcomes.push(None);
        match base {
            Base::Decided(outcome) => {
                counts.sent += 1;
                outcomes[at] = Some(outcome);
            }
            Base::Make(then, planned) => to_make.push((at, then.runtime, planned)),
            Base::Rerun => {
                counts.rerun += 1;
                to_make.push((at, now.clone(), &[]));
            }
        }
    }
    for group in to_make.chunk_by(|one, two| Arc::ptr_eq(&one.1, &two.1)) {
        let Some((_, runtime, _)) = group.first() else { continue };
        let those: Vec<&StepContext<'_>> = group.iter().map(|(at, ..)| &contexts[*at]).collect();
        let made = run(runtime, &those, *calls).await;
        for ((at, runtime, planned), outcome) in group.iter().zip(made) {
            let proved = prove(runtime, &contexts[*at], planned, outcome, calls, counts).await;
            outcomes[*at] = Some(proved);
        }
    }
    let unknown = || Outcome::Failed("host".to_owned());
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unknown)).collect()
}

async fn run(runtime: &ConnectionRuntime, contexts: &[&StepContext<'_>], calls: Calls) -> Vec<Outcome> {
    match &runtime.steps {
        Ok(compiled) => many::run(compiled, contexts, calls).await,
        Err(_) => contexts.iter().map(|_| Outcome::Failed("host".to_owned())).collect(),
    }
}

/// Holds an outcome against what was planned, and makes it again alone if it is not that.
async fn prove(
    runtime: &ConnectionRuntime,
    context: &StepContext<'_>,
    planned: &[Planned],
    outcome: Outcome,
    calls: &mut Calls,
    counts: &mut Bases,
) -> Outcome {
    if planned.is_empty() {
        return outcome;
    }
    if are_planned(&outcome, planned) {
        counts.sent += 1;
        return outcome;
    }
    if *calls == Calls::Batched
        && let Some(alone) = run(runtime, &[context], Calls::Single).await.pop()
        && are_planned(&alone, planned)
    {
        *calls = Calls::Single;
        counts.sent += 1;
        return alone;
    }
    counts.unproven += 1;
    outcome
}

/// Whether these are the payloads that were planned. There may be more: an event becomes only so
/// many deliveries.
fn are_planned(outcome: &Outcome, planned: &[Planned]) -> bool {
    let Outcome::Forwarded(made) = outcome else { return false };
    made.len() >= planned.len() && made.iter().zip(planned).all(|(made, planned)| is_planned(planned, made))
}
