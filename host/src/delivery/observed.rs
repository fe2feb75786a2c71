//! What this room tells of deliveries: metrics, live lines, log lines. A failure is logged once, where it is handled,
//! and that is where these are called from.

use serde_json::json;

use crate::delivery::Delivery;
use crate::domain::delivery::Attempt;
use crate::domain::id::DeliveryId;
use crate::pipeline::job::Job;

impl Delivery {
    pub(crate) fn observe_attempt(&self, job: &Job, attempt: &Attempt) {
        let error = attempt.error_code();
        self.observer().metrics.attempt(error);
        self.observer().metrics.delivery(attempt.state);
        self.observer().counters.attempted(job.destination, attempt.state);
        if attempt.id.number() == 1 && error.is_none() {
            let took = self.now().since(job.received_at);
            self.observer().metrics.end_to_end(took.as_secs_f64());
            self.observer().counters.latencies(job.workspace).record(attempt.at, took);
        }
        self.observer().feed.tell(attempt.at, job.workspace, "delivery.attempted", || {
            json!({
                "delivery": job.id, "event": job.id.event(), "connection": job.connection,
                "destination": job.destination, "attempt": attempt.id.number(),
                "status": attempt.outcome.status(),
                "error": error.map(|code| code.name()),
                "state": attempt.state, "next_attempt_at": attempt.next_attempt_at,
                "duration_us": attempt.timings.total_us,
            })
        });
    }

    pub(crate) fn observe_unmade(&self, delivery: DeliveryId, reason: &str) {
        tracing::warn!(%delivery, error = reason, "could not make a delivery's bytes again; trying again");
    }
}
