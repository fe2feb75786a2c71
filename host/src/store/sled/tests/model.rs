//! Whatever is done to it, in whatever order, the sled store answers like one that keeps
//! everything in memory and searches it the plain way.

use proptest::prelude::*;

use crate::domain::delivery::DeliveryState;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::store::Change;
use crate::store::DeliveryQuery;
use crate::store::EventQuery;
use crate::store::Store;
use crate::store::contract::Opened;
use crate::store::contract::Opener;
use crate::store::contract::Samples;
use crate::store::contract::open;
use crate::store::contract::samples::at;
use crate::store::contract::samples::numbers;
use crate::store::memory::InMemory;
use crate::store::sled::tests::Temporary;

#[derive(Clone, Debug)]
enum Step {
    /// So many events in one call, of which some have this key.
    Accept { count: u8, key: Option<u8> },
    /// The event's plan.
    Plan { event: u16, slots: u8 },
    /// The next attempt of a delivery; with a record once it has had one.
    Attempt { event: u16, slot: u8, state: u8, recorded: bool, close: bool, wait: bool },
    /// Nothing is left to do.
    Close { event: u16 },
    /// Some time goes by.
    Tick { millis: u16 },
    /// A restart.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let attempt = (any::<u16>(), 1u8..4, 0u8..4, any::<bool>(), any::<bool>(), any::<bool>());
    prop_oneof![
        4 => (1u8..9, proptest::option::of(0u8..6)).prop_map(|(count, key)| Step::Accept { count, key }),
        3 => (any::<u16>(), 1u8..4).prop_map(|(event, slots)| Step::Plan { event, slots }),
        9 => attempt.prop_map(|(event, slot, state, recorded, close, wait)| {
            Step::Attempt { event, slot, state, recorded, close, wait }
        }),
        2 => any::<u16>().prop_map(|event| Step::Close { event }),
        1 => (0u16..2000).prop_map(|millis| Step::Tick { millis }),
        1 => Just(Step::Reopen),
    ]
}

/// A store and the ids it gave, by which its answers become comparable.
struct Side<'a, O: Opener> {
    opener: &'a O,
    opened: Opened<O>,
    ids: Vec<EventId>,
    attempts: std::collections::BTreeMap<(usize, u8), (u8, bool)>,
    millis: u64,
}

impl<'a, O: Opener> Side<'a, O> {
    async fn new(opener: &'a O) -> Self {
        let opened = open(opener).await;
        Self { opener, opened, ids: Vec::new(), attempts: Default::default(), millis: 0 }
    }

    fn pick(&self, event: u16) -> Option<(usize, EventId)> {
        let index = usize::from(event) % self.ids.len().max(1);
        self.ids.get(index).map(|id| (index, *id))
    }

    async fn act(mut self, step: &Step) -> Self {
        let samples = Samples::of(1);
        match *step {
            Step::Accept { count, key } => {
                let event = |number: u8| match key {
                    Some(key) if number.is_multiple_of(2) => samples.keyed(u128::from(key + number)),
                    _ => samples.event(format!("event {number}")),
                };
                let (ids, _) = self.opened.accept((0..count).map(event).collect()).await;
                self.ids.extend(ids);
            }
            Step::Plan { event, slots } => {
                let Some((_, event)) = self.pick(event) else { return self };
                let log = vec![samples.plan(event, u16::from(slots))];
                self.opened.store.note(Change { log, ..Change::default() });
            }
            Step::Attempt { event, slot, state, recorded, close, wait } => {
                let Some((_, event)) = self.pick(event) else { return self };
                let first = self.ids.iter().position(|id| *id == event).unwrap();
                let (number, had) = self.attempts.entry((first, slot)).or_default();
                (*number, *had) = (*number + 1, *had || recorded || state < 2);
                let states = [DeliveryState::Retrying, DeliveryState::Held, DeliveryState::Delivered];
                let state = states.get(usize::from(state)).copied().unwrap_or(DeliveryState::Failed);
                let id = event.delivery(u16::from(slot));
                let record = had.then(|| samples.record(id, *number, state));
                let bytes = had.then(|| (id, samples.bytes(vec![*number; usize::from(*number) * 4000])));
                let change = Change {
                    log: vec![samples.attempt(id, *number, state)],
                    deliveries: record.into_iter().collect(),
                    bytes: bytes.into_iter().collect(),
                    closed: close.then_some(event).into_iter().collect(),
                    kv: Vec::new(),
                    lasting_bytes: Vec::new(),
                };
                match wait {
                    true => self.opened.commit(change).await,
                    false => self.opened.store.note(change),
                }
            }
            Step::Close { event } => {
                let closed = self.pick(event).map(|(_, event)| event).into_iter().collect();
                self.opened.store.note(Change { closed, ..Change::default() });
            }
            Step::Tick { millis } => {
                self.millis += u64::from(millis);
                self.opener.set_time(at(self.millis));
            }
            Step::Reopen => self.opened = self.opened.reopen(self.opener).await,
        }
        self
    }

    fn name(&self, id: DeliveryId) -> (usize, u16) {
        (self.ids.iter().position(|event| *event == id.event()).unwrap(), id.slot())
    }

    /// Everything it answers, in words that do not depend on its ids.
    async fn answers(mut self) -> (Self, Vec<String>) {
        self.opened = self.opened.reopen(self.opener).await;
        let store = &self.opened.store;
        let mut said = Vec::new();
        for unfinished in &self.opened.recovered.unfinished {
            let name = self.name(unfinished.event.delivery(0));
            said.push(format!("unfinished {name:?} {:?}", unfinished.done));
        }
        for record in &self.opened.recovered.live {
            let bytes = store.delivery_bytes(record.id).await.unwrap().map(|bytes| bytes.payload.len());
            said.push(format!("live {:?} {:?} {bytes:?}", self.name(record.id), record.state));
        }
        for (index, id) in self.ids.iter().enumerate() {
            let log = store.event_log(*id).await.unwrap();
            let plan = log.plan.map(|plan| format!("{:?}", plan.routes.len()));
            let records: Vec<_> =
                log.records.iter().map(|record| (record.id.slot(), record.attempts)).collect();
            said.push(format!("log {index} {plan:?} {:?} {records:?}", numbers(&log.attempts)));
        }
        for state in [None, Some(DeliveryState::Retrying), Some(DeliveryState::Failed)] {
            for limit in [3, 1000] {
                said.push(format!("deliveries {state:?} {:?}", self.deliveries(state, limit).await));
            }
        }
        said.push(format!("events {:?}", self.events().await));
        (self, said)
    }

    async fn deliveries(&self, state: Option<DeliveryState>, limit: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let query = DeliveryQuery {
                workspace: Samples::of(1).workspace,
                event: None,
                source: None,
                connection: None,
                destination: None,
                event_type: None,
                state,
                status: None,
                error_code: None,
                since: None,
                until: None,
                before,
                limit,
            };
            let page = self.opened.store.deliveries(query).await.unwrap();
            found.extend(page.items.iter().map(|one| {
                format!("{:?} {:?} {} {:?}", self.name(one.id), one.state, one.attempts, one.status)
            }));
            before = page.next;
            if before.is_none() {
                return found;
            }
        }
    }

    async fn events(&self) -> Vec<usize> {
        let query = EventQuery {
            workspace: Samples::of(1).workspace,
            source: None,
            event_type: None,
            since: None,
            until: None,
            after: None,
            before: None,
            limit: 1000,
        };
        let page = self.opened.store.events(query).await.unwrap();
        page.items.iter().map(|event| self.name(event.id.delivery(0)).0).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_answers_like_one_in_memory(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (temporary, memory) = (Temporary::new(), InMemory::new());
            let (mut left, mut right) = (Side::new(&temporary).await, Side::new(&memory).await);
            for step in &steps {
                left = left.act(step).await;
                right = right.act(step).await;
            }
            let (left, found) = left.answers().await;
            let (right, expected) = right.answers().await;
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found, expected);
            }
            assert_eq!(found.len(), expected.len());
            left.opened.store.close().await.unwrap();
            right.opened.store.close().await.unwrap();
        });
    }
}
