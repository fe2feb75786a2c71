//! Creating, changing and deleting what operators set up. A draft has what the request gave, and
//! nothing else; each function reads the configuration, finds every fault, and writes, all under
//! one guard. Not here: how a draft is read from JSON (`http`), how documents are stored
//! (`write`).

mod budget;
mod connection;
mod destination;
mod error;
mod fields;
mod key;
mod moved;
mod references;
mod retry;
mod secret;
mod signing;
mod source;
mod verification;
mod workspace;

pub use connection::ConnectionDraft;
pub use connection::PUBLISHED;
pub use destination::AuthDraft;
pub use destination::BasicDraft;
pub use destination::DestinationDraft;
pub use destination::HIDDEN;
pub use destination::NewDestination;
pub(crate) use error::Faults;
pub use error::ManageError;
pub use key::ApiKeyDraft;
pub use key::NewKey;
pub use retry::DELAY_MAX;
pub use signing::SigningDraft;
pub use source::NewSource;
pub use source::SourceDraft;
pub use verification::VerificationDraft;
pub use workspace::NewWorkspace;
