//! Takes up what the last run left: parked deliveries go to their lanes, unfinished events are
//! planned again under the configuration they were accepted with.

use futures::StreamExt;

use crate::domain::delivery::DeliveryRecord;
use crate::flow::Gateway;
use crate::flow::lanes::Parked;
use crate::flow::plan;
use crate::store::Held;
use crate::store::HeldEvent;
use crate::store::Store;
use crate::store::Unfinished;

/// Events that wait at a time for the code of a plugin.
const WAITING_MAX: usize = 64;

impl Gateway {
    /// Puts live deliveries into their lanes. Their time may have passed long ago.
    pub fn recover_deliveries(&self, live: impl IntoIterator<Item = DeliveryRecord>) {
        for record in live {
            self.park(record.destination, record.due, record.id, Parked::of(&record));
        }
    }

    /// Plans unfinished events again, oldest first; those whose plugins have to be compiled first come after the
    /// others. What they had come to already stays.
    pub async fn recover_events(&self, unfinished: Vec<Unfinished>) {
        let mut later = Vec::new();
        for left in unfinished {
            let Some(held) = self.unfinished_event(&left).await else { continue };
            if self.is_prepared(&held.0.event) {
                plan::run(self, held, &left.done).await;
            } else {
                later.push(left);
            }
        }
        futures::stream::iter(later)
            .for_each_concurrent(WAITING_MAX, |left| self.recover_waiting(left))
            .await;
    }

    async fn recover_waiting(&self, left: Unfinished) {
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
            Ok(event) => event.map(|event| Held(std::sync::Arc::new(HeldEvent { event, budget: None }))),
            Err(error) => {
                self.observe_store_error("read an unfinished event", &error);
                None
            }
        }
    }
}
