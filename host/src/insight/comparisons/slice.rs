//! Compares a few events: what was decided then beside what the steps that are tried make of them. Several hands do so
//! side by side, each on a thread of its own that gives way, so that all processors are used and none is kept from
//! live events. Not here: which events, and counting (`work`).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::control::snapshot::CompiledStep;
use crate::control::snapshot::ConnectionRuntime;
use crate::control::snapshot::Snapshot;
use crate::domain::id::EventId;
use crate::insight::Insight;
use crate::insight::comparisons::baseline;
use crate::insight::comparisons::baseline::Base;
use crate::insight::comparisons::job::Bases;
use crate::insight::comparisons::job::Comparison;
use crate::insight::comparisons::many;
use crate::insight::comparisons::many::Calls;
use crate::insight::comparisons::past::Past;
use crate::pipeline::host::kept::EventContext;
use crate::pipeline::host::kept::Purpose;
use crate::pipeline::payload::body_view::BodyView;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::plan;
use crate::pipeline::rest::Rest;
use crate::pipeline::steps::StepContext;
use crate::shape::difference::Difference;
use crate::shape::difference::Outcome;
use crate::shape::difference::compare;
use crate::store::PlannedEvent;
use crate::store::StoreError;

/// Slices that wait for a hand, so that it never waits for one.
pub(super) const AHEAD: usize = 2;

/// What all hands work with.
pub(super) struct ComparisonContext {
    pub(super) insight: Insight,
    pub(super) job: Arc<Comparison>,
    /// The configuration when it began.
    pub(super) snapshot: Arc<Snapshot>,
    /// The connection then.
    pub(super) now: Arc<ConnectionRuntime>,
    /// What is tried.
    pub(super) tried: Vec<CompiledStep>,
    /// One of the plugins tried does not bear being called in batches.
    pub(super) tried_alone: AtomicBool,
}

/// Events that were compared, in the order they were given.
pub(super) struct Compared {
    pub(super) events: Vec<EventId>,
    pub(super) before: Vec<Outcome>,
    pub(super) after: Vec<Outcome>,
    pub(super) differences: Vec<Difference>,
    pub(super) bases: Bases,
}

/// One that compares slices, in the order it gets them. It ends when this is dropped.
pub(super) struct Hand {
    slices: mpsc::Sender<Vec<PlannedEvent>>,
    compared: mpsc::Receiver<Result<Compared, StoreError>>,
}

impl Hand {
    pub(super) fn start(shared: Arc<ComparisonContext>) -> Self {
        let (slices, mut next) = mpsc::channel::<Vec<PlannedEvent>>(AHEAD);
        let (done, compared) = mpsc::channel(AHEAD);
        shared.insight.clone().spawn_background(async move {
            let past = Past::new(&shared.insight, shared.job.order.connection.id);
            let mut work = Work { shared: &shared, past, calls: Calls::Batched };
            let mut rest = Rest::default();
            while let Some(events) = next.recv().await {
                let began = Instant::now();
                let compared = work.slice(&events).await;
                // Nobody waits for it when the comparison ended meanwhile.
                if done.send(compared).await.is_err() {
                    return;
                }
                rest.after(began.elapsed()).await;
            }
        });
        Self { slices, compared }
    }

    /// Hands over a slice; `None` where the hand is gone, which is the gateway's fault.
    pub(super) async fn give(&self, slice: Vec<PlannedEvent>) -> Option<()> {
        self.slices.send(slice).await.ok()
    }

    /// The next slice that was compared.
    pub(super) async fn take(&mut self) -> Option<Result<Compared, StoreError>> {
        self.compared.recv().await
    }
}

/// What one hand works with.
struct Work<'w> {
    shared: &'w ComparisonContext,
    past: Past<'w>,
    /// How the steps of the past are called.
    calls: Calls,
}

impl Work<'_> {
    async fn slice(&mut self, events: &[PlannedEvent]) -> Result<Compared, StoreError> {
        let ComparisonContext { insight, job, snapshot: current, now, .. } = self.shared;
        let found = baseline::find(&mut self.past, job.order.connection.id, events).await?;
        let texts: Vec<_> = events
            .iter()
            .map(|planned| json_text(&planned.event.data.content_type, &planned.event.data.body))
            .collect();
        let bodies: Vec<BodyView<'_>> =
            texts.iter().map(|text| BodyView::new(text, insight.limits().json())).collect();
        // No plugin that is compared has a grant; this gives and keeps nothing.
        let kept = EventContext::new(insight.pipeline(), job.workspace, Purpose::Look);
        let contexts: Vec<StepContext<'_>> = events
            .iter()
            .zip(&found)
            .zip(&bodies)
            .map(|((planned, base), body)| {
                let snapshot = match base {
                    Base::Make(then, _) => &then.snapshot,
                    Base::Decided(_) | Base::Rerun => current,
                };
                plan::context(snapshot, &planned.event, body, &kept)
            })
            .collect();
        let mut bases = Bases::default();
        let before = baseline::make(found, &contexts, now, &mut self.calls, &mut bases).await;
        let (after, differences) = self.try_steps(&contexts, &before).await;
        let events = events.iter().map(|planned| planned.event.id).collect();
        Ok(Compared { events, before, after, differences, bases })
    }

    /// Runs the steps that are tried. A plugin that carries something over from one event of a
    /// batch to the next would show differences that no live event has, so one event of every new
    /// kind of difference is run alone as well; if that tells another story, the plugin
    /// is never batched again.
    async fn try_steps(
        &self,
        contexts: &[StepContext<'_>],
        before: &[Outcome],
    ) -> (Vec<Outcome>, Vec<Difference>) {
        let ComparisonContext { tried, tried_alone, .. } = self.shared;
        let all: Vec<&StepContext<'_>> = contexts.iter().collect();
        if !tried_alone.load(Ordering::Acquire) {
            let after = many::run(tried, &all, Calls::Batched).await;
            let differences = compare_all(before, &after);
            for at in self.new_kinds(&differences) {
                let alone = many::run(tried, &all[at..=at], Calls::Single).await;
                if alone.first() != after.get(at) {
                    tried_alone.store(true, Ordering::Release);
                    break;
                }
            }
            // Another hand may have found it out meanwhile.
            if !tried_alone.load(Ordering::Acquire) {
                return (after, differences);
            }
        }
        let after = many::run(tried, &all, Calls::Single).await;
        let differences = compare_all(before, &after);
        (after, differences)
    }

    /// Where differences are of a kind that was not met before; of each kind the last, which most
    /// events of the batch came before.
    fn new_kinds(&self, differences: &[Difference]) -> Vec<usize> {
        let progress = self.shared.job.progress();
        let mut new: Vec<usize> = Vec::new();
        for (at, difference) in differences.iter().enumerate().rev() {
            let met = |earlier: &usize| differences.get(*earlier) == Some(difference);
            if !progress.tally.knows(difference) && !new.iter().any(met) {
                new.push(at);
            }
        }
        new
    }
}

fn compare_all(before: &[Outcome], after: &[Outcome]) -> Vec<Difference> {
    before.iter().zip(after).map(|(before, after)| compare(before, after)).collect()
}
