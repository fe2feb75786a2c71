//! Lets go of what is older than retention allows: the server's, or a workspace's own where that is shorter. Not here: how
//! the store does it.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::config::Workspace;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::observe::Observer;
use crate::rules::tier;
use crate::store::Backend;
use crate::store::Expiry;
use crate::store::Store as _;
use crate::store::WorkspaceExpiry;
use crate::worker::Worker;

/// Between two sweeps.
const EVERY: Duration = Duration::from_secs(60);
const DAY_S: u64 = 24 * 3600;
/// Bounds of workspaces move on once an hour: what they let go of lies among what others keep, and that is written again
/// so many times a day and no more.
const HOUR_MILLIS: u64 = 3600 * 1000;

/// How long what is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Events.
    pub events: Duration,
    /// What became of them.
    pub log: Duration,
}

impl Worker {
    /// Deletes what is older; never ends.
    pub async fn sweep(self, store: Backend, clock: Clock, observer: Arc<Observer>, retention: Retention) {
        loop {
            tokio::time::sleep(EVERY).await;
            let expiry = self.expiry(retention, clock.now());
            if let Err(error) = self.delivery.expire_inboxes(&expiry).await {
                observer.store_error("let go of what inboxes got", &error);
            }
            match store.expire(expiry).await {
                Ok(0) => {}
                Ok(commits) => tracing::info!(commits, "retention let go of old events and log rows"),
                Err(error) => observer.store_error("let go of what is old", &error),
            }
        }
    }

    /// What is old by then.
    pub(crate) fn expiry(&self, retention: Retention, now: Timestamp) -> Expiry {
        let snapshot = self.pipeline.snapshot();
        let workspaces = snapshot.documents.workspaces.all();
        expiry(retention, workspaces.map(AsRef::as_ref), now)
    }
}

fn expiry<'w>(
    retention: Retention,
    workspaces: impl Iterator<Item = &'w Workspace>,
    now: Timestamp,
) -> Expiry {
    let (events, log) = (now.minus(retention.events), now.minus(retention.log));
    let bounded = workspaces.filter_map(|workspace| {
        let days = tier::limits_of(workspace).retention_days?;
        let before = now.minus(Duration::from_secs(days.saturating_mul(DAY_S)));
        let before = Timestamp::from_millis(before.as_millis() / HOUR_MILLIS * HOUR_MILLIS);
        Some((workspace.id, WorkspaceExpiry { before, made_at: workspace.created_at }))
    });
    Expiry { sooner: bounded.collect(), ..Expiry::of_all(events, log) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::WorkspaceId;
    use crate::domain::workspace_limits::WorkspaceLimits;

    #[test]
    fn a_workspace_has_a_bound_of_its_own_or_of_its_tier() {
        let workspace = |number: u128, tier: Option<&str>, retention_days| Workspace {
            id: WorkspaceId::from_bits(number),
            name: number.to_string(),
            created_at: Timestamp::from_millis(5),
            tier: tier.map(str::to_owned),
            limits: WorkspaceLimits { retention_days, ..WorkspaceLimits::default() },
        };
        let all = [
            workspace(1, None, None),
            workspace(2, None, Some(1)),
            workspace(3, Some("starter"), None),
            workspace(4, Some("starter"), Some(u64::MAX)),
        ];
        let now: Timestamp = "2026-12-31T12:34:56Z".parse().unwrap();
        let days = |days| Duration::from_secs(days * DAY_S);
        let found = expiry(Retention { events: days(3), log: days(30) }, all.iter(), now);
        let of = |number| found.of(WorkspaceId::from_bits(number)).map(|before| before.to_string());
        assert_eq!(of(1), None);
        assert_eq!(of(2).unwrap(), "2026-12-30T12:00:00.000Z");
        assert_eq!(of(3).unwrap(), "2026-12-24T12:00:00.000Z");
        assert_eq!(of(4).unwrap(), "1970-01-01T00:00:00.000Z");
        // The server's are the most that anything is kept.
        let third = WorkspaceId::from_bits(3);
        assert_eq!(found.events_of(third), now.minus(days(3)));
        assert_eq!(found.log_of(third).to_string(), "2026-12-24T12:00:00.000Z");
    }
}
