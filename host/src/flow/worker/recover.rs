//! Takes up what the last run left: parked deliveries go to their lanes, unfinished events are planned under the
//! configuration they were accepted with, or, if they were planned, what they came to is made again. The same for
//! what a look finds without anybody who works on it (`unattended`).

use std::sync::Arc;

use futures::StreamExt as _;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::id::EventId;
use crate::flow::Gateway;
use crate::flow::delivery::queues::Parked;
use crate::flow::pipeline::duty::Charge;
use crate::flow::pipeline::duty::Duty;
use crate::flow::pipeline::plan;
use crate::flow::pipeline::service_class::ServiceClass;
use crate::flow::worker::intake;
use crate::store::Held;
use crate::store::HeldEvent;
use crate::store::Store;
use crate::store::Unfinished;

/// What the last run left, and somebody works on from now on.
#[derive(Debug)]
pub struct Leftovers(Vec<(Unfinished, Duty)>);

impl Gateway {
    /// Puts live deliveries into their lanes. Their time may have passed long ago.
    pub fn recover_deliveries(&self, live: impl IntoIterator<Item = DeliveryRecord>) {
        for record in live {
            self.park(record.destination, record.due, record.id, Parked::of(&record));
        }
    }

    /// Takes the duty for unfinished events, before any of them can be thought to have nobody.
    pub fn attend_to(&self, unfinished: Vec<Unfinished>) -> Leftovers {
        let with_duty = |left: Unfinished| self.duties().take(left.event).map(|duty| (left, duty));
        Leftovers(unfinished.into_iter().filter_map(with_duty).collect())
    }

    /// Sees unfinished events through, oldest first. What they had come to already stays. Those whose plugins take
    /// their time come last, several at a time.
    pub async fn recover_events(&self, unfinished: Leftovers) {
        let mut later = Vec::new();
        for (left, duty) in unfinished.0 {
            let Some(charge) = self.charge(left.event, duty).await else { continue };
            let event = &charge.held.0.event;
            if ServiceClass::of(self, event) != ServiceClass::Short || !self.is_prepared(event) {
                later.push((left, charge.duty));
            } else {
                plan::again(self, charge, left.planned, &left.done).await;
            }
        }
        futures::stream::iter(later)
            .for_each_concurrent(intake::PLANS_MAX, |(left, duty)| self.recover_later(left, duty))
            .await;
    }

    async fn recover_later(&self, left: Unfinished, duty: Duty) {
        let Some(charge) = self.charge(left.event, duty).await else { return };
        self.prepare(&charge.held.0.event).await;
        if !self.is_stopping() {
            plan::again(self, charge, left.planned, &left.done).await;
        }
    }

    /// Sees one event through that nobody worked on.
    pub(crate) async fn take_up(&self, event: EventId, duty: Duty) {
        let read = || self.store().event_log(event);
        let Some(log) = self.until_answered("read the log of an event", read).await else { return };
        let (planned, done) = (log.plan.is_some(), plan::done(&log));
        drop(log);
        self.recover_later(Unfinished { event, done, planned }, duty).await;
    }

    /// An event with the duty for it; `None` if it is gone, or this run ends.
    pub(crate) async fn charge(&self, event: EventId, duty: Duty) -> Option<Charge> {
        let read = || self.store().event(event);
        let event = self.until_answered("read an unfinished event", read).await??;
        Some(Charge { held: Held(Arc::new(HeldEvent { event, budget: None })), duty })
    }
}
