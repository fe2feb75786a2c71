//! Whether what is about to be written may be: what is protected is not deleted, and no workspace gets more than its own
//! limits, or a part of the product that it is without (`features`), where its operator set some. Not here: the limits of the
//! server, which hold for all.

mod features;

use crate::control::Control;
use crate::control::UploadError;
use crate::control::resources::ManageError;
use crate::control::snapshot::Collection;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::control::snapshot::Resource;
use crate::domain::config::Workspace;
use crate::domain::id::WorkspaceId;
use crate::domain::workspace_features::WorkspaceFeature;
use crate::rules::tier;
use crate::store::StoreError;

/// What of a workspace is counted.
#[derive(Clone, Copy, Debug)]
enum Counted {
    Sources,
    Destinations,
    Connections,
    Tables,
    Plugins,
}

impl Counted {
    const ALL: [Self; 5] =
        [Self::Sources, Self::Destinations, Self::Connections, Self::Tables, Self::Plugins];

    /// How many a workspace has.
    fn count(self, documents: &Documents, workspace: WorkspaceId) -> u64 {
        fn of<T: Resource>(all: &Collection<T>, workspace: WorkspaceId) -> u64 {
            all.of(workspace).count() as u64
        }
        match self {
            Self::Sources => of(&documents.sources, workspace),
            Self::Destinations => of(&documents.destinations, workspace),
            Self::Connections => of(&documents.connections, workspace),
            Self::Tables => of(&documents.tables, workspace),
            Self::Plugins => of(&documents.plugins, workspace),
        }
    }

    /// How many it may have, and what they are called.
    fn most(self, workspace: &Workspace) -> (Option<u64>, &'static str) {
        let limits = tier::limits_of(workspace);
        match self {
            Self::Sources => (limits.sources, "sources"),
            Self::Destinations => (limits.destinations, "destinations"),
            Self::Connections => (limits.connections, "connections"),
            Self::Tables => (limits.tables, "tables"),
            Self::Plugins => (limits.plugins, "plugins"),
        }
    }
}

/// What a workspace has of what it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomUse {
    /// The name of the limit.
    pub name: &'static str,
    /// How many it may have; `None`: no bound of its own.
    pub most: Option<u64>,
    /// How many it has.
    pub used: u64,
}

impl Control {
    /// The same as `write`, unless something protected would go, or a workspace would get more than it may have. What it
    /// has already it keeps.
    pub(crate) async fn write_within(&self, writes: Vec<DocumentWrite>) -> Result<u64, RoomError> {
        let snapshot = self.snapshot().clone();
        check(&snapshot.documents, &writes)?;
        Ok(self.write(writes).await?)
    }

    /// Refuses a workspace that is without that part of the product.
    pub(crate) fn check_feature(
        &self,
        workspace: WorkspaceId,
        feature: WorkspaceFeature,
    ) -> Result<(), ManageError> {
        let snapshot = self.snapshot();
        match snapshot.documents.workspaces.get(workspace) {
            Some(found) if !tier::limits_of(found).has(feature) => {
                Err(RoomError::without(found, feature).into())
            }
            _ => Ok(()),
        }
    }

    /// What a workspace has of what it may have.
    pub fn room_used(&self, workspace: &Workspace) -> Vec<RoomUse> {
        let snapshot = self.snapshot();
        let used = |counted: Counted| {
            let (most, name) = counted.most(workspace);
            RoomUse { name, most, used: counted.count(&snapshot.documents, workspace.id) }
        };
        Counted::ALL.into_iter().map(used).collect()
    }
}

/// Why something is not written.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// It would be deleted, and must not be.
    #[error("the {what} `{name}` is protected; say `\"protect\": false` of it before you delete it")]
    Protected {
        /// `source`, `destination`, `connection` or `table`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A workspace would have too many.
    #[error(
        "the workspace `{workspace}` may have {most} {what} and has {used}; delete some, or have its limits raised by \
         the operator"
    )]
    Full {
        /// Its name.
        workspace: String,
        /// Of what.
        what: &'static str,
        /// How many it may have.
        most: u64,
        /// How many it has.
        used: u64,
    },
    /// A workspace is without a part of the product.
    #[error(
        "the workspace `{workspace}` may not have {about}: `{feature}` is off among its features; leave it out, or have \
         it turned on by the operator"
    )]
    Without {
        /// Its name.
        workspace: String,
        /// The name of the part.
        feature: &'static str,
        /// What it may not have.
        about: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RoomError {
    fn without(workspace: &Workspace, feature: WorkspaceFeature) -> Self {
        Self::Without { workspace: workspace.name.clone(), feature: feature.name(), about: feature.about() }
    }
}

impl From<RoomError> for ManageError {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::Store(store) => Self::Store(store),
            protected @ RoomError::Protected { .. } => Self::Conflict(protected.to_string()),
            over @ (RoomError::Full { .. } | RoomError::Without { .. }) => Self::OverLimit(over.to_string()),
        }
    }
}

impl From<RoomError> for UploadError {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::Store(store) => Self::Store(store),
            protected @ RoomError::Protected { .. } => Self::Conflict(protected.to_string()),
            over @ (RoomError::Full { .. } | RoomError::Without { .. }) => Self::OverLimit(over.to_string()),
        }
    }
}

/// Refuses to delete what is protected, by whichever door.
fn check_protected(documents: &Documents, writes: &[DocumentWrite]) -> Result<(), RoomError> {
    let protected = writes.iter().find_map(|write| {
        let found = match write {
            DocumentWrite::DeleteSource(id) => {
                documents.sources.get(*id).map(|found| (found.protect, "source", &found.name))
            }
            DocumentWrite::DeleteDestination(id) => {
                documents.destinations.get(*id).map(|found| (found.protect, "destination", &found.name))
            }
            DocumentWrite::DeleteConnection(id) => {
                documents.connections.get(*id).map(|found| (found.protect, "connection", &found.name))
            }
            DocumentWrite::DeleteTable(id) => {
                documents.tables.get(*id).map(|found| (found.protect, "table", &found.name))
            }
            _ => None,
        };
        found.filter(|(is_protected, ..)| *is_protected)
    });
    match protected {
        Some((_, what, name)) => Err(RoomError::Protected { what, name: name.clone() }),
        None => Ok(()),
    }
}

/// Whether all of this may be written.
pub(super) fn check(documents: &Documents, writes: &[DocumentWrite]) -> Result<(), RoomError> {
    check_protected(documents, writes)?;
    let mut touched: Vec<WorkspaceId> = writes.iter().filter_map(DocumentWrite::bounded_workspace).collect();
    touched.sort_unstable();
    touched.dedup();
    let bounded =
        touched.iter().filter_map(|id| documents.workspaces.get(*id)).filter(|found| found.is_bounded());
    let bounded: Vec<_> = bounded.collect();
    if bounded.is_empty() {
        return Ok(());
    }
    if let Some((workspace, feature)) = features::first_missing(documents, writes, &bounded) {
        return Err(RoomError::without(workspace, feature));
    }
    let after = documents.with(documents.revision, writes);
    for workspace in bounded {
        for counted in Counted::ALL {
            let (Some(most), what) = counted.most(workspace) else { continue };
            let (used, wanted) =
                (counted.count(documents, workspace.id), counted.count(&after, workspace.id));
            if wanted > used && wanted > most {
                return Err(RoomError::Full { workspace: workspace.name.clone(), what, most, used });
            }
        }
    }
    Ok(())
}
