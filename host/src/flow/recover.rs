//! Takes up what the last run left: parked deliveries go to their lanes, unfinished events are
//! planned again under the configuration they were accepted with.

use std::sync::Arc;

use futures::StreamExt as _;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::id::EventId;
use crate::flow::Gateway;
use crate::flow::intake;
use crate::flow::lanes::Parked;
use crate::flow::plan;
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

    /// Plans unfinished events again, oldest first. What they had come to already stays. Those whose plugins may
    /// wait come last, several at a time.
    pub async fn recover_events(&self, unfinished: Vec<Unfinished>) {
        let mut waiting = Vec::new();
        for left in unfinished {
            if self.is_stopping() {
                return;
            }
            let Some(held) = self.held(left.event).await else { continue };
            if intake::may_wait(self, &held) {
                waiting.push(left);
            } else {
                plan::run(self, held, &left.done).await;
            }
        }
        let waiting = futures::stream::iter(waiting);
        let plan = async |left: Unfinished| {
            let held = if self.is_stopping() { None } else { self.held(left.event).await };
            if let Some(held) = held {
                plan::run(self, held, &left.done).await;
            }
        };
        waiting.for_each_concurrent(intake::WAITING_PLANS_MAX, plan).await;
    }

    async fn held(&self, event: EventId) -> Option<Held> {
        match self.store().event(event).await {
            Ok(event) => Some(Held(Arc::new(HeldEvent { event: event?, budget: None }))),
            Err(error) => {
                self.observe_store_error("read an unfinished event", &error);
                None
            }
        }
    }
}
