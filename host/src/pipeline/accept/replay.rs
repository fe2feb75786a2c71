//! One event again: a copy of it comes in now, and its steps run as they are now. History stays
//! as it was.

use crate::domain::event::NewEvent;
use crate::domain::id::EventId;
use crate::domain::id::WorkspaceId;
use crate::pipeline::OperateError;
use crate::pipeline::Pipeline;
use crate::pipeline::store_closed;
use crate::store::Accepted;
use crate::store::Store;

impl Pipeline {
    /// Takes a copy of an event in, under the configuration in force. It is never a duplicate, and
    /// its trace says what it is a replay of.
    pub async fn replay_event(&self, workspace: WorkspaceId, id: EventId) -> Result<Accepted, OperateError> {
        let event = self.store().event(id).await?;
        let event = event.filter(|event| event.data.workspace == workspace);
        let event = event.ok_or_else(|| OperateError::NotFound { what: "event", id: id.to_string() })?;
        let copy = NewEvent {
            received_at: self.now(),
            revision: self.snapshot().revision(),
            idempotency: None,
            verified_by: format!("replay of {id}").into(),
            ..event.data
        };
        let accepted = self.store().accept(vec![copy]).await?;
        accepted.into_iter().next().ok_or_else(|| OperateError::Store(store_closed()))
    }
}
