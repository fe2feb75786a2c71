//! An entry of the event catalogue: a type of events that a workspace knows, what it means and what its payloads look
//! like. Not here: whether a payload fits (`shape::schema`), types that were only seen.

use serde::Deserialize;
use serde::Serialize;

use crate::domain::id::EventTypeId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// See the head of this file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventType {
    /// Its id.
    pub id: EventTypeId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// The type, as events have it; unique in its workspace.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What belongs together; connections may name it instead of types.
    pub group: Option<String>,
    /// When there is such an event, for people.
    pub description: String,
    /// JSON Schema of its payloads, as it was written.
    pub schema: Option<String>,
    /// A payload, as it was written.
    pub example: Option<String>,
    /// Whether a published event of this type must fit the schema.
    pub enforce: bool,
}
