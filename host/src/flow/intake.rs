//! Brings committed events to `plan`. Reading the feed and planning are apart, because reading
//! the feed also sends the acknowledgements, which must never wait for a plugin. Events whose plugins wait for others
//! have places of their own, so that nobody else's event waits with them.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::domain::grant::Grant;
use crate::domain::id::EventId;
use crate::flow::Gateway;
use crate::flow::plan;
use crate::store::Committed;
use crate::store::Feed;
use crate::store::Held;
use crate::store::HeldEvent;
use crate::store::Store;

/// Events whose steps run at a time.
const PLANS_MAX: usize = 256;
/// The same for events whose plugins may wait.
pub(super) const WAITING_PLANS_MAX: usize = 256;
/// Events that wait for the code of a plugin, apart from those: while it is compiled, others go on.
const PREPARING_MAX: usize = 4096;

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
    let (mut running, mut waiting) = (FuturesUnordered::new(), FuturesUnordered::new());
    let mut preparing = FuturesUnordered::new();
    // Only ids: there may be many, and each waits for a while.
    let mut queue: VecDeque<EventId> = VecDeque::new();
    loop {
        let (events, new) = tokio::select! {
            commit = committed.recv(), if running.len() < PLANS_MAX && preparing.len() < PREPARING_MAX => {
                let Some(commit) = commit else { break };
                (events_of(&gateway, commit).await, true)
            }
            Some(held) = preparing.next(), if !preparing.is_empty() => (vec![held], false),
            Some(()) = running.next(), if !running.is_empty() => (Vec::new(), false),
            Some(()) = waiting.next(), if !waiting.is_empty() => {
                waiting.extend(queue.pop_front().map(|id| plan_waiting(gateway.clone(), Queued::OnDisk(id))));
                (Vec::new(), false)
            }
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
            } else if !may_wait(&gateway, &held) {
                running.push(plan_one(gateway.clone(), held));
            } else if waiting.len() < WAITING_PLANS_MAX && queue.is_empty() {
                waiting.push(plan_waiting(gateway.clone(), Queued::Here(held)));
            } else {
                queue.push_back(held.0.event.id);
            }
        }
    }
    while running.next().await.is_some() {}
}

async fn prepared(gateway: Gateway, held: Held) -> Held {
    gateway.prepare(&held.0.event).await;
    held
}

/// Whether a plugin of the event's connections may wait: for an answer, or for its turn at what it keeps.
pub(super) fn may_wait(gateway: &Gateway, held: &Held) -> bool {
    let event = &held.0.event;
    let Some(snapshot) = gateway.snapshot_at_hand(event.data.revision) else { return false };
    let mut grants = plan::connections(&snapshot, event).map(|connection| connection.grants());
    grants.any(|grants| grants.has(Grant::Http) || grants.has(Grant::Kv))
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

async fn plan_waiting(gateway: Gateway, queued: Queued) {
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
