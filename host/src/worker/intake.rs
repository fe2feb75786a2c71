//! Brings committed events to `plan`. Reading the feed and planning are apart, because reading
//! the feed also sends the acknowledgements, which must never wait for a plugin. Events whose plugins wait for others,
//! and events whose plugins compute for long, have places of their own, so that nobody else's event waits with them.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::domain::id::EventId;
use crate::pipeline::duty::Charge;
use crate::pipeline::duty::Duty;
use crate::pipeline::plan;
use crate::pipeline::plan::service_class::ServiceClass;
use crate::store::Committed;
use crate::store::Feed;
use crate::store::HotEvent;
use crate::store::Store;
use crate::worker::Worker;

/// Events whose steps run at a time, of each [`ServiceClass`].
pub(crate) const PLANS_MAX: usize = 256;
/// Events that wait for the code of a plugin, apart from those: while it is compiled, others go on.
const PREPARING_MAX: usize = 4096;

/// Events that take their time: some run, the others queue.
#[derive(Default)]
struct Slow {
    running: FuturesUnordered<BoxFuture<'static, ()>>,
    /// Only ids: there may be many, and each waits for a while.
    queue: VecDeque<(EventId, Duty)>,
}

impl Slow {
    fn add(&mut self, worker: &Worker, charge: Charge) {
        if self.running.len() < PLANS_MAX && self.queue.is_empty() {
            self.running.push(plan_one(worker.clone(), charge).boxed());
        } else {
            self.queue.push_back((charge.held.0.event.id, charge.duty));
        }
    }

    /// Waits until one is done, and begins the next.
    async fn go_on(&mut self, worker: &Worker) {
        if self.running.next().await.is_none() {
            return std::future::pending().await;
        }
        let next = self.queue.pop_front();
        self.running.extend(next.map(|(id, duty)| plan_queued(worker.clone(), id, duty).boxed()));
    }
}

/// Reads the feed until the store is closed; what it reads goes to `planner`.
pub async fn pump(mut feed: impl Feed, planner: mpsc::UnboundedSender<Committed>) {
    while let Some(committed) = feed.next().await {
        // The planner has stopped: the server is going down, the store knows what is unfinished.
        let _stopped = planner.send(committed);
    }
}

/// Plans committed events in their order, several at a time. The queue holds ranges, not events,
/// once memory for events is used up, so that it stays small however far planning is behind.
pub(super) async fn plan_all(worker: Worker, mut committed: mpsc::UnboundedReceiver<Committed>) {
    let (mut short, mut preparing) = (FuturesUnordered::new(), FuturesUnordered::new());
    let (mut fresh, mut long, mut waiting) = (Slow::default(), Slow::default(), Slow::default());
    loop {
        let (events, new) = tokio::select! {
            commit = committed.recv(), if short.len() < PLANS_MAX && preparing.len() < PREPARING_MAX => {
                let Some(commit) = commit else { break };
                (events_of(&worker, commit).await, true)
            }
            Some(charge) = preparing.next(), if !preparing.is_empty() => (vec![charge], false),
            Some(()) = short.next(), if !short.is_empty() => (Vec::new(), false),
            () = fresh.go_on(&worker) => (Vec::new(), false),
            () = long.go_on(&worker) => (Vec::new(), false),
            () = waiting.go_on(&worker) => (Vec::new(), false),
        };
        if worker.pipeline.is_stopping() {
            return;
        }
        for charge in events {
            let event = &charge.held.0.event;
            if new {
                worker.pipeline.observe_received(event);
            }
            // What does not compile is not prepared a second time: it shows when it runs.
            if new && !worker.pipeline.is_prepared(event) {
                preparing.push(prepared(worker.clone(), charge));
                continue;
            }
            match ServiceClass::of(&worker.pipeline, event) {
                ServiceClass::Short => short.push(plan_one(worker.clone(), charge)),
                ServiceClass::New => fresh.add(&worker, charge),
                ServiceClass::Long => long.add(&worker, charge),
                ServiceClass::Waiting => waiting.add(&worker, charge),
            }
        }
    }
    while short.next().await.is_some() {}
}

async fn prepared(worker: Worker, charge: Charge) -> Charge {
    worker.pipeline.prepare(&charge.held.0.event).await;
    charge
}

/// The events of a commit, each with the duty for it.
async fn events_of(worker: &Worker, commit: Committed) -> Vec<Charge> {
    let events = match commit.events {
        Some(events) => events,
        None => {
            let read = || worker.pipeline.store().read(commit.range);
            worker.pipeline.until_answered("read events to plan", read).await.unwrap_or_default()
        }
    };
    let charge =
        |held: HotEvent| worker.pipeline.duties().take(held.0.event.id).map(|duty| Charge { held, duty });
    events.into_iter().filter_map(charge).collect()
}

/// A step that panics costs its own event a while, and no other event anything: it loses its duty, and is taken up.
async fn plan_one(worker: Worker, charge: Charge) {
    let event = charge.held.0.event.id;
    let planned = async { worker.delivery.take(plan::run(&worker.pipeline, charge, &[]).await) };
    let planned = AssertUnwindSafe(planned).catch_unwind().await;
    if planned.is_err() {
        tracing::error!(%event, "planning an event panicked");
    }
}

/// An event that had to queue.
pub(crate) async fn plan_queued(worker: Worker, id: EventId, duty: Duty) {
    if let Some(charge) = worker.charge(id, duty).await {
        plan_one(worker, charge).await;
    }
}
