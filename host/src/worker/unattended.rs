//! A look at what is open in the store and has nobody who works on it: an event without a duty, a live delivery that
//! is in no lane and with no worker. There should be none; what there is all the same is counted, logged and taken up.
//! Only what two looks in a row find is: in between, whoever was just about to write something down has done so.
//! Not here: when to look (`worker`), the work itself (`recover`, `dispatch`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::observe::OpenKind;
use crate::store::Store as _;
use crate::store::StoreError;
use crate::worker::Worker;

/// Open events asked for at a time; they are at hand in memory.
const EVENTS: usize = 10_000;
/// Live records read at a time.
const RECORDS: usize = 500;
/// Reads of records in one look; the next one goes on from there.
const READS: usize = 20;

/// What the last look found.
#[derive(Debug, Default)]
pub struct Unattended {
    events: BTreeSet<EventId>,
    deliveries: BTreeMap<DeliveryId, DeliveryRecord>,
    /// Where the walk through the live records goes on.
    from: Option<DeliveryId>,
}

impl Worker {
    /// See the head of this file. What cannot be read now is looked at the next time.
    pub async fn look_for_unattended(&self, seen: &mut Unattended) {
        if self.pipeline.is_stopping() {
            return;
        }
        if let Err(error) = self.look(seen).await {
            self.pipeline.observer().store_error("look for what nobody works on", &error);
        }
    }

    async fn look(&self, seen: &mut Unattended) -> Result<(), StoreError> {
        if !seen.events.is_empty() || !seen.deliveries.is_empty() {
            // What is noted is on disk after that.
            self.pipeline.store().flushed().await?;
            self.take_up_events(seen).await?;
            self.take_up_deliveries(seen).await?;
        }
        seen.events = self.events_without_duty().await?;
        self.deliveries_without_worker(seen).await
    }

    async fn take_up_events(&self, seen: &mut Unattended) -> Result<(), StoreError> {
        for event in std::mem::take(&mut seen.events) {
            let before = EventId::from_bits(event.bits().saturating_sub(1));
            let open = self.pipeline.store().open_events(Some(before), 1).await?.first() == Some(&event);
            if !open || self.pipeline.duties().has(event) {
                continue;
            }
            let Some(duty) = self.pipeline.duties().take(event) else { continue };
            self.pipeline.observe_unattended(OpenKind::Event, &event.to_string());
            let worker = self.clone();
            self.pipeline.spawn(async move { worker.take_up(event, duty).await });
        }
        Ok(())
    }

    async fn take_up_deliveries(&self, seen: &mut Unattended) -> Result<(), StoreError> {
        for (id, before) in std::mem::take(&mut seen.deliveries) {
            let Some(record) = self.pipeline.store().delivery(id).await? else { continue };
            if record == before && !self.is_attended(&record) {
                self.pipeline.observe_unattended(OpenKind::Delivery, &id.to_string());
                self.delivery.take_parked([record]);
            }
        }
        Ok(())
    }

    async fn events_without_duty(&self) -> Result<BTreeSet<EventId>, StoreError> {
        let mut found = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self.pipeline.store().open_events(after, EVENTS).await?;
            found.extend(page.iter().copied().filter(|event| !self.pipeline.duties().has(*event)));
            after = page.last().copied();
            if page.len() < EVENTS {
                return Ok(found);
            }
        }
    }

    async fn deliveries_without_worker(&self, seen: &mut Unattended) -> Result<(), StoreError> {
        for _ in 0..READS {
            let page = self.pipeline.store().claim(seen.from, RECORDS).await?;
            let whole = page.len() == RECORDS;
            seen.from = page.last().map(|record| record.id).filter(|_| whole);
            let alone = page.into_iter().filter(|record| !self.is_attended(record));
            seen.deliveries.extend(alone.map(|record| (record.id, record)));
            if !whole {
                break;
            }
        }
        Ok(())
    }

    /// Whether a live delivery is in its lane or with a worker.
    fn is_attended(&self, record: &DeliveryRecord) -> bool {
        let lane = self.delivery.lanes().of(record.destination);
        lane.lock().has(record.id, record.due)
    }
}
