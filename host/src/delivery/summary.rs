//! Deliveries as people see them: what waits for a paused destination or connection is shown as held. Not here: their
//! bytes (`insight`).

use crate::delivery::Delivery;
use crate::domain::config::FlowState;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::WorkspaceId;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;
use crate::store::Page;
use crate::store::Store as _;
use crate::store::StoreError;

impl Delivery {
    /// Lists deliveries. What waits for a paused destination or connection is shown as held.
    pub async fn deliveries(
        &self,
        mut query: DeliveryQuery,
    ) -> Result<Page<DeliverySummary, DeliveryId>, StoreError> {
        let wanted = query.state;
        if wanted == Some(DeliveryState::Held) {
            query.state = None;
        }
        let mut page = self.store().deliveries(query).await?;
        for item in &mut page.items {
            item.state = self.shown_state(item.state, item.connection, item.destination);
            item.next_attempt_at = item.next_attempt_at.filter(|_| item.state != DeliveryState::Held);
        }
        if let Some(wanted) = wanted {
            page.items.retain(|item| item.state == wanted);
        }
        Ok(page)
    }

    /// Waiting states are shown as held while their connection or destination is paused.
    pub(crate) fn shown_state(
        &self,
        state: DeliveryState,
        connection: ConnectionId,
        destination: DestinationId,
    ) -> DeliveryState {
        let snapshot = self.snapshot();
        let paused = snapshot
            .documents
            .destinations
            .get(destination)
            .is_some_and(|found| found.state == FlowState::Paused);
        if !state.is_terminal() && (paused || snapshot.is_paused(connection)) {
            DeliveryState::Held
        } else {
            state
        }
    }

    /// One delivery as lists show it.
    pub async fn delivery_summary(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<Option<DeliverySummary>, StoreError> {
        let all = DeliveryQuery::all(workspace, usize::from(u16::MAX));
        let query = DeliveryQuery { event: Some(id.event()), ..all };
        let page = self.deliveries(query).await?;
        Ok(page.items.into_iter().find(|item| item.id == id))
    }
}
