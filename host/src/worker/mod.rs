//! What wakes the flow: a commit (`intake`), a start (`recover`), a clock (`unattended`, `sweep`), another configuration.
//! It brings what the pipeline comes to to the queues. Not here: what is done then (`pipeline`, `delivery`), who owns
//! these loops (`node`).

mod intake;
mod recover;
mod sweep;
mod unattended;

pub use intake::pump;
pub use recover::Leftovers;
pub use sweep::Retention;
pub use sweep::sweep;
pub use unattended::Unattended;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::delivery::Delivery;
use crate::pipeline::Pipeline;
use crate::store::Committed;

/// Between two looks for what nobody works on. Only what two of them find is taken up.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What it wakes.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Plans events.
    pub pipeline: Pipeline,
    /// Delivers what they come to.
    pub delivery: Delivery,
}

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
