//! Takes up what the last run left: parked deliveries go to their lanes, unfinished events are planned under the
//! configuration they were accepted with, or, if they were planned, what they came to is made again. The same for
//! what a look finds without anybody who works on it (`unattended`).

use std::sync::Arc;

use futures::StreamExt as _;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::id::EventId;
use crate::pipeline::duty::Charge;
use crate::pipeline::duty::Duty;
use crate::pipeline::plan;
use crate::pipeline::plan::service_class::ServiceClass;
use crate::store::CountedEvent;
use crate::store::HotEvent;
use crate::store::Store;
use crate::store::Unfinished;
use crate::worker::Worker;
use crate::worker::intake;

/// What the last run left, and somebody works on from now on.
#[derive(Debug)]
pub struct Leftovers(Vec<(Unfinished, Duty)>);

impl Worker {
    /// Puts live deliveries into their lanes. Their time may have passed long ago.
    pub fn recover_deliveries(&self, live: impl IntoIterator<Item = DeliveryRecord>) {
        self.delivery.take_parked(live);
    }

    /// Takes the duty for unfinished events, before any of them can be thought to have nobody.
    pub fn attend_to(&self, unfinished: Vec<Unfinished>) -> Leftovers {
        let with_duty = |left: Unfinished| self.pipeline.duties().take(left.event).map(|duty| (left, duty));
        Leftovers(unfinished.into_iter().filter_map(with_duty).collect())
    }

    /// Sees unfinished events through, oldest first. What they had come to already stays. Those whose plugins take
    /// their time come last, several at a time.
    pub async fn recover_events(&self, unfinished: Leftovers) {
        let mut later = Vec::new();
        for (left, duty) in unfinished.0 {
            let Some(charge) = self.charge(left.event, duty).await else { continue };
            let event = &charge.held.0.event;
            if ServiceClass::of(&self.pipeline, event) != ServiceClass::Short
                || !self.pipeline.is_prepared(event)
            {
                later.push((left, charge.duty));
            } else {
                self.delivery.take(plan::again(&self.pipeline, charge, left.planned, &left.done).await);
            }
        }
        futures::stream::iter(later)
            .for_each_concurrent(intake::PLANS_MAX, |(left, duty)| self.recover_later(left, duty))
            .await;
    }

    async fn recover_later(&self, left: Unfinished, duty: Duty) {
        let Some(charge) = self.charge(left.event, duty).await else { return };
        self.pipeline.prepare(&charge.held.0.event).await;
        if !self.pipeline.is_stopping() {
            self.delivery.take(plan::again(&self.pipeline, charge, left.planned, &left.done).await);
        }
    }

    /// Sees one event through that nobody worked on.
    pub(crate) async fn take_up(&self, event: EventId, duty: Duty) {
        let read = || self.pipeline.store().event_log(event);
        let Some(log) = self.pipeline.until_answered("read the log of an event", read).await else { return };
        let (planned, done) = (log.plan.is_some(), plan::done(&log));
        drop(log);
        self.recover_later(Unfinished { event, done, planned }, duty).await;
    }

    /// An event with the duty for it; `None` if it is gone, or this run ends.
    pub(crate) async fn charge(&self, event: EventId, duty: Duty) -> Option<Charge> {
        let read = || self.pipeline.store().event(event);
        let event = self.pipeline.until_answered("read an unfinished event", read).await??;
        Some(Charge { held: HotEvent(Arc::new(CountedEvent { event, budget: None })), duty })
    }
}
