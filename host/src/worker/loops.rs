//! The loops of this room. Not here: who owns them (`node`).

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::store::Committed;
use crate::worker::Unattended;
use crate::worker::Worker;
use crate::worker::intake;

/// Between two looks for what nobody works on. Only what two of them find is taken up.
const LOOK_EVERY: Duration = Duration::from_secs(10);

impl Worker {
    /// Plans what is committed, until the store is closed.
    pub async fn plan(self, committed: mpsc::UnboundedReceiver<Committed>) {
        intake::plan_all(self, committed).await;
    }

    #[cfg(test)]
    pub(crate) async fn plan_queued(
        self,
        event: crate::domain::id::EventId,
        duty: crate::pipeline::duty::Duty,
    ) {
        intake::plan_queued(self, event, duty).await;
    }

    /// Wakes destinations when something is due; never ends.
    pub async fn wake_due(self) {
        self.delivery.run_alarm().await;
    }

    /// Looks at every destination again when another configuration is in force: it may have been resumed. Ends with
    /// the configuration.
    pub async fn wake_changed(self, mut changes: watch::Receiver<u64>) {
        while changes.changed().await.is_ok() {
            self.delivery.wake_all();
        }
    }

    /// Finds events and deliveries that are open and that nobody works on, and takes them up; never ends.
    pub async fn attend(self) {
        let mut seen = Unattended::default();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look_for_unattended(&mut seen).await;
        }
    }
}
