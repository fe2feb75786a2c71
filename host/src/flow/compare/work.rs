//! Does comparisons, one after the other, page by page. Runs apart from everything else: the
//! thread gives way, pages are read while the one before is worked on, and a cancelled comparison
//! stops after the slice of a page it is at.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use tokio::time::Instant;

use crate::domain::config::Origin;
use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::flow::Gateway;
use crate::flow::body_view::BodyView;
use crate::flow::body_view::json_text;
use crate::flow::compare::baseline;
use crate::flow::compare::baseline::Base;
use crate::flow::compare::job::Bases;
use crate::flow::compare::job::Comparison;
use crate::flow::compare::job::ComparisonState;
use crate::flow::compare::many;
use crate::flow::compare::many::Calls;
use crate::flow::compare::past::Past;
use crate::flow::kept::Kept;
use crate::flow::kept::Purpose;
use crate::flow::plan;
use crate::flow::rest::Rest;
use crate::flow::snapshot::CompiledStep;
use crate::flow::snapshot::ConnectionRuntime;
use crate::flow::snapshot::Snapshot;
use crate::flow::steps::StepContext;
use crate::rules::route;
use crate::shape::difference::Difference;
use crate::shape::difference::Outcome;
use crate::shape::difference::compare;
use crate::store::EventQuery;
use crate::store::Page;
use crate::store::PlannedEvent;
use crate::store::Store;
use crate::store::StoreError;

/// Events read at a time: many, because looking for the plans of any reads a stretch of the log.
const PAGE: usize = 1024;
/// Events worked on at a time: a batch of a plugin, so that cancelling does not wait for long.
const SLICE: usize = 64;

/// Does what waits until nothing does.
pub(super) async fn all(gateway: Gateway) {
    while let Some(job) = gateway.comparisons().next(gateway.now()) {
        let done = AssertUnwindSafe(run(&gateway, &job)).catch_unwind().await;
        let state = match done {
            Ok(Ok(state)) => state,
            Ok(Err(detail)) => ComparisonState::Failed(detail),
            Err(_) => ComparisonState::Failed("the gateway has a fault; its log says more".to_owned()),
        };
        tracing::info!(comparison = %job.id, state = state.name(), "a comparison is over");
        job.end(state, gateway.now());
    }
}

/// What one comparison works with.
struct Work<'g> {
    gateway: &'g Gateway,
    job: &'g Comparison,
    /// The configuration when it began.
    snapshot: Arc<Snapshot>,
    /// The connection then.
    now: Arc<ConnectionRuntime>,
    /// What is tried.
    tried: Vec<CompiledStep>,
    past: Past<'g>,
    /// How the steps of the past are called, and those that are tried.
    calls: Calls,
    tried_calls: Calls,
    rest: Rest,
}

async fn run(gateway: &Gateway, job: &Comparison) -> Result<ComparisonState, String> {
    let snapshot = gateway.snapshot().clone();
    let connection = job.order.connection.id;
    let Some(now) = snapshot.connections.get(&connection).cloned() else {
        return Err("the connection was deleted meanwhile".to_owned());
    };
    let tried =
        gateway.compiler().compile_steps(&snapshot.documents, job.workspace, &job.order.steps).await?;
    let past = Past::new(gateway, connection);
    let (calls, tried_calls) = (Calls::Batched, Calls::Batched);
    let mut work =
        Work { gateway, job, snapshot, now, tried, past, calls, tried_calls, rest: Rest::default() };
    work.all_pages().await.map_err(|error| {
        gateway.observe_store_error("read stored events", &error);
        "the store cannot be read at the moment; the log says why".to_owned()
    })
}

impl Work<'_> {
    async fn all_pages(&mut self) -> Result<ComparisonState, StoreError> {
        let mut left = self.job.order.last;
        let mut page = self.read(None).await?;
        loop {
            let mut events = page.items;
            events.retain(|planned| self.is_wanted(&planned.event));
            events.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= events.len() as u64;
            let next = page.next.filter(|_| left > 0);
            let reading = next.map(|before| self.reading(before));
            for slice in events.chunks(SLICE) {
                if self.job.is_cancelled() || self.gateway.is_stopping() {
                    return Ok(ComparisonState::Cancelled);
                }
                let began = Instant::now();
                self.slice(slice).await?;
                self.rest.after(began.elapsed()).await;
            }
            page = match reading {
                Some(reading) => match reading.await {
                    Ok(read) => read?,
                    Err(_) => return Err(self.gateway.store_closed()),
                },
                None => return Ok(ComparisonState::Finished),
            };
        }
    }

    fn query(&self, before: Option<EventId>) -> EventQuery {
        let order = &self.job.order;
        let source = match order.connection.origins.as_slice() {
            [Origin::Source(only)] => Some(*only),
            _ => None,
        };
        EventQuery {
            workspace: self.job.workspace,
            source,
            event_type: order.event_type.clone().filter(|pattern| !pattern.contains('*')),
            since: order.since,
            until: order.until,
            before,
            limit: PAGE,
        }
    }

    async fn read(&self, before: Option<EventId>) -> Result<Page<PlannedEvent, EventId>, StoreError> {
        self.gateway.store().planned(self.query(before)).await
    }

    /// Begins to read a page while this one is worked on.
    fn reading(
        &self,
        before: EventId,
    ) -> tokio::sync::oneshot::Receiver<Result<Page<PlannedEvent, EventId>, StoreError>> {
        let (done, reading) = tokio::sync::oneshot::channel();
        let (gateway, query) = (self.gateway.clone(), self.query(Some(before)));
        self.gateway.spawn(async move {
            // Nobody waits for it when the work ended meanwhile.
            let _unread = done.send(gateway.store().planned(query).await);
        });
        reading
    }

    /// Whether the connection takes the event, and the order wants it.
    fn is_wanted(&self, event: &Event) -> bool {
        let order = &self.job.order;
        let origin = event.data.source.map_or(Origin::Published, Origin::Source);
        let pattern = order.event_type.as_slice();
        order.connection.origins.contains(&origin)
            && route::matches(&order.connection.event_types, &event.data.event_type)
            && (pattern.is_empty() || route::matches(pattern, &event.data.event_type))
    }

    async fn slice(&mut self, events: &[PlannedEvent]) -> Result<(), StoreError> {
        let found = baseline::find(&mut self.past, self.job.order.connection.id, events).await?;
        let texts: Vec<_> = events
            .iter()
            .map(|planned| json_text(&planned.event.data.content_type, &planned.event.data.body))
            .collect();
        let bodies: Vec<BodyView<'_>> = texts.iter().map(|text| BodyView::new(text)).collect();
        // No plugin that is compared has a grant; this gives and keeps nothing.
        let kept = Kept::new(self.gateway, self.job.workspace, Purpose::Look);
        let contexts: Vec<StepContext<'_>> = events
            .iter()
            .zip(&found)
            .zip(&bodies)
            .map(|((planned, base), body)| {
                let snapshot = match base {
                    Base::Make(then, _) => &then.snapshot,
                    Base::Decided(_) | Base::Rerun => &self.snapshot,
                };
                plan::context(snapshot, &planned.event, body, &kept)
            })
            .collect();
        let mut counts = Bases::default();
        let before = baseline::make(found, &contexts, &self.now, &mut self.calls, &mut counts).await;
        let (after, differences) = self.try_steps(&contexts, &before).await;
        let mut progress = self.job.progress();
        for (((planned, difference), before), after) in
            events.iter().zip(&differences).zip(&before).zip(&after)
        {
            progress.tally.add(planned.event.id, difference, before, after);
        }
        progress.done += events.len() as u64;
        progress.bases.sent += counts.sent;
        progress.bases.unproven += counts.unproven;
        progress.bases.rerun += counts.rerun;
        Ok(())
    }

    /// Runs the steps that are tried. A plugin that carries something over from one event of a
    /// batch to the next would show differences that no live event has, so one event of every new
    /// kind of difference is run alone as well; if that tells another story, the plugin
    /// is never batched again.
    async fn try_steps(
        &mut self,
        contexts: &[StepContext<'_>],
        before: &[Outcome],
    ) -> (Vec<Outcome>, Vec<Difference>) {
        let all: Vec<&StepContext<'_>> = contexts.iter().collect();
        let after = many::run(&self.tried, &all, self.tried_calls).await;
        let differences = compare_all(before, &after);
        if self.tried_calls == Calls::Single {
            return (after, differences);
        }
        for at in self.new_kinds(&differences) {
            let alone = many::run(&self.tried, &all[at..=at], Calls::Single).await;
            if alone.first() != after.get(at) {
                self.tried_calls = Calls::Single;
                let after = many::run(&self.tried, &all, Calls::Single).await;
                let differences = compare_all(before, &after);
                return (after, differences);
            }
        }
        (after, differences)
    }

    /// Where differences are of a kind that was not met before; of each kind the last, which most
    /// events of the batch came before.
    fn new_kinds(&self, differences: &[Difference]) -> Vec<usize> {
        let progress = self.job.progress();
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
