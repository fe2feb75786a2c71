//! Brings committed events to `plan`. Reading the feed and planning are apart, because reading
//! the feed also sends the acknowledgements, which must never wait for a plugin. Events whose plugins wait for others,
//! and events whose plugins compute for long, have places of their own, so that nobody else's event waits with them.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::domain::id::EventId;
use crate::flow::Gateway;
use crate::flow::plan;
use crate::flow::service_class::ServiceClass;
use crate::store::Committed;
use crate::store::Feed;
use crate::store::Held;
use crate::store::HeldEvent;
use crate::store::Store;

/// Events whose steps run at a time, of each [`ServiceClass`].
pub(super) const PLANS_MAX: usize = 256;
/// Events that wait for the code of a plugin, apart from those: while it is compiled, others go on.
const PREPARING_MAX: usize = 4096;

/// Events that take their time: some run, the others queue.
#[derive(Default)]
struct Slow {
    running: FuturesUnordered<BoxFuture<'static, ()>>,
    /// Only ids: there may be many, and each waits for a while.
    queue: VecDeque<EventId>,
}

impl Slow {
    fn add(&mut self, gateway: &Gateway, held: Held) {
        if self.running.len() < PLANS_MAX && self.queue.is_empty() {
            self.running.push(plan_queued(gateway.clone(), Queued::Here(held)).boxed());
        } else {
            self.queue.push_back(held.0.event.id);
        }
    }

    /// Waits until one is done, and begins the next.
    async fn go_on(&mut self, gateway: &Gateway) {
        if self.running.next().await.is_none() {
            return std::future::pending().await;
        }
        let next = self.queue.pop_front().map(Queued::OnDisk);
        self.running.extend(next.map(|id| plan_queued(gateway.clone(), id).boxed()));
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
pub async fn plan_all(gateway: Gateway, mut committed: mpsc::UnboundedReceiver<Committed>) {
    let (mut short, mut preparing) = (FuturesUnordered::new(), FuturesUnordered::new());
    let (mut fresh, mut long, mut waiting) = (Slow::default(), Slow::default(), Slow::default());
    loop {
        let (events, new) = tokio::select! {
            commit = committed.recv(), if short.len() < PLANS_MAX && preparing.len() < PREPARING_MAX => {
                let Some(commit) = commit else { break };
                (events_of(&gateway, commit).await, true)
            }
            Some(held) = preparing.next(), if !preparing.is_empty() => (vec![held], false),
            Some(()) = short.next(), if !short.is_empty() => (Vec::new(), false),
            () = fresh.go_on(&gateway) => (Vec::new(), false),
            () = long.go_on(&gateway) => (Vec::new(), false),
            () = waiting.go_on(&gateway) => (Vec::new(), false),
        };
        if gateway.is_stopping() {
            return;
        }
        for held in events {
            if new {
                gateway.observe_received(&held.0.event);
            }
            // What does not compile is not prepared a second time: it shows when it runs.
            if new && !gateway.is_prepared(&held.0.event) {
                preparing.push(prepared(gateway.clone(), held));
                continue;
            }
            match ServiceClass::of(&gateway, &held.0.event) {
                ServiceClass::Short => short.push(plan_one(gateway.clone(), held)),
                ServiceClass::New => fresh.add(&gateway, held),
                ServiceClass::Long => long.add(&gateway, held),
                ServiceClass::Waiting => waiting.add(&gateway, held),
            }
        }
    }
    while short.next().await.is_some() {}
}

async fn prepared(gateway: Gateway, held: Held) -> Held {
    gateway.prepare(&held.0.event).await;
    held
}

async fn events_of(gateway: &Gateway, commit: Committed) -> Vec<Held> {
    match commit.events {
        Some(events) => events,
        None => read_again(gateway, &commit).await,
    }
}

async fn plan_one(gateway: Gateway, held: Held) {
    plan::run(&gateway, held, &[]).await;
}

/// An event that had to queue.
enum Queued {
    Here(Held),
    OnDisk(EventId),
}

async fn plan_queued(gateway: Gateway, queued: Queued) {
    let id = match queued {
        Queued::Here(held) => return plan_one(gateway, held).await,
        Queued::OnDisk(id) => id,
    };
    match gateway.store().event(id).await {
        Ok(Some(event)) => plan_one(gateway, Held(Arc::new(HeldEvent { event, budget: None }))).await,
        Ok(None) => {}
        // It stays open and is planned at the next start.
        Err(error) => gateway.observe_store_error("read an event to plan", &error),
    }
}

async fn read_again(gateway: &Gateway, commit: &Committed) -> Vec<Held> {
    let mut wait = std::time::Duration::from_millis(50);
    loop {
        match gateway.store().read(commit.range).await {
            Ok(events) => return events,
            Err(error) => {
                gateway.observe_store_error("read events to plan", &error);
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(std::time::Duration::from_secs(5));
                if gateway.is_stopping() {
                    return Vec::new();
                }
            }
        }
    }
}
