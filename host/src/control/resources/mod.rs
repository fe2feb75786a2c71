//! Creating, changing and deleting what operators set up. A draft has what the request gave, and
//! nothing else; each function reads the configuration, finds every fault, and writes, all under
//! one guard. Not here: how a draft is read from JSON (`http`), how documents are stored
//! (`write`).

mod budget;
mod check;
mod connection;
mod destination;
pub(in crate::control) mod event_type;
mod key;
mod rotation;
mod secret;
mod signing;
mod source;
mod table;
pub mod transport;
mod verification;
mod workspace;

pub use budget::PluginDraft;
pub use check::BasicDraft;
pub use check::DELAY_MAX;
pub(crate) use check::Faults;
pub use check::GivenCredentials;
pub use check::ManageError;
pub(in crate::control) use check::check_destination;
pub(in crate::control) use check::check_source;
pub use connection::AskPlugins;
pub use connection::ConnectionDraft;
pub use connection::PUBLISHED;
pub use destination::DestinationDraft;
pub use destination::HIDDEN;
pub use destination::NewDestination;
pub use event_type::EventTypeDraft;
pub use key::ApiKeyDraft;
pub use key::NewKey;
pub(in crate::control) use key::keys_of;
pub use secret::SecretDraft;
pub use signing::SigningDraft;
pub use source::NewSource;
pub use source::SourceDraft;
pub use table::ColumnDraft;
pub use table::NewTable;
pub use table::TableDraft;
pub(in crate::control) use table::check_unfilled;
pub(in crate::control) use table::check_unheard;
pub use verification::VerificationDraft;
pub use workspace::NewWorkspace;
pub use workspace::WorkspaceDraft;
