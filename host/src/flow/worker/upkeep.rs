//! What the clock asks for: waking what is due, letting go of what is old, measuring queues.

use std::time::Duration;

use crate::flow::Gateway;
use crate::observe::Queue;
use crate::observe::TextFormat;
use crate::store::Store;

impl Gateway {
    /// Wakes destinations when their next delivery is due; never ends.
    pub async fn run_alarm(&self) {
        self.alarm().run(self.clock(), |destination| self.wake(destination)).await;
    }

    /// Deletes what is older than these.
    pub async fn expire(&self, events_kept: Duration, log_kept: Duration) {
        let now = self.now();
        match self.store().expire(now.minus(events_kept), now.minus(log_kept)).await {
            Ok(0) => {}
            Ok(commits) => tracing::info!(commits, "retention let go of old events and log rows"),
            Err(error) => self.observe_store_error("let go of what is old", &error),
        }
    }

    /// Says how much waits where.
    pub fn gauge(&self) {
        let (ready, parked) = self.lanes().waiting();
        self.metrics().queued(Queue::Ready, ready);
        self.metrics().queued(Queue::Retry, parked);
        self.metrics().plugin_artifacts(self.artifacts());
    }

    /// Whether events would be taken and delivered now; the reason if not.
    pub fn ready(&self) -> Result<(), String> {
        if self.is_stopping() {
            return Err("the server is shutting down".into());
        }
        self.store().health().map_err(|error| error.to_string())
    }

    /// All metrics as text of that format.
    pub fn metrics_text(&self, format: TextFormat) -> String {
        self.gauge();
        self.metrics().encode(format)
    }
}
