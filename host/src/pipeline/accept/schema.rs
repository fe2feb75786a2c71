//! Whether the payload of an event fits the schema that the event catalogue has for its type, where that is enforced: at
//! a source that says so, and for published events of a type that says so. Not here: the comparison (`shape::schema`).

use std::sync::Arc;

use bytes::Bytes;

use crate::control::FieldFault;
use crate::control::snapshot::Snapshot;
use crate::domain::id::WorkspaceId;
use crate::pipeline::AcceptError;
use crate::pipeline::payload::body_view::json_text;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::JsonLimits;
use crate::shape::Schema;

/// What one payload may cost: some milliseconds.
const NODES_MAX: u64 = 500_000;
/// Longer payloads are compared off the async threads, as are all whose schema may ask for much.
const AT_ONCE_BYTES_MAX: usize = 4 << 10;

/// A payload to be held to a schema.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) event_type: String,
    schema: Arc<Schema>,
    content_type: String,
    body: Bytes,
    limits: JsonLimits,
}

impl Held {
    /// What a payload of this type is held to, if there is a schema.
    pub(super) fn of(
        snapshot: &Snapshot,
        workspace: WorkspaceId,
        event_type: &str,
        (content_type, body, limits): (&str, &Bytes, JsonLimits),
    ) -> Option<Self> {
        let schema = snapshot.event_type(workspace, event_type)?.schema.clone()?;
        let (event_type, content_type) = (event_type.to_owned(), content_type.to_owned());
        Some(Self { event_type, schema, content_type, body: body.clone(), limits })
    }

    /// Whether it fits; an error says where not.
    pub(super) async fn check(self) -> Result<(), AcceptError> {
        if self.body.len() <= AT_ONCE_BYTES_MAX && self.schema.is_simple() {
            return self.compare();
        }
        let work = tokio::task::spawn_blocking(move || self.compare());
        // A thread that is gone at shutdown answers nobody.
        work.await.unwrap_or_else(|_| Err(AcceptError::Store(crate::pipeline::store_closed())))
    }

    fn compare(self) -> Result<(), AcceptError> {
        let faults = match self.faults() {
            Ok(faults) if faults.is_empty() => return Ok(()),
            Ok(faults) => faults,
            Err(detail) => vec![FieldFault { pointer: String::new(), detail }],
        };
        Err(AcceptError::Misfit { event_type: self.event_type, faults })
    }

    /// Or why nobody can say.
    fn faults(&self) -> Result<Vec<FieldFault>, String> {
        let json = json_text(&self.content_type, &self.body);
        let document = Document::parse_with(json.as_ref(), self.limits).map_err(|fault| fault.to_string())?;
        let misfits = self.schema.misfits(document.root(), &mut Budget::new(NODES_MAX, 0));
        let told =
            |misfit: crate::shape::Misfit| FieldFault { pointer: misfit.pointer, detail: misfit.detail };
        Ok(misfits.map_err(|undecided| undecided.to_string())?.into_iter().map(told).collect())
    }
}
