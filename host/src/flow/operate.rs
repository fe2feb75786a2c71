//! What operators do to deliveries: retry, cancel. Decided by `rules::lifecycle`, durable before
//! it is answered.

use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::DeliveryId;
use crate::domain::id::WorkspaceId;
use crate::flow::Gateway;
use crate::flow::error::OperateError;
use crate::flow::lanes;
use crate::flow::lanes::Parked;
use crate::flow::release;
use crate::store::Change;
use crate::store::DeliverySummary;
use crate::store::Store;
use crate::store::StoreError;

/// An attempt's number has eight bits; a fresh schedule must still fit.
const ATTEMPTS_BY_HAND_MAX: u8 = 240;

impl Gateway {
    /// Sends a delivery again that has ended, or now instead of later. The same id, the same
    /// bytes, and a fresh retry schedule.
    pub async fn retry(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DeliverySummary, OperateError> {
        let summary = self.existing(workspace, id).await?;
        if summary.attempts >= ATTEMPTS_BY_HAND_MAX {
            let detail =
                format!("it had {} attempts already; replay its event to begin anew", summary.attempts);
            return Err(OperateError::Conflict(detail));
        }
        if let Some(detail) = self.held_for_plugin(&summary).await? {
            return Err(OperateError::Conflict(detail));
        }
        let waiting = !summary.state.is_terminal();
        if waiting && !self.take_out(&summary, id) {
            return Err(OperateError::Conflict("an attempt is under way right now; see how it ends".into()));
        }
        let mut record = self.record_of(workspace, &summary).await?;
        let log = self.store().event_log(id.event()).await?;
        let steps_first = release::waits_for_steps(log.plan.as_ref(), &record);
        record.state = if steps_first { DeliveryState::Held } else { DeliveryState::Pending };
        record.due = self.now();
        record.schedule_from = record.attempts;
        self.store().commit(Change { deliveries: vec![record.clone()], ..Change::default() }).await?;
        self.park(record.destination, record.due, id, Parked::of(&record));
        self.existing(workspace, id).await
    }

    /// Ends a delivery that waits.
    pub async fn cancel(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DeliverySummary, OperateError> {
        let summary = self.existing(workspace, id).await?;
        if summary.state.is_terminal() {
            let detail = format!("it has ended already: {}", summary.state.name());
            return Err(OperateError::Conflict(detail));
        }
        if !self.take_out(&summary, id) {
            return Err(OperateError::Conflict("an attempt is under way right now; see how it ends".into()));
        }
        let mut record = self.record_of(workspace, &summary).await?;
        record.state = DeliveryState::Cancelled;
        record.due = self.now();
        self.store().commit(Change { deliveries: vec![record], ..Change::default() }).await?;
        self.existing(workspace, id).await
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

    async fn existing(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DeliverySummary, OperateError> {
        let found = self.delivery_summary(workspace, id).await?;
        found.ok_or_else(|| OperateError::NotFound { what: "delivery", id: id.to_string() })
    }

    /// Takes a waiting delivery out of its lane; false when a worker has it.
    fn take_out(&self, summary: &DeliverySummary, id: DeliveryId) -> bool {
        let lane = self.lanes().of(summary.destination);
        let removed = lanes::lock(&lane).remove(id);
        match removed {
            Some(Some(mut job)) => {
                let closed = job.close().into_iter().collect();
                let record = job.record(DeliveryState::Pending, self.now());
                self.store().note(Change { deliveries: vec![record], closed, ..Change::default() });
                true
            }
            Some(None) => true,
            None => false,
        }
    }

    /// Its record, or the one it gets now because it ended without needing one.
    async fn record_of(
        &self,
        workspace: WorkspaceId,
        summary: &DeliverySummary,
    ) -> Result<DeliveryRecord, OperateError> {
        self.store().commit(Change::default()).await?;
        if let Some(record) = self.store().delivery(summary.id).await? {
            return Ok(record);
        }
        let event = self.event(workspace, summary.id.event()).await?;
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
