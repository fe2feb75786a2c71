//! Events from the user's own application, through the API. Not here: those that come in at a
//! source (`accept`).

use std::sync::Arc;

use bytes::Bytes;

use crate::control::Principal;
use crate::domain::event::Headers;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::pipeline::AcceptError;
use crate::pipeline::Pipeline;
use crate::pipeline::accept::identity::idempotency_key;
use crate::rules::hide::Inbound;
use crate::store::Accepted;
use crate::store::Store;

/// One event to publish.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Its type.
    pub event_type: String,
    /// The media type; usually `application/json`.
    pub content_type: String,
    /// The bytes.
    pub payload: Bytes,
    /// A second one with the same key is a duplicate.
    pub idempotency_key: Option<String>,
    /// Kept with the event, and visible to its steps.
    pub headers: Headers,
}

impl Pipeline {
    /// Stores published events, all of them or none; answers when they are on disk.
    pub async fn publish(
        &self,
        principal: &Principal,
        events: Vec<Publish>,
    ) -> Result<Vec<Accepted>, AcceptError> {
        let revision = self.snapshot().revision();
        let now = self.now();
        let verified_by: Arc<str> = "api_key".into();
        let workspace = principal.workspace;
        let hide = Inbound::default();
        let new = events.into_iter().map(|event| NewEvent {
            workspace,
            source: None,
            event_type: event.event_type.into(),
            content_type: event.content_type.into(),
            headers: hide.taken_from(event.headers),
            request: RequestLine::default(),
            body: event.payload,
            received_at: now,
            revision,
            idempotency: event.idempotency_key.map(|key| idempotency_key(workspace.bits(), &key)),
            verified_by: verified_by.clone(),
        });
        let new: Vec<NewEvent> = new.collect();
        let sizes: Vec<u64> = new.iter().map(|event| event.body.len() as u64).collect();
        let used = self.admit(workspace, new.len() as u64, sizes.iter().sum())?;
        let accepted = self.store().accept(new).await?;
        // Duplicates are no events.
        let kept = accepted.iter().zip(sizes).filter(|(accepted, _)| !accepted.duplicate);
        let (events, bytes) = kept.fold((0, 0), |(events, bytes), (_, size)| (events + 1, bytes + size));
        used.keep(events, bytes);
        Ok(accepted)
    }
}
