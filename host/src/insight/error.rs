//! Why steps could not be tried out. Not here: status codes (`http::problem` has the one table).

use crate::control::FieldFault;
use crate::shape::Exhausted;
use crate::store::StoreError;

/// Why steps could not be previewed.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The steps themselves are wrong.
    #[error("the steps cannot run")]
    Steps(Vec<FieldFault>),
    /// The payload is not JSON.
    #[error("the payload is not JSON: {0}")]
    Payload(String),
    /// The event does not exist.
    #[error("there is no event `{0}` in this workspace")]
    NoEvent(String),
    /// All of it together is more work than a request may cost.
    #[error(
        "the steps together take more work than a preview may cost: {0}, or try fewer steps at a time, or a smaller payload"
    )]
    TooCostly(Exhausted),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
