//! The trait, in memory. Not here: what is kept (`data`), who may write (`nodes`).

use bytes::Bytes;
use tokio::sync::watch;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::event::Event;
use crate::domain::event::NewEvent;
use crate::domain::grant::KvRange;
use crate::domain::grant::KvSpace;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Rejection;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;
use crate::store::Accepted;
use crate::store::Adoption;
use crate::store::Change;
use crate::store::CommitRange;
use crate::store::Committed;
use crate::store::ConfigAnswer;
use crate::store::ConfigState;
use crate::store::ConfigWrite;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;
use crate::store::EventLog;
use crate::store::EventQuery;
use crate::store::Expiry;
use crate::store::HotEvent;
use crate::store::Lease;
use crate::store::NodeId;
use crate::store::Page;
use crate::store::PlannedEvent;
use crate::store::Renewed;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::memory::MemoryStore;
use crate::store::memory::lists;
use crate::store::memory::nodes::LEASE;

impl Store for MemoryStore {
    fn lease(&self) -> Lease {
        self.seat.lease()
    }

    async fn renew(&self) -> Result<Renewed, StoreError> {
        let _passed = self.pass().await?;
        let now = self.common.now();
        self.seat.extend(now.plus(LEASE));
        Ok(Renewed { lease: self.seat.lease(), lapsed: self.common.nodes.lapsed(now) })
    }

    async fn adopt(&self, node: NodeId) -> Result<Adoption, StoreError> {
        self.feed()?;
        self.seat.check()?;
        let Some(other) = self.common.nodes.find(node) else { return Ok(Adoption::Nothing) };
        let runs = |until| until > self.common.now();
        if node == self.seat.id || runs(other.until()) {
            return Ok(Adoption::Running { until: other.until() });
        }
        // Two nodes that take over from each other wait in the same order.
        let (_mine, _theirs) = if self.seat.id < node {
            let mine = self.pass().await?;
            (mine, other.shut().await)
        } else {
            let theirs = other.shut().await;
            (self.pass().await?, theirs)
        };
        if other.is_empty() {
            return Ok(Adoption::Nothing);
        }
        if runs(other.until()) {
            return Ok(Adoption::Running { until: other.until() });
        }
        other.take_over();
        let mut data = self.data();
        let left = data.recovered(node);
        data.hand_over(node, self.seat.id);
        Ok(Adoption::Adopted(Box::new(left)))
    }

    async fn accept(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError> {
        let _passed = self.fly().await?;
        let feed = self.feed()?;
        let now = self.common.now();
        let mut data = self.data();
        let mut fresh = Vec::new();
        let mut accepted = Vec::new();
        for event in events {
            let one = data.accept(self.seat.id, event.clone(), now, self.window);
            if !one.duplicate {
                fresh.push(Event { id: one.id, data: event });
            }
            accepted.push(one);
        }
        drop(data);
        if let Some(first) = fresh.first() {
            let range = CommitRange { first: first.id, count: fresh.len() as u32 };
            let events = self.budget.fits(&fresh).then(|| self.budget.hold(fresh));
            // Nobody reads the feed any more; who asked still gets an answer.
            let _unread = feed.send(Committed { range, events });
        }
        Ok(accepted)
    }

    fn note(&self, change: Change) {
        if self.feed().is_err() || self.seat.check().is_err() {
            return;
        }
        self.noted.lock().push(change);
        if let Some(_passed) = self.seat.try_pass() {
            self.write_noted();
        }
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        let _passed = self.fly().await?;
        self.data().apply(self.seat.id, change, self.common.now());
        Ok(())
    }

    async fn flushed(&self) -> Result<(), StoreError> {
        self.fly().await.map(drop)
    }

    async fn configure(&self, writes: Vec<ConfigWrite>, expected: u64) -> Result<ConfigAnswer, StoreError> {
        let _passed = self.fly().await?;
        let answer = self.data().configure(writes, expected);
        if let ConfigAnswer::Written { revision } = answer {
            self.common.revision.send_replace(revision);
        }
        Ok(answer)
    }

    async fn config_at(&self, revision: u64) -> Result<Option<ConfigState>, StoreError> {
        let nothing = (revision == 0).then(ConfigState::default);
        Ok(self.data().configs.iter().find(|state| state.revision == revision).cloned().or(nothing))
    }

    fn watch_config(&self) -> watch::Receiver<u64> {
        self.common.revision.subscribe()
    }

    async fn put_module(&self, digest: Digest, module: Bytes) -> Result<(), StoreError> {
        let _passed = self.fly().await?;
        self.data().modules.insert(*digest.as_bytes(), module);
        Ok(())
    }

    async fn module(&self, digest: Digest) -> Result<Option<Bytes>, StoreError> {
        Ok(self.data().modules.get(digest.as_bytes()).cloned())
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        Ok(self.data().events.get(&id).cloned().map(|data| Event { id, data }))
    }

    async fn read(&self, range: CommitRange) -> Result<Vec<HotEvent>, StoreError> {
        let data = self.data();
        let events = data.events.range(range.first..).take(range.count as usize);
        let events = events.map(|(id, data)| Event { id: *id, data: data.clone() }).collect();
        drop(data);
        Ok(self.budget.hold(events))
    }

    async fn open_events(&self, after: Option<EventId>, limit: usize) -> Result<Vec<EventId>, StoreError> {
        let data = self.data();
        let mine = data.open.iter().filter(|(_, owner)| **owner == self.seat.id);
        let open = mine.map(|(id, _)| *id).filter(|id| after.is_none_or(|after| *id > after));
        Ok(open.take(limit).collect())
    }

    async fn claim(
        &self,
        after: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let data = self.data();
        let mine = data.owners.iter().filter(|(_, owner)| **owner == self.seat.id);
        let mine = mine.map(|(id, _)| *id).filter(|id| after.is_none_or(|after| *id > after));
        Ok(mine.filter_map(|id| data.records.get(&id)).take(limit).cloned().collect())
    }

    async fn events(&self, query: EventQuery) -> Result<Page<Event, EventId>, StoreError> {
        Ok(lists::events(&self.data(), &query))
    }

    async fn planned(&self, query: EventQuery) -> Result<Page<PlannedEvent, EventId>, StoreError> {
        let data = self.data();
        let page = lists::events(&data, &query);
        let with_plan = |event: Event| PlannedEvent { plan: lists::event_log(&data, event.id).plan, event };
        Ok(Page { items: page.items.into_iter().map(with_plan).collect(), next: page.next })
    }

    async fn event_log(&self, id: EventId) -> Result<EventLog, StoreError> {
        Ok(lists::event_log(&self.data(), id))
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>, StoreError> {
        Ok(self.data().records.get(&id).cloned())
    }

    async fn delivery_bytes(&self, id: DeliveryId) -> Result<Option<DeliveryBytes>, StoreError> {
        let data = self.data();
        Ok(data.bytes.get(&id).or_else(|| data.lasting_bytes.get(&id)).cloned())
    }

    async fn deliveries(
        &self,
        query: DeliveryQuery,
    ) -> Result<Page<DeliverySummary, DeliveryId>, StoreError> {
        Ok(lists::deliveries(&self.data(), &query))
    }

    async fn rejections(
        &self,
        workspace: WorkspaceId,
        source: SourceId,
        before: Option<RejectionId>,
        limit: usize,
    ) -> Result<Page<Rejection, RejectionId>, StoreError> {
        Ok(lists::rejections(&self.data(), (workspace, source), before, limit))
    }

    async fn kv_get(&self, space: &KvSpace, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.data().kv.get(&(space.clone(), key.to_owned())).cloned())
    }

    async fn kv_keys(&self, space: &KvSpace, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let data = self.data();
        let keys = data.kv.keys().filter(|(whose, key)| whose == space && key.starts_with(prefix));
        Ok(keys.map(|(_, key)| key.clone()).take(limit).collect())
    }

    async fn kv_range(
        &self,
        space: &KvSpace,
        range: KvRange,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        if range.from >= range.to {
            return Ok(Vec::new());
        }
        let data = self.data();
        let of = |key: &str| (space.clone(), key.to_owned());
        let found = data.kv.range(of(&range.from)..of(&range.to));
        let shown = |((_, key), value): (&(KvSpace, String), &Vec<u8>)| (key.clone(), value.clone());
        Ok(if range.backward {
            found.rev().take(limit).map(shown).collect()
        } else {
            found.take(limit).map(shown).collect()
        })
    }

    async fn expire(&self, expiry: Expiry) -> Result<u64, StoreError> {
        let _passed = self.fly().await?;
        Ok(lists::expire(&mut self.data(), &expiry))
    }

    fn health(&self) -> Result<(), StoreError> {
        self.feed()?;
        self.seat.check()
    }

    async fn close(&self) -> Result<(), StoreError> {
        if let Ok(_passed) = self.pass().await {
            // Nobody needs to wait for the end of a lease that nobody uses any more.
            self.seat.extend(Timestamp::default());
        }
        self.feed.lock().take();
        Ok(())
    }
}
