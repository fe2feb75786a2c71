//! What is about to be written that needs a part of the product which its workspace is without. What had it before may have
//! it on. Not here: refusing it (`room`).

use std::sync::Arc;

use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::alert;
use crate::domain::config::Connection;
use crate::domain::config::Origin;
use crate::domain::config::Source;
use crate::domain::config::Workspace;
use crate::domain::destination::Destination;
use crate::domain::event_type::EventType;
use crate::domain::workspace_features::WorkspaceFeature;
use crate::rules::tier;

/// The first such part that any of these workspaces is without.
pub(super) fn first_missing<'w>(
    documents: &Documents,
    writes: &[DocumentWrite],
    bounded: &[&'w Arc<Workspace>],
) -> Option<(&'w Workspace, WorkspaceFeature)> {
    writes.iter().find_map(|write| {
        let of = write.bounded_workspace()?;
        let workspace = bounded.iter().find(|found| found.id == of)?;
        let limits = tier::limits_of(workspace);
        let missing = WorkspaceFeature::ALL
            .into_iter()
            .find(|feature| !limits.has(*feature) && is_new(documents, write, *feature))?;
        Some(((*workspace).as_ref(), missing))
    })
}

/// Whether a write brings something that needs that part, where before it was not needed.
fn is_new(documents: &Documents, write: &DocumentWrite, feature: WorkspaceFeature) -> bool {
    fn compare<T>(new: &T, old: Option<&Arc<T>>, needs: impl Fn(&T) -> bool) -> bool {
        needs(new) && !old.is_some_and(|old| needs(old))
    }
    match write {
        DocumentWrite::PutSource(new) => {
            compare(&**new, documents.sources.get(new.id), |source| of_source(source, feature))
        }
        DocumentWrite::PutDestination(new) => {
            compare(new, documents.destinations.get(new.id), |found| of_destination(found, feature))
        }
        DocumentWrite::PutConnection(new) => {
            compare(new, documents.connections.get(new.id), |found| of_connection(found, feature))
        }
        DocumentWrite::PutEventType(new) => {
            compare(new, documents.event_types.get(new.id), |found| of_event_type(found, feature))
        }
        _ => false,
    }
}

fn of_source(source: &Source, feature: WorkspaceFeature) -> bool {
    feature == WorkspaceFeature::Schemas && source.enforce_schemas
}

fn of_destination(destination: &Destination, feature: WorkspaceFeature) -> bool {
    let http = destination.endpoint.http();
    match feature {
        WorkspaceFeature::Batches => http.is_some_and(|http| http.batch.is_some()),
        WorkspaceFeature::Chains => http.is_some_and(|http| http.answer_type.is_some()),
        WorkspaceFeature::Schemas | WorkspaceFeature::Alerts | WorkspaceFeature::Assistant => false,
    }
}

fn of_connection(connection: &Connection, feature: WorkspaceFeature) -> bool {
    let alerts = Origin::Source(alert::origin(connection.workspace));
    feature == WorkspaceFeature::Alerts && connection.origins.contains(&alerts)
}

fn of_event_type(event_type: &EventType, feature: WorkspaceFeature) -> bool {
    feature == WorkspaceFeature::Schemas && event_type.enforce
}
