//! Takes up what the last run left: parked deliveries go to their lanes, unfinished events are
//! planned again under the configuration they were accepted with.

use crate::domain::delivery::DeliveryRecord;
use crate::flow::Gateway;
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

    /// Plans unfinished events again, oldest first. What they had come to already stays.
    pub async fn recover_events(&self, unfinished: Vec<Unfinished>) {
        for left in unfinished {
            if self.is_stopping() {
                return;
            }
            match self.store().event(left.event).await {
                Ok(Some(event)) => {
                    let held = Held(std::sync::Arc::new(HeldEvent { event, budget: None }));
                    plan::run(self, held, &left.done).await;
                }
                Ok(None) => {}
                Err(error) => self.observe_store_error("read an unfinished event", &error),
            }
        }
    }
}
