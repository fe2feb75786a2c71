//! How the server is: whether it works, and its metrics. Not here: what the figures are (`observe`).

use std::time::Duration;

use crate::insight::Insight;
use crate::observe::QueueKind;
use crate::observe::TextFormat;
use crate::store::Store as _;

/// Between two looks at the queues' lengths.
const GAUGE_EVERY: Duration = Duration::from_secs(1);

impl Insight {
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
        self.observer().metrics.encode(format)
    }

    /// Says how much waits where.
    fn gauge(&self) {
        let (ready, parked) = self.delivery().lanes().waiting();
        let metrics = &self.observer().metrics;
        metrics.queued(QueueKind::Ready, ready);
        metrics.queued(QueueKind::Retry, parked);
        metrics.plugin_artifacts(self.control().artifacts());
    }

    /// Keeps the gauges of queues fresh; never ends.
    pub async fn keep_gauges(self) {
        loop {
            self.gauge();
            tokio::time::sleep(GAUGE_EVERY).await;
        }
    }
}
