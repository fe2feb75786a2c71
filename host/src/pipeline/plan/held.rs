//! Deliveries whose bytes cannot be made as they were planned: what was not planned is never sent, so they are held
//! with the reason until somebody retries them, which runs their steps as they are then, or cancels them. Not here:
//! finding out that they cannot be made (`again`), writing it down.

use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::plan::Note;
use crate::domain::plan::Noted;
use crate::domain::plan::NotedDelivery;
use crate::domain::time::Timestamp;
use crate::pipeline::Pipeline;
use crate::rules::lifecycle;
use crate::rules::lifecycle::Cx;
use crate::rules::lifecycle::LifecycleInput;
use crate::store::EventLog;

/// What people can do about it, after the reason.
const WAY_OUT: &str = "retry it to send what its steps make today, or cancel it";

/// What is written of a delivery that is held from now on.
pub(crate) fn of(pipeline: &Pipeline, record: DeliveryRecord, reason: &str) -> (DeliveryRecord, Note) {
    let now = pipeline.now();
    let cx = Cx::by_hand(&pipeline.limits().retry, now);
    let (state, _) = lifecycle::step(record.state, LifecycleInput::Unmade, &cx);
    let record = DeliveryRecord { state, due: Timestamp::NEVER, ..record };
    let reason = format!("{reason}; {WAY_OUT}");
    let note = note(&record, now, Noted::Held { reason });
    (record, note)
}

/// A note about a delivery.
pub(crate) fn note(record: &DeliveryRecord, at: Timestamp, what: Noted) -> Note {
    let delivery =
        Some(NotedDelivery { id: record.id, connection: record.connection, destination: record.destination });
    Note { event: record.id.event(), workspace: record.workspace, at, delivery, what }
}

/// Why a delivery is held until somebody releases it; `None` if it is not.
pub(crate) fn reason(log: &EventLog, record: &DeliveryRecord) -> Option<String> {
    if record.state != DeliveryState::Held || !record.waits_for_release() {
        return None;
    }
    log.notes.iter().rev().find_map(|note| match &note.what {
        Noted::Held { reason } if note.delivery.is_some_and(|delivery| delivery.id == record.id) => {
            Some(reason.clone())
        }
        Noted::Held { .. } | Noted::StepsRan { .. } | Noted::AnswerIgnored { .. } | Noted::Batched { .. } => {
            None
        }
    })
}
