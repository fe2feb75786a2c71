//! The event that says that a row has changed. Not here: when it is published (`write`).

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::id::DeliveryId;
use crate::domain::table::Row;
use crate::domain::table::RowChange;
use crate::domain::table::Table;
use crate::domain::time::Timestamp;
use crate::pipeline::accept::idempotency_key;
use crate::pipeline::chain;

/// A change that is to be announced, as it lies in the store until it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Announcement {
    event_type: String,
    body: String,
    at: Timestamp,
    parent: Option<DeliveryId>,
    depth: u8,
}

impl Announcement {
    /// Of a change of a table's row from what it was before.
    pub(super) fn new(
        table: &Table,
        change: RowChange,
        before: Option<&Row>,
        row: Option<&Row>,
        at: Timestamp,
    ) -> Self {
        let event_type = format!("{}.{}", table.event_prefix, change.name());
        let body = json!({
            "type": event_type,
            "table": {"id": table.id, "name": table.name},
            "row": row.map(show),
            "before": before.map(show),
        });
        Self { event_type, body: body.to_string(), at, parent: None, depth: 0 }
    }

    /// Made by that delivery, whose own event has that depth.
    pub(super) fn made_by(self, parent: Option<DeliveryId>, depth: u8) -> Self {
        Self { parent, depth, ..self }
    }

    /// As an event. Announced twice for the same cause, it is one.
    pub(super) fn event(self, table: &Table, cause: &str, revision: u64) -> NewEvent {
        let key = format!("a change of {} by {cause} at {}", table.id, self.at);
        NewEvent {
            workspace: table.workspace,
            source: Some(table.changes()),
            event_type: self.event_type.into(),
            content_type: Arc::from("application/json"),
            headers: chain::headers(self.parent, self.depth),
            request: RequestLine::default(),
            body: self.body.into(),
            received_at: self.at,
            revision,
            idempotency: Some(idempotency_key(table.workspace.bits(), &key)),
            verified_by: chain::OF_TABLE.into(),
        }
    }
}

fn show(row: &Row) -> Value {
    json!({
        "id": row.id,
        "created_at": row.created_at(),
        "updated_at": row.updated_at,
        "values": row.values,
    })
}
