//! Lets go of what is older than retention allows.

use std::time::Duration;

use crate::domain::time::Clock;
use crate::observe::Observer;
use crate::store::Backend;
use crate::store::Store as _;

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

/// Deletes what is older; never ends.
pub async fn sweep(store: Backend, clock: Clock, observer: std::sync::Arc<Observer>, retention: Retention) {
    loop {
        tokio::time::sleep(EVERY).await;
        let now = clock.now();
        match store.expire(now.minus(retention.events), now.minus(retention.log)).await {
            Ok(0) => {}
            Ok(commits) => tracing::info!(commits, "retention let go of old events and log rows"),
            Err(error) => observer.store_error("let go of what is old", &error),
        }
    }
}
