//! Lets go of what is older than retention allows.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Clock;
use crate::observe::Observer;
use crate::store::Backend;
use crate::store::Store as _;
use crate::worker::Worker;

/// Between two sweeps.
const EVERY: Duration = Duration::from_secs(60);

/// How long what is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Events.
    pub events: Duration,
    /// What became of them.
    pub log: Duration,
}

impl Worker {
    /// Deletes what is older; never ends.
    pub async fn sweep(self, store: Backend, clock: Clock, observer: Arc<Observer>, retention: Retention) {
        loop {
            tokio::time::sleep(EVERY).await;
            let (events_before, log_before) =
                (clock.now().minus(retention.events), clock.now().minus(retention.log));
            match store.expire(events_before, log_before).await {
                Ok(0) => {}
                Ok(commits) => tracing::info!(commits, "retention let go of old events and log rows"),
                Err(error) => observer.store_error("let go of what is old", &error),
            }
            if let Err(error) = self.delivery.expire_inboxes(events_before).await {
                observer.store_error("let go of what inboxes got", &error);
            }
        }
    }
}
