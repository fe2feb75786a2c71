//! What this room tells of deliveries: metrics, live lines, log lines, and whether receivers take them. A failure is logged
//! once, where it is handled, and that is where these are called from. Not here: what becomes of alerts
//! (`pipeline::alerts`).

use serde_json::json;

use crate::control::resources::transport::Transport;
use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::domain::alert::AlertCause;
use crate::domain::alert::AlertEvidence;
use crate::domain::delivery::Attempt;
use crate::domain::delivery::ErrorCode;
use crate::domain::id::DeliveryId;
use crate::pipeline::job::Job;
use crate::rules::alert::outcome_detail;

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

    /// An attempt was made, and settled so. `is_gone`: the receiver is to get nothing any more.
    pub(super) fn alert_of_attempt(
        &self,
        destination: &DestinationRuntime,
        job: &Job,
        attempt: &Attempt,
        is_gone: bool,
    ) {
        let alerts = self.pipeline().alerts();
        if attempt.outcome.is_success() {
            if !alerts.is_quiet() {
                let now = self.now();
                causes(destination, job, attempt, is_gone).for_each(|cause| alerts.succeeded(cause, now));
            }
            return;
        }
        for cause in causes(destination, job, attempt, is_gone) {
            self.pipeline().alert(job.workspace, cause, || evidence(job, attempt));
        }
    }

    pub(crate) fn observe_unmade(&self, delivery: DeliveryId, reason: &str) {
        tracing::warn!(%delivery, error = reason, "could not make a delivery's bytes again; trying again");
    }
}

/// What an attempt is evidence of, or of its opposite.
fn causes(
    destination: &DestinationRuntime,
    job: &Job,
    attempt: &Attempt,
    is_gone: bool,
) -> impl Iterator<Item = AlertCause> {
    let (id, is_success) = (job.destination, attempt.outcome.is_success());
    let is_refused = attempt.error_code() == Some(ErrorCode::RowRefused);
    let is_answered = attempt.error_code() == Some(ErrorCode::RefusedInBatch);
    let refusing = match &destination.transport {
        Transport::Table(table) if is_success || is_refused => Some(AlertCause::TableRefusing(*table)),
        _ => None,
    };
    // A row that is refused says nothing of the destination, nor does one of many that a receiver looked at.
    let failing = (!is_refused && !is_answered).then_some(AlertCause::DestinationFailing(id));
    let is_final = is_success || attempt.state.is_terminal();
    let exhausted = (is_final && !is_refused).then_some(AlertCause::RetriesExhausted(id));
    let gone = is_gone.then_some(AlertCause::DestinationGone(id));
    [refusing, failing, exhausted, gone].into_iter().flatten()
}

fn evidence(job: &Job, attempt: &Attempt) -> AlertEvidence {
    AlertEvidence {
        event: Some(job.id.event()),
        delivery: Some(job.id),
        attempt: Some(attempt.id.number()),
        status: attempt.outcome.status(),
        error: attempt.error_code().map(|code| code.name().to_owned()),
        detail: outcome_detail(&attempt.outcome),
        next_attempt_at: attempt.next_attempt_at,
    }
}
