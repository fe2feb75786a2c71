//! Names in the place of ids, which say nothing to a reader. What is gone keeps its id.

use std::sync::Arc;

use serde_json::Value;

use crate::control::snapshot::Collection;
use crate::control::snapshot::Resource;
use crate::control::snapshot::Snapshot;
use crate::http::mcp::caller::ToolCaller;

/// The names of now.
pub(crate) struct ResourceNames(Arc<Snapshot>);

impl ResourceNames {
    /// Those that a caller may know: ids come from its own workspace.
    pub(crate) fn of(caller: &ToolCaller) -> Self {
        Self(caller.site.doors.control.snapshot().clone())
    }

    /// Of a source.
    pub(crate) fn source(&self, id: &Value) -> Value {
        named(&self.0.documents.sources, id, |source| &source.name)
    }

    /// Of a destination.
    pub(crate) fn destination(&self, id: &Value) -> Value {
        named(&self.0.documents.destinations, id, |destination| &destination.name)
    }

    /// Of a connection.
    pub(crate) fn connection(&self, id: &Value) -> Value {
        named(&self.0.documents.connections, id, |connection| &connection.name)
    }
}

fn named<T: Resource>(table: &Collection<T>, id: &Value, name: impl Fn(&T) -> &String) -> Value {
    let found = id.as_str().and_then(|id| id.parse().ok()).and_then(|id| table.get(id));
    found.map_or_else(|| id.clone(), |found| name(found).as_str().into())
}
