//! Looks for destinations whose deliveries wait for long: never tried, or held. What failed and is tried again by its
//! schedule is no backlog. Deliveries lie in the order of their events' times, so the look ends with the first young one.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::alert::AlertCause;
use crate::domain::alert::AlertEvidence;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::DestinationId;
use crate::domain::time::Timestamp;
use crate::pipeline::Pipeline;
use crate::store::Store as _;
use crate::store::StoreError;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Records read at a time.
const PAGE: usize = 500;
/// Pages of one look. Where more is old, the oldest of it is found.
const PAGES: usize = 40;

/// When the last look was.
#[derive(Debug, Default)]
pub(super) struct Backlog(Option<Timestamp>);

impl Pipeline {
    /// Looks, if it is time to.
    pub(super) async fn look_for_backlog(&self, backlog: &mut Backlog) -> Result<(), StoreError> {
        let (now, after) = (self.now(), self.limits().backlog_after);
        let every = LOOK_EVERY.min(after);
        if backlog.0.is_some_and(|last| now.since(last) < every) {
            return Ok(());
        }
        backlog.0 = Some(now);
        let (oldest, is_all) = self.oldest_waiting(now.minus(after)).await?;
        for record in oldest.values() {
            let since = Timestamp::from_millis(record.id.unix_millis());
            self.alert(record.workspace, AlertCause::BacklogOld(record.destination), || AlertEvidence {
                event: Some(record.id.event()),
                delivery: Some(record.id),
                detail: format!("the oldest came at {since} and is {}", record.state.name()),
                ..AlertEvidence::default()
            });
        }
        let is_over = |cause: &AlertCause| match cause {
            AlertCause::BacklogOld(destination) => is_all && !oldest.contains_key(destination),
            _ => false,
        };
        for cause in self.alerts().causes(is_over) {
            self.alerts().succeeded(cause, now);
        }
        Ok(())
    }

    /// The oldest delivery of each destination that waits and came before; whether all were looked at.
    async fn oldest_waiting(
        &self,
        before: Timestamp,
    ) -> Result<(HashMap<DestinationId, DeliveryRecord>, bool), StoreError> {
        let (mut oldest, mut after) = (HashMap::new(), None);
        for _ in 0..PAGES {
            let page = self.store().claim(after, PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|record| record.id);
            for record in page {
                if record.id.unix_millis() >= before.as_millis() {
                    return Ok((oldest, true));
                }
                if matches!(record.state, DeliveryState::Pending | DeliveryState::Held) {
                    oldest.entry(record.destination).or_insert(record);
                }
            }
            if is_last {
                return Ok((oldest, true));
            }
        }
        Ok((oldest, false))
    }
}
