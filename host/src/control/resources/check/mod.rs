//! What the resources have in common when a change is looked at: the collector of faults (`error`), names, headers and
//! numbers (`fields`), who uses what (`references`), one by id or name (`find`), credentials that may not move to another
//! host (`moved`), retry policies (`retry`), basic authentication (`basic`). Not here: a resource.

pub(super) mod basic;
mod error;
pub(super) mod fields;
pub(super) mod find;
pub(super) mod moved;
pub(super) mod references;
pub(super) mod retry;

pub use basic::BasicDraft;
pub(crate) use error::Faults;
pub use error::ManageError;
pub use moved::GivenCredentials;
pub(in crate::control) use references::check_destination;
pub(in crate::control) use references::check_source;
pub use retry::DELAY_MAX;
