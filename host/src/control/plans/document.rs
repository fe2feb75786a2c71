//! What there is and will be under the names of documents, and the plan that leads there. Not here: how it is made
//! (`plan`).

use std::sync::Arc;

use sha2::Digest as _;
use sha2::Sha256;

use crate::control::plans::Wanted;
use crate::control::plans::WantedDraft;
use crate::control::resources::NewKey;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::control::snapshot::Resource;
use crate::domain::config::Connection;
use crate::domain::config::DocumentSet;
use crate::domain::config::PluginConfig;
use crate::domain::config::Source;
use crate::domain::config::Workspace;
use crate::domain::destination::Destination;
use crate::domain::event_type::EventType;
use crate::domain::id::WorkspaceId;
use crate::domain::sealed::SealedSecret;
use crate::domain::secret::Secret;
use crate::domain::table::Table;

/// What there is, or will be, under a document's name.
#[derive(Clone, Debug)]
pub enum ConfigDocument {
    /// A source.
    Source(Arc<Source>),
    /// A destination.
    Destination(Arc<Destination>),
    /// A connection.
    Connection(Arc<Connection>),
    /// A table.
    Table(Arc<Table>),
    /// An entry of the event catalogue.
    EventType(Arc<EventType>),
    /// A tenant.
    Workspace(Arc<Workspace>),
    /// A secret, sealed.
    Secret(Arc<SealedSecret>),
    /// A plugin, with its versions.
    Plugin(Arc<PluginConfig>),
}

/// What a document comes to.
#[derive(Debug)]
pub struct PlannedChange {
    /// Which of the documents, from 0.
    pub place: usize,
    /// What there is; nothing: it is made.
    pub before: Option<ConfigDocument>,
    /// What there will be.
    pub after: ConfigDocument,
    /// The first key of a new source or workspace.
    pub key: Option<NewKey>,
    /// The secret that a destination begins to sign with, if it was made for it.
    pub secret: Option<Secret>,
}

/// What documents come to, in the order in which it is done.
#[derive(Debug)]
pub struct ConfigPlan {
    /// One for each document, also where nothing changes.
    pub changes: Vec<PlannedChange>,
    /// What its set has no more, in the order in which it is deleted.
    pub deletes: Vec<ConfigDocument>,
    /// The set, where what belongs to it changes.
    pub set: Option<DocumentSet>,
    /// The configuration with all of it.
    pub documents: Documents,
    /// Of the configuration it was made from.
    pub base: [u8; 32],
}

impl ConfigDocument {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Source(document) => &document.name,
            Self::Destination(document) => &document.name,
            Self::Connection(document) => &document.name,
            Self::Table(document) => &document.name,
            Self::EventType(document) => &document.name,
            Self::Workspace(document) => &document.name,
            Self::Secret(document) => document.name.as_str(),
            Self::Plugin(document) => &document.name,
        }
    }

    /// How it comes into force.
    pub(super) fn write(&self) -> DocumentWrite {
        match self {
            Self::Source(document) => DocumentWrite::PutSource(Box::new(document.as_ref().clone())),
            Self::Destination(document) => DocumentWrite::PutDestination(document.as_ref().clone()),
            Self::Connection(document) => DocumentWrite::PutConnection(document.as_ref().clone()),
            Self::Table(document) => DocumentWrite::PutTable(document.as_ref().clone()),
            Self::EventType(document) => DocumentWrite::PutEventType(document.as_ref().clone()),
            Self::Workspace(document) => DocumentWrite::PutWorkspace(document.as_ref().clone()),
            Self::Secret(document) => DocumentWrite::PutSecret(document.as_ref().clone()),
            Self::Plugin(document) => DocumentWrite::PutPlugin(document.as_ref().clone()),
        }
    }

    /// As it is stored, to see whether something differs.
    fn stored(&self) -> Vec<u8> {
        let (_, document) = self.write().to_stored();
        document.unwrap_or_default()
    }
}

impl PlannedChange {
    /// Whether anything is to be done.
    pub fn differs(&self) -> bool {
        self.before.as_ref().is_none_or(|before| before.stored() != self.after.stored())
    }
}

/// A digest of what plans of a workspace are made from, the versions of its plugins among it. Other workspaces are not,
/// unless the plan says something of them. The values of secrets are not in it.
pub(super) fn base(documents: &Documents, workspace: WorkspaceId, wanted: &[Wanted]) -> [u8; 32] {
    let mut hash = Sha256::new();
    add(&mut hash, documents.sources.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.destinations.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.connections.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.tables.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.event_types.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.sets.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.plugins.of(workspace).map(AsRef::as_ref));
    if wanted.iter().any(|wanted| matches!(wanted.draft, WantedDraft::Workspace(_))) {
        add(&mut hash, documents.workspaces.all().map(AsRef::as_ref));
    }
    hash.finalize().into()
}

fn add<'d, T: Resource + 'd>(hash: &mut Sha256, documents: impl Iterator<Item = &'d T>) {
    for document in documents {
        let bytes = serde_json::to_vec(document).expect("documents have string keys only");
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
}
