//! Keeps what this node owns: its lease is made longer long before it ends, and what a node left whose lease has ended
//! is taken over and seen through. A node that was taken over itself begins nothing any more. Not here: who owns what
//! (`store`).

use std::time::Duration;

use crate::control::Stopping;
use crate::store::Adoption;
use crate::store::NodeId;
use crate::store::Store as _;
use crate::store::StoreError;
use crate::worker::Worker;

/// Between two renewals: several fit into the shortest lease.
const RENEW_EVERY: Duration = Duration::from_secs(2);

impl Worker {
    /// See the head of this file; ends when another node has taken over, and says so to `stopping`.
    pub async fn keep_lease(self, stopping: Stopping) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match self.renew().await {
                Ok(()) => {}
                Err(error @ StoreError::Fenced { .. }) => {
                    tracing::error!(%error, "another node has taken over; this one begins nothing any more");
                    return stopping.begin();
                }
                Err(error) => self.pipeline.observer().store_error("renew the lease of this node", &error),
            }
        }
    }

    /// Makes the lease longer, and takes over what other nodes left.
    pub(crate) async fn renew(&self) -> Result<(), StoreError> {
        let renewed = self.pipeline.store().renew().await?;
        for node in renewed.lapsed {
            self.adopt(node).await?;
        }
        Ok(())
    }

    async fn adopt(&self, node: NodeId) -> Result<(), StoreError> {
        let Adoption::Adopted(left) = self.pipeline.store().adopt(node).await? else { return Ok(()) };
        let (live, unfinished) = (left.live.len(), left.unfinished.len());
        tracing::warn!(%node, live, unfinished, "took over what another node left");
        self.recover_deliveries(left.live);
        let left = self.attend_to(left.unfinished);
        let own = self.clone();
        self.pipeline.spawn(async move { own.recover_events(left).await });
        Ok(())
    }
}
