//! Questions about events and deliveries. Everything asked for belongs to one workspace; what
//! belongs to another is not there.

use crate::domain::config::Connection;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::event::Headers;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Rejection;
use crate::insight::Insight;
use crate::pipeline::plan;
use crate::pipeline::plan::held;
use crate::rules::hide;
use crate::rules::hide::Inbound;
use crate::rules::route;
use crate::store::AttemptEntry;
use crate::store::DeliverySummary;
use crate::store::EventLog;
use crate::store::EventQuery;
use crate::store::Page;
use crate::store::Store;
use crate::store::StoreError;

/// A delivery with its bytes.
#[derive(Clone, Debug)]
pub struct DeliveryDetail {
    /// As in lists.
    pub summary: DeliverySummary,
    /// The bytes every attempt sends; `None` when its event has expired.
    pub bytes: Option<DeliveryBytes>,
    /// Whether the bytes were made again and their hash is that of the bytes sent; `None` when
    /// they were kept.
    pub proven: Option<bool>,
    /// Why it is held, in words; `None` if it is not.
    pub held: Option<String>,
}

impl Insight {
    /// Whether a connection takes an event as the catalogue is now.
    pub(crate) fn takes(&self, connection: &Connection, event: &Event) -> bool {
        let snapshot = self.snapshot();
        let (workspace, kind) = (event.data.workspace, &event.data.event_type);
        route::takes(connection, kind, snapshot.group_of(workspace, kind))
    }

    /// One event.
    pub async fn event(&self, workspace: WorkspaceId, id: EventId) -> Result<Option<Event>, StoreError> {
        Ok(self.store().event(id).await?.filter(|event| event.data.workspace == workspace))
    }

    /// Lists events.
    pub async fn events(&self, query: EventQuery) -> Result<Page<Event, EventId>, StoreError> {
        self.store().events(query).await
    }

    /// One delivery with its bytes, kept or made again; secrets of plugins are left out of them.
    pub async fn delivery_detail(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryDetail>, StoreError> {
        let Some(summary) = self.delivery().delivery_summary(workspace, id).await? else { return Ok(None) };
        let connection = summary.connection;
        let log = self.store().event_log(id.event()).await?;
        let record = log.records.iter().find(|record| record.id == id);
        let held = self.why_held(&summary, &log, record);
        if let Some(bytes) = self.store().delivery_bytes(id).await? {
            let bytes = Some(self.shown_bytes(connection, bytes));
            return Ok(Some(DeliveryDetail { summary, bytes, proven: None, held }));
        }
        let Some(event) = self.store().event(id.event()).await? else {
            return Ok(Some(DeliveryDetail { summary, bytes: None, proven: None, held }));
        };
        let revision = record.map_or(event.data.revision, |record| record.revision);
        let again = plan::remake(self.pipeline(), &event, log.plan.as_ref(), revision, id).await.ok();
        let proven = again.as_ref().map(|again| again.proven);
        let bytes = again.map(|again| self.shown_bytes(connection, again.bytes));
        Ok(Some(DeliveryDetail { summary, bytes, proven, held }))
    }

    /// Why a delivery is held, in words; `None` if it is not.
    fn why_held(
        &self,
        summary: &DeliverySummary,
        log: &EventLog,
        record: Option<&DeliveryRecord>,
    ) -> Option<String> {
        if summary.state != DeliveryState::Held {
            return None;
        }
        if let Some(reason) = record.and_then(|record| held::reason(log, record)) {
            return Some(reason);
        }
        let snapshot = self.snapshot();
        let by = if snapshot.is_paused(summary.connection) {
            "its connection is paused"
        } else if record.is_some_and(|record| record.state == DeliveryState::Held) {
            match snapshot.is_quarantined(summary.connection) {
                true => "a plugin of its connection is in quarantine",
                false => "its steps are about to run",
            }
        } else {
            "its destination is paused"
        };
        Some(by.to_owned())
    }

    /// What is sent, without the secrets that the connection's plugins are given.
    fn shown_bytes(&self, connection: ConnectionId, bytes: DeliveryBytes) -> DeliveryBytes {
        let snapshot = self.snapshot();
        let Some(connection) = snapshot.connections.get(&connection) else { return bytes };
        connection.secrets().fold(bytes, |shown, secrets| DeliveryBytes {
            payload: hide::bytes_without(secrets, shown.payload),
            headers: hide::headers_without(secrets, shown.headers),
            path: shown.path.map(|path| secrets.redact(&path).into_owned()),
            ..shown
        })
    }

    /// The attempts of a delivery, oldest first; `None` if the workspace has no such delivery. Answers that were
    /// kept before that was seen to have no credentials of the destination either.
    pub async fn attempts(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<Option<Vec<AttemptEntry>>, StoreError> {
        if self.delivery().delivery_summary(workspace, id).await?.is_none() {
            return Ok(None);
        }
        let mut attempts = self.store().event_log(id.event()).await?.attempts;
        attempts.retain(|entry| entry.attempt.id.delivery() == id);
        let snapshot = self.snapshot();
        for AttemptEntry { destination, attempt, .. } in &mut attempts {
            let Some(found) = snapshot.destinations.get(destination) else { continue };
            attempt.outcome = attempt.outcome.clone().map(|response| found.hide.response(response));
        }
        Ok(Some(attempts))
    }

    /// Headers of a request without those that carry credentials, also where they were kept before that was seen
    /// to.
    pub fn shown_headers(&self, source: Option<SourceId>, headers: &Headers) -> Headers {
        let snapshot = self.snapshot();
        match source.and_then(|source| snapshot.sources.get(&source)) {
            Some(found) => found.hide.headers(headers),
            None => Inbound::default().headers(headers),
        }
    }

    /// Requests turned away at a source, newest first.
    pub async fn rejections(
        &self,
        workspace: WorkspaceId,
        source: SourceId,
        before: Option<RejectionId>,
        limit: usize,
    ) -> Result<Page<Rejection, RejectionId>, StoreError> {
        self.store().rejections(workspace, source, before, limit).await
    }
}
