//! Does comparisons, one after the other, page by page. Runs apart from everything else: pages are read while the one
//! before is worked on by several hands (`slice`), and a cancelled comparison stops after the slices they are at.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::available_parallelism;

use futures::FutureExt as _;

use crate::domain::config::Origin;
use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::insight::Insight;
use crate::insight::comparisons::job::Comparison;
use crate::insight::comparisons::job::ComparisonState;
use crate::insight::comparisons::slice::AHEAD;
use crate::insight::comparisons::slice::Compared;
use crate::insight::comparisons::slice::ComparisonContext;
use crate::insight::comparisons::slice::Hand;
use crate::pipeline::store_closed;
use crate::rules::route;
use crate::store::EventQuery;
use crate::store::Page;
use crate::store::PlannedEvent;
use crate::store::Store;
use crate::store::StoreError;

/// Events read at a time: many, because looking for the plans of any reads a stretch of the log.
const PAGE: usize = 1024;
/// Events worked on at a time: a batch of a plugin, so that cancelling does not wait for long.
const SLICE: usize = 64;
/// Most threads of a comparison: there is one for each processor, but live events need some of a large machine too.
const HANDS_MAX: usize = 4;

/// Does what waits until nothing does.
pub(super) async fn all(insight: Insight) {
    while let Some(job) = insight.comparisons().next(insight.now()) {
        let done = AssertUnwindSafe(run(&insight, &job)).catch_unwind().await;
        let state = match done {
            Ok(Ok(state)) => state,
            Ok(Err(detail)) => ComparisonState::Failed(detail),
            Err(_) => ComparisonState::Failed(FAULT.to_owned()),
        };
        tracing::info!(comparison = %job.id, state = state.name(), "a comparison is over");
        job.end(state, insight.now());
    }
}

const FAULT: &str = "the gateway has a fault; its log says more";

/// One comparison.
struct Work<'g> {
    insight: &'g Insight,
    job: &'g Comparison,
    hands: Vec<Hand>,
    /// Which hands have slices, in the order they got them.
    working: VecDeque<usize>,
}

/// Why a comparison cannot go on.
enum Stop {
    Store(StoreError),
    /// A hand is gone.
    Fault,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn run(insight: &Insight, job: &Arc<Comparison>) -> Result<ComparisonState, String> {
    let snapshot = insight.snapshot().clone();
    let connection = job.order.connection.id;
    let Some(now) = snapshot.connections.get(&connection).cloned() else {
        return Err("the connection was deleted meanwhile".to_owned());
    };
    let tried =
        insight.compiler().compile_steps(&snapshot.documents, job.workspace, &job.order.steps).await?;
    let (gateway_too, job_too, tried_alone) = (insight.clone(), job.clone(), AtomicBool::new(false));
    let shared =
        Arc::new(ComparisonContext { insight: gateway_too, job: job_too, snapshot, now, tried, tried_alone });
    let hands = available_parallelism().map_or(1, usize::from).min(HANDS_MAX);
    let hands = (0..hands).map(|_| Hand::start(shared.clone())).collect();
    let mut work = Work { insight, job, hands, working: VecDeque::new() };
    work.all_pages().await.map_err(|stop| match stop {
        Stop::Store(error) => {
            insight.observer().store_error("read stored events", &error);
            "the store cannot be read at the moment; the log says why".to_owned()
        }
        Stop::Fault => FAULT.to_owned(),
    })
}

impl Work<'_> {
    async fn all_pages(&mut self) -> Result<ComparisonState, Stop> {
        let mut left = self.job.order.last;
        let mut page = self.read(None).await?;
        loop {
            let mut events = page.items;
            events.retain(|planned| self.is_wanted(&planned.event));
            events.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= events.len() as u64;
            let next = page.next.filter(|_| left > 0);
            let reading = next.map(|before| self.reading(before));
            let mut events = events.into_iter();
            while events.len() > 0 {
                if self.is_over() {
                    return Ok(ComparisonState::Cancelled);
                }
                self.hand_out(events.by_ref().take(SLICE).collect()).await?;
            }
            page = match reading {
                Some(reading) => match reading.await {
                    Ok(read) => read?,
                    Err(_) => return Err(store_closed().into()),
                },
                None => break,
            };
        }
        while !self.working.is_empty() {
            if self.is_over() {
                return Ok(ComparisonState::Cancelled);
            }
            self.take_one().await?;
        }
        Ok(ComparisonState::Finished)
    }

    fn is_over(&self) -> bool {
        self.job.is_cancelled() || self.insight.is_stopping()
    }

    /// Gives a slice to the hand whose turn it is, in turn, so that what comes back is in order as well.
    async fn hand_out(&mut self, slice: Vec<PlannedEvent>) -> Result<(), Stop> {
        if self.working.len() >= self.hands.len() * AHEAD {
            self.take_one().await?;
        }
        let next = self.working.back().map_or(0, |last| (last + 1) % self.hands.len());
        let hand = self.hands.get(next).ok_or(Stop::Fault)?;
        hand.give(slice).await.ok_or(Stop::Fault)?;
        self.working.push_back(next);
        Ok(())
    }

    /// Waits for the oldest slice and counts it.
    async fn take_one(&mut self) -> Result<(), Stop> {
        let Some(oldest) = self.working.pop_front() else { return Ok(()) };
        let hand = self.hands.get_mut(oldest).ok_or(Stop::Fault)?;
        let Compared { events, before, after, differences, bases } =
            hand.take().await.ok_or(Stop::Fault)??;
        let mut progress = self.job.progress();
        for (((event, difference), before), after) in events.iter().zip(&differences).zip(&before).zip(&after)
        {
            progress.tally.add(*event, difference, before, after);
        }
        progress.done += events.len() as u64;
        progress.bases.sent += bases.sent;
        progress.bases.unproven += bases.unproven;
        progress.bases.rerun += bases.rerun;
        Ok(())
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
            after: None,
            before,
            limit: PAGE,
        }
    }

    async fn read(&self, before: Option<EventId>) -> Result<Page<PlannedEvent, EventId>, StoreError> {
        self.insight.store().planned(self.query(before)).await
    }

    /// Begins to read a page while this one is worked on.
    fn reading(
        &self,
        before: EventId,
    ) -> tokio::sync::oneshot::Receiver<Result<Page<PlannedEvent, EventId>, StoreError>> {
        let (done, reading) = tokio::sync::oneshot::channel();
        let (insight, query) = (self.insight.clone(), self.query(Some(before)));
        self.insight.spawn(async move {
            // Nobody waits for it when the work ended meanwhile.
            let _unread = done.send(insight.store().planned(query).await);
        });
        reading
    }

    /// Whether the connection takes the event, and the order wants it.
    fn is_wanted(&self, event: &Event) -> bool {
        let order = &self.job.order;
        let origin = event.data.source.map_or(Origin::Published, Origin::Source);
        let pattern = order.event_type.as_slice();
        order.connection.origins.contains(&origin)
            && self.insight.takes(&order.connection, event)
            && (pattern.is_empty() || route::matches(pattern, &event.data.event_type))
    }
}
