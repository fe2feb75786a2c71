//! Answers of receivers as events: what a receiver said to a delivery is published, so that connections can take it. Not
//! here: which answers are (`delivery::transport::http`).

use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::Response;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::id::DeliveryId;
use crate::domain::id::WorkspaceId;
use crate::pipeline::Pipeline;
use crate::pipeline::accept::idempotency_key;
use crate::pipeline::chain;
use crate::pipeline::chain::DEPTH_MAX;
use crate::store::Store as _;
use crate::store::StoreError;

/// An answer that may become an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublishableAnswer<'a> {
    /// Whose.
    pub(crate) workspace: WorkspaceId,
    /// To what.
    pub(crate) delivery: DeliveryId,
    /// What was said, without secrets.
    pub(crate) response: &'a Response,
    /// The type of the event.
    pub(crate) event_type: &'a str,
}

impl Pipeline {
    /// Publishes an answer; it is on disk when this returns. Why it is none that can be, otherwise. Answers to one delivery
    /// are one event, however often it is sent.
    pub(crate) async fn publish_answer(
        &self,
        answered: PublishableAnswer<'_>,
    ) -> Result<Option<String>, StoreError> {
        let PublishableAnswer { workspace, delivery, response, event_type } = answered;
        if response.end != BodyEnd::Whole {
            let bytes = response.body.len();
            return Ok(Some(format!("the answer is longer than the {bytes} bytes that are kept of one")));
        }
        let event = self.store().event(delivery.event()).await?;
        let depth = event.as_ref().map_or(0, chain::depth);
        if depth >= DEPTH_MAX {
            let reason =
                format!("{DEPTH_MAX} events led to this answer, each to the next: this looks like a loop");
            return Ok(Some(reason));
        }
        let key = format!("the answer to {delivery}");
        let event = NewEvent {
            workspace,
            source: None,
            event_type: event_type.into(),
            content_type: response.headers.get("content-type").unwrap_or("").into(),
            headers: chain::headers(Some(delivery), depth),
            request: RequestLine::default(),
            body: response.body.clone(),
            received_at: self.now(),
            revision: self.snapshot().revision(),
            idempotency: Some(idempotency_key(workspace.bits(), &key)),
            verified_by: chain::OF_ANSWER.into(),
        };
        self.store().accept(vec![event]).await?;
        Ok(None)
    }
}
