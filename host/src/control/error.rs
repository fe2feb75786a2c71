//! What can be wrong with what somebody wants to set up. Not here: resources (`resources::error`), status codes
//! (`http::problem` has the one table).

use crate::domain::plugin::Fault;
use crate::store::StoreError;

/// Faults told of one request; looking for more is work, and nobody reads them.
pub(crate) const FAULTS_MAX: usize = 100;

/// A fault in a document somebody wants to save: where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// JSON pointer into the document.
    pub pointer: String,
    /// What was seen and what was wanted.
    pub detail: String,
}

/// Why an upload was refused.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The component was examined and refused.
    #[error("{detail}")]
    Refused {
        /// A stable name such as `not_wasm` or `example_failed`.
        code: &'static str,
        /// What and why.
        detail: String,
        /// The fault of a trial run, if that was it.
        fault: Option<Fault>,
    },
    /// The name or digest is not usable.
    #[error("{0}")]
    BadName(String),
    /// There is no such plugin or version.
    #[error("there is no plugin `{0}` in this workspace")]
    NotFound(String),
    /// It is in use.
    #[error("{0}")]
    Conflict(String),
    /// The workspace may not have more of it.
    #[error("{0}")]
    OverLimit(String),
    /// The gateway failed.
    #[error("the gateway could not examine the component: {0}")]
    Host(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
