//! What documents mean where this configuration is in force: each is compared with the one of its name, and what has to
//! be written is noted. Nothing is written here.

use std::sync::Arc;

use sha2::Digest as _;
use sha2::Sha256;

use crate::control::Control;
use crate::control::FAULTS_MAX;
use crate::control::FieldFault;
use crate::control::plans::WantedSet;
use crate::control::resources::AskPlugins;
use crate::control::resources::ConnectionDraft;
use crate::control::resources::DestinationDraft;
use crate::control::resources::Faults;
use crate::control::resources::GivenCredentials;
use crate::control::resources::ManageError;
use crate::control::resources::NewDestination;
use crate::control::resources::NewKey;
use crate::control::resources::SourceDraft;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::control::snapshot::Resource;
use crate::domain::config::Connection;
use crate::domain::config::DocumentSet;
use crate::domain::config::Source;
use crate::domain::destination::Destination;
use crate::domain::destination::DestinationKind;
use crate::domain::id::WorkspaceId;
use crate::domain::secret::Secret;

/// A document that is wanted, as far as it could be read.
#[derive(Debug)]
pub struct Wanted {
    /// What it says.
    pub draft: WantedDraft,
    /// What was found wrong while it was read.
    pub faults: Vec<FieldFault>,
}

/// What a document says, by its kind.
#[derive(Debug)]
pub enum WantedDraft {
    /// A source.
    Source(Box<SourceDraft>),
    /// A destination, and which credentials the document has itself.
    Destination(Box<DestinationDraft>, GivenCredentials),
    /// A connection.
    Connection(Box<ConnectionDraft>),
}

impl WantedDraft {
    /// Sources and destinations come before what names them.
    fn order(&self) -> u8 {
        match self {
            Self::Source(_) => 0,
            Self::Destination(..) => 1,
            Self::Connection(_) => 2,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Source(draft) => draft.name.as_deref(),
            Self::Destination(draft, _) => draft.name.as_deref(),
            Self::Connection(draft) => draft.name.as_deref(),
        }
    }
}

/// What there is, or will be, under a document's name.
#[derive(Clone, Debug)]
pub enum ConfigDocument {
    /// A source.
    Source(Arc<Source>),
    /// A destination.
    Destination(Arc<Destination>),
    /// A connection.
    Connection(Arc<Connection>),
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
    /// The first key of a new source.
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

impl Control {
    /// What these documents come to in a workspace now. `ManageError::Invalid` has the faults of all of them, each at
    /// `/documents/{place}` and below.
    pub async fn plan_config(
        &self,
        workspace: WorkspaceId,
        wanted: Vec<Wanted>,
        set: Option<&WantedSet>,
    ) -> Result<ConfigPlan, ManageError> {
        let snapshot = self.snapshot().clone();
        self.plan_from(&snapshot.documents, workspace, wanted, set, AskPlugins::Yes).await
    }

    pub(super) async fn plan_from(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        wanted: Vec<Wanted>,
        set: Option<&WantedSet>,
        ask: AskPlugins,
    ) -> Result<ConfigPlan, ManageError> {
        let mut faults = Faults::of("configuration", Vec::new());
        let mut plan = ConfigPlan {
            changes: Vec::new(),
            deletes: Vec::new(),
            set: None,
            documents: documents.clone(),
            base: base(documents, workspace),
        };
        let mut wanted: Vec<(usize, Wanted)> = wanted.into_iter().enumerate().collect();
        find_doubles(&wanted, &mut faults);
        wanted.sort_by_key(|(_, wanted)| wanted.draft.order());
        for (place, wanted) in wanted {
            // Nobody reads more.
            if faults.count() >= FAULTS_MAX {
                break;
            }
            let mut own = Faults::of("configuration", wanted.faults);
            let change =
                self.change(&plan.documents, workspace, (place, wanted.draft), ask, &mut own).await?;
            faults.add_below(&format!("/documents/{place}"), own.into_inner());
            plan.documents.change(change.after.write());
            plan.changes.push(change);
        }
        if let Some(set) = set {
            self.plan_set(&mut plan, workspace, set, &mut faults);
        }
        faults.done()?;
        Ok(plan)
    }

    /// What this document would be if it said nothing but what it is.
    pub fn default_document(&self, document: &ConfigDocument) -> ConfigDocument {
        match document {
            ConfigDocument::Source(source) => ConfigDocument::Source(self.default_source(source).into()),
            ConfigDocument::Destination(found) => {
                let default = self.blank_destination(found.workspace, DestinationKind::Http);
                ConfigDocument::Destination(default.into())
            }
            ConfigDocument::Connection(found) => {
                ConfigDocument::Connection(self.blank_connection(found.workspace).into())
            }
        }
    }

    async fn change(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        (place, draft): (usize, WantedDraft),
        ask: AskPlugins,
        faults: &mut Faults,
    ) -> Result<PlannedChange, ManageError> {
        Ok(match draft {
            WantedDraft::Source(draft) => {
                let (old, source) = self.whole_source(documents, workspace, *draft, faults);
                let key = old
                    .is_none()
                    .then(|| self.make_key(workspace, &source.name, Vec::new(), Some(source.id)));
                let before = old.map(ConfigDocument::Source);
                PlannedChange {
                    place,
                    before,
                    after: ConfigDocument::Source(source.into()),
                    key,
                    secret: None,
                }
            }
            WantedDraft::Destination(draft, given) => {
                let (old, new) = self.whole_destination(documents, workspace, *draft, given, faults);
                let NewDestination { destination, secret } = new;
                let before = old.map(ConfigDocument::Destination);
                let after = ConfigDocument::Destination(destination.into());
                PlannedChange { place, before, after, key: None, secret }
            }
            WantedDraft::Connection(draft) => {
                let (old, connection) =
                    self.whole_connection(documents, workspace, *draft, ask, faults).await?;
                let before = old.map(ConfigDocument::Connection);
                let after = ConfigDocument::Connection(connection.into());
                PlannedChange { place, before, after, key: None, secret: None }
            }
        })
    }
}

/// Two documents of one kind and name contradict each other.
fn find_doubles(wanted: &[(usize, Wanted)], faults: &mut Faults) {
    let mut first = std::collections::HashMap::new();
    for (place, wanted) in wanted {
        let Some(name) = wanted.draft.name() else { continue };
        if let Some(earlier) = first.insert((wanted.draft.order(), name), *place) {
            let detail = format!("/documents/{earlier} has this name already; put them together");
            faults.add(format!("/documents/{place}/name"), detail);
        }
    }
}

impl ConfigDocument {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Source(document) => &document.name,
            Self::Destination(document) => &document.name,
            Self::Connection(document) => &document.name,
        }
    }

    /// How it comes into force.
    pub(super) fn write(&self) -> DocumentWrite {
        match self {
            Self::Source(document) => DocumentWrite::PutSource(Box::new(document.as_ref().clone())),
            Self::Destination(document) => DocumentWrite::PutDestination(document.as_ref().clone()),
            Self::Connection(document) => DocumentWrite::PutConnection(document.as_ref().clone()),
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

/// A digest of what plans of a workspace are made from, the versions of its plugins among it. Other workspaces are not.
pub(super) fn base(documents: &Documents, workspace: WorkspaceId) -> [u8; 32] {
    let mut hash = Sha256::new();
    add(&mut hash, documents.sources.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.destinations.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.connections.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.sets.of(workspace).map(AsRef::as_ref));
    add(&mut hash, documents.plugins.of(workspace).map(AsRef::as_ref));
    hash.finalize().into()
}

fn add<'d, T: Resource + 'd>(hash: &mut Sha256, documents: impl Iterator<Item = &'d T>) {
    for document in documents {
        let bytes = serde_json::to_vec(document).expect("documents have string keys only");
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
}
