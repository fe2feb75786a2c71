//! Lives of chance: two nodes on one store take events in, plan them, fail to deliver them, retry, are paused, freeze and
//! are taken over, with a clock that the test turns. At the end every acknowledged event has been delivered, is dead with
//! a reason, dropped with a reason or held; and no id was ever seen with two bodies. `HOOKMILL_SOAK` lives more of
//! them.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use fastrand::Rng;
use serde_json::json;
use tokio::runtime::Builder;

use super::support::Flow;
use super::support::Ground;
use super::support::Planner;
use super::support::WORKSPACE;
use super::support::field;
use crate::domain::config::FlowState;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::EventId;
use crate::store::Store as _;
use crate::worker::Unattended;

/// Lives of one run, and of a long one.
const LIVES: u64 = 200;
const LIVES_LONG: u64 = 10_000;
/// Lives at the same time: most of each is waiting.
const AT_ONCE: usize = 48;
/// What happens in one.
const DEEDS: usize = 24;
/// Rounds after which what has not ended never will.
const ROUNDS_MAX: usize = 4_000;

struct Life {
    random: Rng,
    node: Flow,
    joined: u16,
    /// With the number that is in each.
    events: BTreeMap<EventId, u64>,
}

impl Life {
    async fn begin(seed: u64, ground: &Ground) -> Self {
        let node = Flow::start_on(ground, Planner::Works).await;
        node.connect(1, &[field("a", true)]).await;
        node.connect(2, &[("filter", json!({"path": "$.a", "lt": 12})), field("b", true)]).await;
        let random = Rng::with_seed(seed);
        Self { random, node, joined: 1, events: BTreeMap::new() }
    }

    async fn deed(&mut self) {
        match self.random.u32(0..20) {
            0..8 => {
                let number = self.events.len() as u64;
                let event = self.node.publish(&json!({"a": number, "b": number})).await;
                self.events.insert(event, number);
            }
            8..11 => {
                let path = ["/1", "/2"][self.random.usize(0..2)];
                let count = self.random.usize(1..4);
                let statuses = std::iter::repeat_with(|| [500, 503, 429, 400][self.random.usize(0..4)]);
                let statuses: Vec<u16> = statuses.take(count).collect();
                self.node.receiver.answer(path, &statuses);
            }
            11..13 => {
                let state = if self.random.bool() { FlowState::Paused } else { FlowState::Active };
                self.node.try_pause(2, state).await.unwrap();
            }
            13 => {
                let name = ["a", "b"][self.random.usize(0..2)];
                self.node.try_change_steps(1, &[field(name, true)]).await.unwrap();
            }
            14..16 => self.by_hand().await,
            16..18 => self.taken_over().await,
            _ => self.node.pass().await,
        }
    }

    /// Somebody retries or cancels one of the deliveries there are; both may be refused.
    async fn by_hand(&mut self) {
        let items = self.node.deliveries().await;
        let Some(at) = (!items.is_empty()).then(|| self.random.usize(0..items.len())) else { return };
        let id = items[at].id;
        if self.random.bool() {
            let _refused = self.node.delivery.retry(WORKSPACE, id).await;
        } else {
            let _refused = self.node.delivery.cancel(WORKSPACE, id).await;
        }
    }

    /// The node freezes with whatever it is at; another joins, and takes over when its lease has ended.
    async fn taken_over(&mut self) {
        self.joined += 1;
        let next = self.node.beside(self.joined).await;
        self.node.freeze();
        next.let_leases_end();
        next.worker.renew().await.unwrap();
        self.node = next;
    }

    /// Nothing fails any more, and time goes on until all has ended.
    async fn end(&mut self, seed: u64) {
        self.node.try_pause(2, FlowState::Active).await.unwrap();
        let mut seen = Unattended::default();
        for _ in 0..ROUNDS_MAX {
            if self.is_over().await {
                return;
            }
            self.node.worker.look_for_unattended(&mut seen).await;
            self.node.pass().await;
        }
        panic!("seed {seed}: {}", self.stuck().await);
    }

    /// Of each delivery that has not ended, who has it.
    async fn stuck(&self) -> String {
        let (node, mut told) = (&self.node, Vec::new());
        let open = node.store.open_events(None, 100).await.unwrap();
        for one in node.deliveries().await.into_iter().filter(|one| !one.state.is_terminal()) {
            let event = one.id.event();
            let queue = node.delivery.lanes().of(one.destination);
            let (has, waiting) = {
                let queue = queue.lock();
                (queue.has(one.id, one.next_attempt_at.unwrap_or_default()), queue.waiting())
            };
            let (is_open, duty) = (open.contains(&event), node.pipeline.duties().has(event));
            let record = node.store.delivery(one.id).await.unwrap();
            told.push(format!(
                "{one:?}: event open {is_open}, with a duty {duty}; in its queue {has}, which has {waiting:?}; {record:?}; {:?}",
                node.receiver.hits().iter().filter(|hit| hit.id == one.id.to_string()).count(),
            ));
        }
        format!("{} open events; {}", open.len(), told.join("\n"))
    }

    /// Whether every event was planned, and every delivery of it has ended or waits for somebody.
    async fn is_over(&self) -> bool {
        for event in self.events.keys() {
            let log = self.node.store.event_log(*event).await.unwrap();
            // What is dropped or held says why in its plan or in a note.
            if log.plan.is_none() && log.notes.is_empty() {
                return false;
            }
        }
        let items = self.node.deliveries().await;
        let open = |state: DeliveryState| !state.is_terminal() && state != DeliveryState::Held;
        let store = &self.node.store;
        items.iter().all(|one| !open(one.state)) && store.open_events(None, 1).await.unwrap().is_empty()
    }

    /// What the receiver saw.
    fn check(&self, seed: u64) {
        let mut bodies: BTreeMap<String, String> = BTreeMap::new();
        for hit in self.node.receiver.hits() {
            let first = bodies.entry(hit.id.clone()).or_insert_with(|| hit.body.clone());
            assert_eq!(*first, hit.body, "seed {seed}: {} has two bodies", hit.id);
        }
    }
}

async fn live(seed: u64, ground: &Ground) {
    let mut life = Life::begin(seed, ground).await;
    for _ in 0..DEEDS {
        life.deed().await;
    }
    life.end(seed).await;
    life.check(seed);
}

/// Lives one after the other, each on a runtime of its own: whatever a frozen node still holds ends with its life.
fn live_in_turn(next: &AtomicU64, lives: u64, ground: &Ground) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= lives {
            return;
        }
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live(seed, ground));
        runtime.shutdown_background();
    }
}

#[test]
fn whatever_befalls_them_every_event_comes_to_an_end() {
    let lives = if std::env::var_os("HOOKMILL_SOAK").is_some() { LIVES_LONG } else { LIVES };
    let base = Builder::new_current_thread().enable_all().build().unwrap();
    let ground = base.block_on(async { Ground::new() });
    let next = AtomicU64::new(0);
    std::thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| live_in_turn(&next, lives, &ground));
        }
    });
}
