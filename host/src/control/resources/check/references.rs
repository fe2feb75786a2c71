//! Who uses what: the reason why something cannot be deleted.

use crate::control::resources::check::error::ManageError;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::config::Origin;
use crate::domain::id::DestinationId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;

/// Users named in a message; the others are counted.
const NAMED_MAX: usize = 5;

/// Refuses while connections take events from the source.
pub(in crate::control) fn check_source(
    documents: &Documents,
    workspace: WorkspaceId,
    source: SourceId,
) -> Result<(), ManageError> {
    refuse(documents, workspace, "source", |connection| connection.origins.contains(&Origin::Source(source)))
}

/// Refuses while connections deliver to the destination.
pub(in crate::control) fn check_destination(
    documents: &Documents,
    workspace: WorkspaceId,
    destination: DestinationId,
) -> Result<(), ManageError> {
    refuse(documents, workspace, "destination", |connection| connection.destination == destination)
}

/// Refuses while connections use it.
pub(in crate::control::resources) fn refuse(
    documents: &Documents,
    workspace: WorkspaceId,
    what: &str,
    uses: impl Fn(&Connection) -> bool,
) -> Result<(), ManageError> {
    let users: Vec<String> = documents
        .connections
        .of(workspace)
        .filter(|connection| uses(connection))
        .map(|connection| format!("`{}`", connection.name))
        .collect();
    if users.is_empty() {
        return Ok(());
    }
    let named = users[..users.len().min(NAMED_MAX)].join(", ");
    let more = match users.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let detail = format!("this {what} is used by the connections {named}{more}; change or delete them first");
    Err(ManageError::Conflict(detail))
}
