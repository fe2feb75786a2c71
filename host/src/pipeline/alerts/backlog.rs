//! Looks for destinations whose deliveries wait for long: never tried, or held. What failed and is tried again by its
//! schedule is no backlog. Deliveries lie in the order of their events' times, so the look ends with the first young one.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::alert::AlertCause;
use crate::domain::alert::AlertEvidence;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::time::Timestamp;
use crate::pipeline::Pipeline;
use crate::store::Store as _;
use crate::store::StoreError;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Records read at a time.
const PAGE: usize = 500;
/// Pages of one look. Where more is old, the next look goes on where this one stopped, so that nobody's retries hide
/// what others wait for.
const PAGES: usize = 40;

/// When the last look was, and how far it came.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    last: Option<Timestamp>,
    round: Round,
}

/// From the oldest live delivery to the first young one, over as many looks as that takes.
#[derive(Debug, Default)]
struct Round {
    after: Option<DeliveryId>,
    /// The oldest delivery of each destination that waits.
    oldest: HashMap<DestinationId, DeliveryRecord>,
}

impl Round {
    /// Takes what comes next; whether that was the end.
    fn take(&mut self, page: Vec<DeliveryRecord>, before: Timestamp) -> bool {
        let is_last = page.len() < PAGE;
        for record in page {
            if record.id.unix_millis() >= before.as_millis() {
                return true;
            }
            self.after = Some(record.id);
            if matches!(record.state, DeliveryState::Pending | DeliveryState::Held) {
                self.oldest.entry(record.destination).or_insert(record);
            }
        }
        is_last
    }
}

impl Pipeline {
    /// Looks, if it is time to.
    pub(super) async fn look_for_backlog(&self, backlog: &mut Backlog) -> Result<(), StoreError> {
        let (now, after) = (self.now(), self.limits().backlog_after);
        let every = LOOK_EVERY.min(after);
        if backlog.last.is_some_and(|last| now.since(last) < every) {
            return Ok(());
        }
        backlog.last = Some(now);
        let is_round = self.go_on(&mut backlog.round, now.minus(after)).await?;
        for record in backlog.round.oldest.values() {
            let since = Timestamp::from_millis(record.id.unix_millis());
            self.alert(record.workspace, AlertCause::BacklogOld(record.destination), || AlertEvidence {
                event: Some(record.id.event()),
                delivery: Some(record.id),
                detail: format!("the oldest came at {since} and is {}", record.state.name()),
                ..AlertEvidence::default()
            });
        }
        if is_round {
            let round = std::mem::take(&mut backlog.round);
            let is_over = |cause: &AlertCause| match cause {
                AlertCause::BacklogOld(destination) => !round.oldest.contains_key(destination),
                _ => false,
            };
            for cause in self.alerts().causes(is_over) {
                self.alerts().succeeded(cause, now);
            }
        }
        Ok(())
    }

    /// Reads on from where the round is; whether that ended it.
    async fn go_on(&self, round: &mut Round, before: Timestamp) -> Result<bool, StoreError> {
        for _ in 0..PAGES {
            let page = self.store().claim(round.after, PAGE).await?;
            if round.take(page, before) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ConnectionId;
    use crate::domain::id::EventId;
    use crate::domain::id::WorkspaceId;
    use crate::domain::id::compose;

    #[test]
    fn a_round_goes_on_behind_what_is_tried_again() {
        let record = |millis: u64, destination: u128, state: DeliveryState| {
            let id = EventId::from_bits(compose(millis, 0, 0)).delivery(1);
            DeliveryRecord {
                id,
                workspace: WorkspaceId::from_bits(1),
                connection: ConnectionId::from_bits(1),
                destination: DestinationId::from_bits(destination),
                revision: 1,
                state,
                attempts: 0,
                due: Timestamp::NEVER,
                schedule_from: 0,
            }
        };
        let mut round = Round::default();
        let retried: Vec<_> = (0..PAGE as u64).map(|at| record(at, 1, DeliveryState::Retrying)).collect();
        let last = retried[PAGE - 1].id;
        assert!(!round.take(retried, Timestamp::from_millis(9_000)));
        assert!(round.oldest.is_empty() && round.after == Some(last));
        let waiting = vec![
            record(1_000, 2, DeliveryState::Pending),
            record(1_001, 2, DeliveryState::Held),
            record(9_000, 3, DeliveryState::Pending),
        ];
        let oldest = waiting[0].id;
        assert!(round.take(waiting, Timestamp::from_millis(9_000)), "the first young one ends it");
        assert_eq!(round.oldest.len(), 1);
        assert_eq!(round.oldest[&DestinationId::from_bits(2)].id, oldest);
    }
}
