//! What is wanted: documents as far as they could be read, and the set that they are. Not here: what they come to (`plan`).

use serde::Deserialize;
use serde::Serialize;

use crate::control::FieldFault;
use crate::control::resources::ConnectionDraft;
use crate::control::resources::DestinationDraft;
use crate::control::resources::EventTypeDraft;
use crate::control::resources::GivenCredentials;
use crate::control::resources::PluginDraft;
use crate::control::resources::SecretDraft;
use crate::control::resources::SourceDraft;
use crate::control::resources::TableDraft;
use crate::control::resources::WorkspaceDraft;

/// A document that is wanted, as far as it could be read.
#[derive(Debug)]
pub struct Wanted {
    /// What it says.
    pub draft: WantedDraft,
    /// The name that it has had, if it is to have another one.
    pub was: Option<String>,
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
    /// A table.
    Table(Box<TableDraft>),
    /// An entry of the event catalogue.
    EventType(Box<EventTypeDraft>),
    /// A tenant.
    Workspace(Box<WorkspaceDraft>),
    /// A secret.
    Secret(SecretDraft),
    /// A plugin.
    Plugin(PluginDraft),
}

impl WantedDraft {
    /// What others name comes before them.
    pub(super) fn order(&self) -> u8 {
        match self {
            Self::Workspace(_) => 0,
            Self::Secret(_) => 1,
            Self::Plugin(_) => 2,
            Self::EventType(_) => 3,
            Self::Table(_) => 4,
            Self::Source(_) => 5,
            Self::Destination(..) => 6,
            Self::Connection(_) => 7,
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Source(draft) => draft.name.as_deref(),
            Self::Destination(draft, _) => draft.name.as_deref(),
            Self::Connection(draft) => draft.name.as_deref(),
            Self::Table(draft) => draft.name.as_deref(),
            Self::EventType(draft) => draft.name.as_deref(),
            Self::Workspace(draft) => draft.name.as_deref(),
            Self::Secret(draft) => draft.name.as_deref(),
            Self::Plugin(draft) => draft.name.as_deref(),
        }
    }
}

/// Which set documents are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WantedSet {
    /// Its name.
    pub name: String,
    /// Whether what it has and the documents have not is deleted; it stays in the set if not.
    pub prune: bool,
    /// More than so many are not deleted at once.
    pub deletes_max: usize,
}
