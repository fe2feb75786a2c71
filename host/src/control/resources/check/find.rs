//! One by id or name, or that there is none.

use crate::control::resources::check::error::ManageError;
use crate::control::snapshot::Documents;
use crate::domain::config::Source;
use crate::domain::destination::Destination;
use crate::domain::id::WorkspaceId;

/// A destination.
pub(in crate::control::resources) fn destination<'a>(
    documents: &'a Documents,
    workspace: WorkspaceId,
    which: &str,
) -> Result<&'a Destination, ManageError> {
    let found = documents.destinations.find(workspace, which).map(AsRef::as_ref);
    found.ok_or_else(|| ManageError::NotFound { what: "destination", id: which.to_owned() })
}

/// A source.
pub(in crate::control::resources) fn source<'a>(
    documents: &'a Documents,
    workspace: WorkspaceId,
    which: &str,
) -> Result<&'a Source, ManageError> {
    let found = documents.sources.find(workspace, which).map(AsRef::as_ref);
    found.ok_or_else(|| ManageError::NotFound { what: "source", id: which.to_owned() })
}
