//! What operators do to deliveries: retry, cancel. Decided by `rules::lifecycle`, durable before
//! it is answered.

use crate::delivery::Delivery;
use crate::delivery::queues::Parked;
use crate::delivery::queues::Removed;
use crate::delivery::release;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::DeliveryId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::pipeline::OperateError;
use crate::rules::lifecycle;
use crate::rules::lifecycle::Cx;
use crate::rules::lifecycle::Effect;
use crate::rules::lifecycle::LifecycleInput;
use crate::store::Change;
use crate::store::DeliverySummary;
use crate::store::Store;
use crate::store::StoreError;

/// An attempt's number has eight bits; a fresh schedule must still fit.
const ATTEMPTS_BY_HAND_MAX: u8 = 240;
/// How often a delivery is looked for that waits nowhere yet.
const IN_PLACE_TRIES: u32 = 4;

impl Delivery {
    /// Sends a delivery again that has ended, or now instead of later: the same id and a fresh retry schedule. The
    /// same bytes, too; where there are none that were planned, or nobody can make them, its steps run first.
    pub async fn retry(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DeliverySummary, OperateError> {
        let summary = self.in_place(workspace, id).await?;
        if summary.attempts >= ATTEMPTS_BY_HAND_MAX {
            let detail =
                format!("it had {} attempts already; replay its event to begin anew", summary.attempts);
            return Err(OperateError::Conflict(detail));
        }
        if let Some(detail) = self.held_for_plugin(&summary).await? {
            return Err(OperateError::Conflict(detail));
        }
        let taken = self.take_out(&summary, id)?;
        let retried = self.retry_taken(workspace, &summary).await;
        self.put_back_unless(&retried, &summary, taken);
        let record = retried?;
        self.park(record.destination, record.due, id, Parked::of(&record));
        self.existing(workspace, id).await
    }

    /// What is written of a delivery that nobody else works on.
    async fn retry_taken(
        &self,
        workspace: WorkspaceId,
        summary: &DeliverySummary,
    ) -> Result<DeliveryRecord, OperateError> {
        let mut record = self.record_of(workspace, summary).await?;
        let log = self.store().event_log(summary.id.event()).await?;
        let steps_first = release::waits_for_steps(&log, &record);
        self.decide(&mut record, LifecycleInput::RetriedByHand { steps_first });
        record.schedule_from = record.attempts;
        self.store().commit(Change { deliveries: vec![record.clone()], ..Change::default() }).await?;
        Ok(record)
    }

    /// The next state of a record, and when something is due.
    fn decide(&self, record: &mut DeliveryRecord, input: LifecycleInput) {
        let now = self.now();
        let (state, effects) = lifecycle::step(record.state, input, &Cx::by_hand(&self.limits().retry, now));
        let wake_at = effects.into_iter().find_map(|effect| match effect {
            Effect::WakeAt(at) => Some(at),
            Effect::PauseDestination => None,
        });
        (record.state, record.due) = (state, wake_at.unwrap_or(now));
    }

    /// Ends a delivery that waits.
    pub async fn cancel(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DeliverySummary, OperateError> {
        let summary = self.in_place(workspace, id).await?;
        if summary.state.is_terminal() {
            let detail = format!("it has ended already: {}", summary.state.name());
            return Err(OperateError::Conflict(detail));
        }
        let taken = self.take_out(&summary, id)?;
        let cancelled = self.cancel_taken(workspace, &summary).await;
        self.put_back_unless(&cancelled, &summary, taken);
        cancelled?;
        self.existing(workspace, id).await
    }

    async fn cancel_taken(
        &self,
        workspace: WorkspaceId,
        summary: &DeliverySummary,
    ) -> Result<(), OperateError> {
        let mut record = self.record_of(workspace, summary).await?;
        self.decide(&mut record, LifecycleInput::Cancelled);
        self.store().commit(Change { deliveries: vec![record], ..Change::default() }).await?;
        Ok(())
    }

    /// What to say to somebody who wants to send a delivery that waits for a plugin.
    async fn held_for_plugin(&self, summary: &DeliverySummary) -> Result<Option<String>, StoreError> {
        let record = self.store().delivery(summary.id).await?;
        let held = record.is_some_and(|record| record.state == DeliveryState::Held);
        let quarantined = self.snapshot().is_quarantined(summary.connection);
        let detail = "a plugin of its connection is in quarantine; release that version or activate another, \
                      and it is delivered";
        Ok((held && quarantined).then(|| detail.to_owned()))
    }

    /// A delivery where its state says that it is. What is written down can be seen a moment before it waits in its
    /// lane; whoever acts on what they saw then is not told of an attempt that there is not.
    async fn in_place(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DeliverySummary, OperateError> {
        for tries in 0..IN_PLACE_TRIES {
            let summary = self.existing(workspace, id).await?;
            let lane = self.lanes().of(summary.destination);
            let due = summary.next_attempt_at.unwrap_or_default();
            if summary.state.is_terminal() || lane.lock().has(id, due) {
                return Ok(summary);
            }
            tokio::time::sleep(self.patience().wait(tries)).await;
        }
        self.existing(workspace, id).await
    }

    async fn existing(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DeliverySummary, OperateError> {
        let found = self.delivery_summary(workspace, id).await?;
        found.ok_or_else(|| OperateError::NotFound { what: "delivery", id: id.to_string() })
    }

    /// Takes a waiting delivery out of its lane, and answers how to put it back; nothing if it has ended.
    fn take_out(
        &self,
        summary: &DeliverySummary,
        id: DeliveryId,
    ) -> Result<Option<(Timestamp, Parked)>, OperateError> {
        if summary.state.is_terminal() {
            return Ok(None);
        }
        let lane = self.lanes().of(summary.destination);
        let removed = lane.lock().remove(id);
        match removed {
            Some(Removed::Ready(mut job)) => {
                let now = self.now();
                let closed = job.close().into_iter().collect();
                let record = job.record(DeliveryState::Pending, now);
                let parked = Parked::of(&record);
                self.store().note(Change { deliveries: vec![record], closed, ..Change::default() });
                Ok(Some((now, parked)))
            }
            Some(Removed::Parked(due, parked)) => Ok(Some((due, parked))),
            None => Err(OperateError::Conflict("an attempt is under way right now; see how it ends".into())),
        }
    }

    /// What was taken out and could not be changed waits again as it did: somebody must have it.
    fn put_back_unless<T>(
        &self,
        changed: &Result<T, OperateError>,
        summary: &DeliverySummary,
        taken: Option<(Timestamp, Parked)>,
    ) {
        if let (Err(_), Some((due, parked))) = (changed, taken) {
            self.park(summary.destination, due, summary.id, parked);
        }
    }

    /// Its record, or the one it gets now because it ended without needing one.
    async fn record_of(
        &self,
        workspace: WorkspaceId,
        summary: &DeliverySummary,
    ) -> Result<DeliveryRecord, OperateError> {
        self.store().flushed().await?;
        if let Some(record) = self.store().delivery(summary.id).await? {
            return Ok(record);
        }
        let event = self.store().event(summary.id.event()).await?;
        let event = event.filter(|event| event.data.workspace == workspace);
        let event = event.ok_or_else(|| {
            OperateError::Conflict("its event has expired, so it cannot be made again".into())
        })?;
        Ok(DeliveryRecord {
            id: summary.id,
            workspace,
            connection: summary.connection,
            destination: summary.destination,
            revision: event.data.revision,
            state: summary.state,
            attempts: summary.attempts,
            due: self.now(),
            schedule_from: 0,
        })
    }
}
