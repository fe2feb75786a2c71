//! Takes up what the last run left: parked deliveries go to their lanes, unfinished events are
//! planned again under the configuration they were accepted with.

use std::sync::Arc;

use futures::StreamExt as _;

use crate::domain::delivery::DeliveryRecord;
use crate::flow::Gateway;
use crate::flow::intake;
use crate::flow::lanes::Parked;
use crate::flow::plan;
use crate::flow::service_class::ServiceClass;
use crate::store::Held;
use crate::store::HeldEvent;
use crate::store::Store;
use crate::store::Unfinished;

impl Gateway {
    /// Puts live deliveries into their lanes. Their time may have passed long ago.
    pub fn recover_deliveries(&self, live: impl IntoIterator<Item = DeliveryRecord>) {
        for record in live {
            self.park(record.destination, record.due, record.id, Parked::of(&record));
        }
    }

    /// Plans unfinished events again, oldest first. What they had come to already stays. Those whose plugins take
    /// their time come last, several at a time.
    pub async fn recover_events(&self, unfinished: Vec<Unfinished>) {
        let mut later = Vec::new();
        for left in unfinished {
            let Some(held) = self.unfinished_event(&left).await else { continue };
            if ServiceClass::of(self, &held.0.event) != ServiceClass::Short
                || !self.is_prepared(&held.0.event)
            {
                later.push(left);
            } else {
                plan::run(self, held, &left.done).await;
            }
        }
        futures::stream::iter(later)
            .for_each_concurrent(intake::PLANS_MAX, |left| self.recover_later(left))
            .await;
    }

    async fn recover_later(&self, left: Unfinished) {
        let Some(held) = self.unfinished_event(&left).await else { return };
        self.prepare(&held.0.event).await;
        if !self.is_stopping() {
            plan::run(self, held, &left.done).await;
        }
    }

    /// An event that the last run left; `None` if it is gone, or this run ends too.
    async fn unfinished_event(&self, left: &Unfinished) -> Option<Held> {
        if self.is_stopping() {
            return None;
        }
        match self.store().event(left.event).await {
            Ok(event) => event.map(|event| Held(Arc::new(HeldEvent { event, budget: None }))),
            Err(error) => {
                self.observe_store_error("read an unfinished event", &error);
                None
            }
        }
    }
}
