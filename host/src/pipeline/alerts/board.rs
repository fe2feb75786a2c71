//! What fails and what has come right again, as far as this process has seen it. Looked at for every delivery, so it
//! costs next to nothing while all is well. Not here: what follows from it (`tend`).

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::alert::Alert;
use crate::domain::alert::AlertCause;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// An alert that stands, or is about to.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) alert: Alert,
    /// Whether it is in the store.
    pub(super) is_written: bool,
    /// When its cause was last seen.
    pub(super) last_seen: Timestamp,
    /// Since when the opposite was seen, and nothing of it.
    pub(super) good_since: Option<Timestamp>,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct AlertBoard {
    standing: Mutex<HashMap<AlertCause, Standing>>,
    count: AtomicUsize,
    news: Notify,
}

impl AlertBoard {
    /// A cause was seen. `new` makes its alert if none stands.
    pub(crate) fn failed(&self, cause: AlertCause, now: Timestamp, new: impl FnOnce() -> Alert) {
        let mut standing = self.standing.lock();
        if let Some(found) = standing.get_mut(&cause) {
            (found.last_seen, found.good_since) = (now, None);
            return;
        }
        let alert = new();
        standing.insert(cause, Standing { alert, is_written: false, last_seen: now, good_since: None });
        self.count.store(standing.len(), Ordering::Release);
        drop(standing);
        self.news.notify_one();
    }

    /// The opposite of a cause was seen.
    pub(crate) fn succeeded(&self, cause: AlertCause, now: Timestamp) {
        if self.is_quiet() {
            return;
        }
        if let Some(found) = self.standing.lock().get_mut(&cause) {
            found.good_since.get_or_insert(now);
        }
    }

    /// Whether there is no alert at all.
    pub(crate) fn is_quiet(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// Waits for a new one.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// Those that stand in the store, after a start. What was found meanwhile is the same alert.
    pub(super) fn restore(&self, alerts: impl IntoIterator<Item = Alert>) {
        let mut standing = self.standing.lock();
        for alert in alerts {
            let last_seen = alert.raised_at;
            let restored = Standing { alert, is_written: true, last_seen, good_since: None };
            match standing.get_mut(&restored.alert.cause) {
                Some(found) => (found.alert, found.is_written) = (restored.alert, true),
                None => drop(standing.insert(restored.alert.cause, restored)),
            }
        }
        self.count.store(standing.len(), Ordering::Release);
    }

    /// Those that are not in the store yet: so many, and of no workspace so many that others have to wait for it.
    pub(super) fn unwritten(&self, most: usize) -> Vec<Alert> {
        let standing = self.standing.lock();
        let mut of_workspace: HashMap<WorkspaceId, Vec<&Alert>> = HashMap::new();
        for found in standing.values().filter(|found| !found.is_written) {
            of_workspace.entry(found.alert.workspace).or_default().push(&found.alert);
        }
        let share = (most / of_workspace.len().max(1)).max(1);
        let shares = of_workspace.into_values().flat_map(|alerts| alerts.into_iter().take(share));
        shares.take(most).cloned().collect()
    }

    /// One of them is.
    pub(super) fn written(&self, alert: &Alert) {
        if let Some(found) = self.standing.lock().get_mut(&alert.cause) {
            found.is_written |= found.alert.id == alert.id;
        }
    }

    /// Takes those away that are in the store and over.
    pub(super) fn take_over(&self, is_over: impl Fn(&Standing) -> bool) -> Vec<Alert> {
        let mut standing = self.standing.lock();
        let over = standing.extract_if(|_, found| found.is_written && is_over(found));
        let over: Vec<Alert> = over.map(|(_, found)| found.alert).collect();
        self.count.store(standing.len(), Ordering::Release);
        over
    }

    /// Causes that stand and that are wanted.
    pub(super) fn causes(&self, wanted: impl Fn(&AlertCause) -> bool) -> Vec<AlertCause> {
        self.standing.lock().keys().filter(|cause| wanted(cause)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::AlertEvidence;
    use crate::domain::id::AlertId;
    use crate::domain::id::DestinationId;

    const CAUSE: AlertCause = AlertCause::DestinationFailing(DestinationId::from_bits(1));

    fn alert(id: u128) -> Alert {
        let seen = AlertEvidence::default();
        let (id, workspace) = (AlertId::from_bits(id), WorkspaceId::from_bits(1));
        Alert { id, workspace, cause: CAUSE, raised_at: Timestamp::from_millis(0), seen }
    }

    #[test]
    fn a_cause_has_one_alert_until_it_is_over() {
        let (board, at) = (AlertBoard::default(), Timestamp::from_millis);
        board.succeeded(CAUSE, at(0));
        assert!(board.is_quiet());
        board.failed(CAUSE, at(1), || alert(1));
        board.failed(CAUSE, at(2), || unreachable!("it stands"));
        assert_eq!(board.unwritten(9), [alert(1)]);
        let is_good = |found: &Standing| found.good_since.is_some();
        board.succeeded(CAUSE, at(3));
        assert!(board.take_over(is_good).is_empty(), "it was not told yet");
        board.written(&alert(1));
        board.failed(CAUSE, at(4), || unreachable!("it stands"));
        assert!(board.take_over(is_good).is_empty(), "it failed again");
        board.succeeded(CAUSE, at(5));
        assert_eq!(board.take_over(is_good), [alert(1)]);
        assert!(board.is_quiet());
    }

    #[test]
    fn what_the_store_has_is_not_raised_again() {
        let board = AlertBoard::default();
        board.failed(CAUSE, Timestamp::from_millis(1), || alert(2));
        board.restore([alert(1)]);
        assert!(board.unwritten(9).is_empty() && !board.is_quiet());
    }

    #[test]
    fn one_workspace_with_many_leaves_the_others_their_turn() {
        let board = AlertBoard::default();
        let of = |workspace: u128, id: u128| Alert {
            id: AlertId::from_bits(id),
            workspace: WorkspaceId::from_bits(workspace),
            cause: AlertCause::DestinationFailing(DestinationId::from_bits(id)),
            raised_at: Timestamp::from_millis(0),
            seen: AlertEvidence::default(),
        };
        for id in 1..=50 {
            board.failed(of(1, id).cause, Timestamp::from_millis(1), || of(1, id));
        }
        board.failed(of(2, 99).cause, Timestamp::from_millis(1), || of(2, 99));
        let told = board.unwritten(10);
        assert!(told.len() <= 10 && told.contains(&of(2, 99)), "{told:?}");
    }
}
