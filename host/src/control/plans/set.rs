//! Documents that are applied together under a name. Applied again without one of them, it is deleted, if that is asked
//! for; what is in no set, or in another one, never is.

use crate::control::Control;
use crate::control::plans::ConfigDocument;
use crate::control::plans::ConfigPlan;
use crate::control::plans::WantedSet;
use crate::control::resources::Faults;
use crate::control::resources::ManageError;
use crate::control::resources::check_destination;
use crate::control::resources::check_source;
use crate::control::resources::check_unfilled;
use crate::control::resources::check_unheard;
use crate::control::resources::keys_of;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::DocumentSet;
use crate::domain::id::SetId;
use crate::domain::id::WorkspaceId;

/// Names of what would be deleted that a fault has.
const NAMED_MAX: usize = 10;

impl Control {
    /// Adds to a plan what its set comes to.
    pub(super) fn plan_set(
        &self,
        plan: &mut ConfigPlan,
        workspace: WorkspaceId,
        wanted: &WantedSet,
        faults: &mut Faults,
    ) {
        let old = plan.documents.sets.named(workspace, &wanted.name).cloned();
        let id = old.as_ref().map_or_else(|| SetId::from_bits(self.new_id()), |old| old.id);
        let mut set = DocumentSet {
            id,
            workspace,
            name: wanted.name.clone(),
            sources: Vec::new(),
            destinations: Vec::new(),
            connections: Vec::new(),
            tables: Vec::new(),
            event_types: Vec::new(),
        };
        plan.changes.iter().for_each(|change| set.take(&change.after));
        let left = old.as_ref().map(|old| old.without(&set, &plan.documents)).unwrap_or_default();
        if wanted.prune {
            plan.delete(left, wanted.deletes_max, faults);
        } else {
            left.iter().for_each(|document| set.take(document));
        }
        set.sources.sort_unstable();
        set.destinations.sort_unstable();
        set.connections.sort_unstable();
        set.tables.sort_unstable();
        set.event_types.sort_unstable();
        plan.set = Some(set).filter(|set| old.as_deref() != Some(set));
    }
}

impl DocumentSet {
    fn take(&mut self, document: &ConfigDocument) {
        match document {
            ConfigDocument::Source(document) => self.sources.push(document.id),
            ConfigDocument::Destination(document) => self.destinations.push(document.id),
            ConfigDocument::Connection(document) => self.connections.push(document.id),
            ConfigDocument::Table(document) => self.tables.push(document.id),
            ConfigDocument::EventType(document) => self.event_types.push(document.id),
            // None goes by being left out: what is in a workspace, opened by a secret or uploaded would go with it.
            ConfigDocument::Workspace(_) | ConfigDocument::Secret(_) | ConfigDocument::Plugin(_) => {}
        }
    }

    /// What is still there of it and not in another one; what uses others first.
    fn without(&self, other: &Self, documents: &Documents) -> Vec<ConfigDocument> {
        let connections = self.connections.iter().filter(|id| !other.connections.contains(id));
        let destinations = self.destinations.iter().filter(|id| !other.destinations.contains(id));
        let sources = self.sources.iter().filter(|id| !other.sources.contains(id));
        let connections = connections.filter_map(|id| documents.connections.get(*id)).cloned();
        let destinations = destinations.filter_map(|id| documents.destinations.get(*id)).cloned();
        let sources = sources.filter_map(|id| documents.sources.get(*id)).cloned();
        let tables = self.tables.iter().filter(|id| !other.tables.contains(id));
        let tables = tables.filter_map(|id| documents.tables.get(*id)).cloned();
        let event_types = self.event_types.iter().filter(|id| !other.event_types.contains(id));
        let event_types = event_types.filter_map(|id| documents.event_types.get(*id)).cloned();
        let connections = connections.map(ConfigDocument::Connection);
        connections
            .chain(destinations.map(ConfigDocument::Destination))
            .chain(sources.map(ConfigDocument::Source))
            .chain(tables.map(ConfigDocument::Table))
            .chain(event_types.map(ConfigDocument::EventType))
            .collect()
    }
}

impl ConfigPlan {
    fn delete(&mut self, gone: Vec<ConfigDocument>, most: usize, faults: &mut Faults) {
        if gone.len() > most {
            let names: Vec<String> =
                gone.iter().take(NAMED_MAX).map(|one| format!("`{}`", one.name())).collect();
            let detail = format!(
                "{} documents of the set would be deleted, and {most} may be: {}; if that is meant, allow as many",
                gone.len(),
                names.join(", ")
            );
            faults.add("/max_deletes", detail);
        }
        for document in &gone {
            if let Err(why) = document.check_unused(&self.documents) {
                faults.add(
                    "/set",
                    format!("`{}` is in the set no more, and cannot be deleted: {why}", document.name()),
                );
            }
            for write in document.delete(&self.documents) {
                self.documents.change(write);
            }
        }
        self.deletes = gone;
    }
}

impl ConfigDocument {
    fn check_unused(&self, documents: &Documents) -> Result<(), ManageError> {
        match self {
            Self::Source(source) => check_source(documents, source.workspace, source.id),
            Self::Destination(found) => check_destination(documents, found.workspace, found.id),
            Self::Connection(_) | Self::Workspace(_) | Self::Secret(_) | Self::Plugin(_) => Ok(()),
            Self::Table(table) => {
                check_unfilled(documents, table).and_then(|()| check_unheard(documents, table))
            }
            // That its group is not left empty is looked at when all is said.
            Self::EventType(_) => Ok(()),
        }
    }

    /// How it goes, and what belongs to it alone.
    pub(super) fn delete(&self, documents: &Documents) -> Vec<DocumentWrite> {
        match self {
            Self::Source(source) => {
                let keys = keys_of(documents, source.id).map(|key| DocumentWrite::DeleteKey(key.id));
                keys.chain([DocumentWrite::DeleteSource(source.id)]).collect()
            }
            Self::Destination(destination) => vec![DocumentWrite::DeleteDestination(destination.id)],
            Self::Connection(connection) => vec![DocumentWrite::DeleteConnection(connection.id)],
            Self::Table(table) => vec![DocumentWrite::DeleteTable(table.id)],
            Self::EventType(found) => vec![DocumentWrite::DeleteEventType(found.id)],
            Self::Workspace(_) | Self::Secret(_) | Self::Plugin(_) => Vec::new(),
        }
    }
}
