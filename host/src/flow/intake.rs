//! Brings committed events to `plan`. Reading the feed and planning are apart, because reading
//! the feed also sends the acknowledgements, which must never wait for a plugin.

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::flow::Gateway;
use crate::flow::plan;
use crate::store::Committed;
use crate::store::Feed;
use crate::store::Held;
use crate::store::Store;

/// Events whose steps run at a time.
const PLANS_MAX: usize = 256;
/// Events that wait for the code of a plugin, apart from those: while it is compiled, others go on.
const WAITING_MAX: usize = 4096;

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
    loop {
        tokio::select! {
            commit = committed.recv(), if running.len() < PLANS_MAX && waiting.len() < WAITING_MAX => {
                let Some(commit) = commit else { break };
                for held in events_of(&gateway, commit).await {
                    gateway.observe_received(&held.0.event);
                    match gateway.is_prepared(&held.0.event) {
                        true => running.push(plan_one(gateway.clone(), held)),
                        false => waiting.push(prepared(gateway.clone(), held)),
                    }
                }
            }
            Some(held) = waiting.next(), if !waiting.is_empty() => running.push(plan_one(gateway.clone(), held)),
            Some(()) = running.next(), if !running.is_empty() => {}
        }
        if gateway.is_stopping() {
            return;
        }
    }
    while running.next().await.is_some() {}
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
