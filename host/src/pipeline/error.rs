//! Why an event was not taken, or something of an event could not be done. Not here: status codes (`http::problem` has
//! the one table).

use crate::control::FieldFault;
use crate::domain::workspace_limits::EventLimit;
use crate::store::StoreError;

/// A workspace has taken in what it may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the workspace may take {most} {}; {until}", in_words(*limit))]
pub struct OverLimit {
    /// Which limit.
    pub limit: EventLimit,
    /// How much it is.
    pub most: u64,
    /// From when on it takes more, in words.
    pub until: String,
    /// Seconds to wait, if trying again soon makes sense.
    pub retry_after_s: Option<u64>,
}

impl OverLimit {
    /// The status it is answered with: 429 if trying again soon makes sense, else 402.
    pub const fn status(&self) -> u16 {
        if self.retry_after_s.is_some() { 429 } else { 402 }
    }
}

fn in_words(limit: EventLimit) -> &'static str {
    match limit {
        EventLimit::EventsPerSecond => "events a second",
        EventLimit::EventsPerMonth => "events a month",
        EventLimit::BytesPerMonth => "bytes a month",
    }
}

/// The first of them, and how many there are.
fn in_short(faults: &[FieldFault]) -> String {
    let Some(first) = faults.first() else { return "it cannot be said why".to_owned() };
    let place = if first.pointer.is_empty() { "" } else { " at " };
    let more = if faults.len() > 1 { format!(" (and {} more)", faults.len() - 1) } else { String::new() };
    format!("{}{place}{}{more}", first.detail, first.pointer)
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// No source has that id, and none of the first workspace that name.
    #[error(
        "there is no source `{0}`; its URL is shown when it is created and by `GET /v1/sources`. \
         Names lead only to sources of the first workspace"
    )]
    UnknownSource(String),
    /// The source is paused.
    #[error("the source is paused; try again after {retry_after_s} s")]
    Paused {
        /// Seconds.
        retry_after_s: u64,
    },
    /// The source does not take this method.
    #[error("this source takes {}", allowed.join(", "))]
    MethodNotAllowed {
        /// Upper case.
        allowed: Vec<String>,
    },
    /// The source wants a key and there was none.
    #[error("this source wants one of its keys, as `Authorization: Bearer …` or in the header `{header}`")]
    MissingKey {
        /// The header besides `Authorization`.
        header: String,
    },
    /// The key is not one of the source's, or has expired.
    #[error("the key is not one of this source's, or has expired")]
    BadKey,
    /// Name or password are wrong, or missing.
    #[error("this source wants HTTP basic authentication, and name or password are wrong or missing")]
    BadBasic,
    /// The signature did not vouch for the request.
    #[error("{detail}")]
    Unverified {
        /// The status the scheme wants for it.
        status: u16,
        /// A stable name.
        code: &'static str,
        /// In words.
        detail: String,
    },
    /// The body is longer than allowed.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// The body was compressed in a way that nothing here can undo.
    #[error("the body is compressed with `{name}`; send it as gzip, deflate, or as it is")]
    UnknownEncoding {
        /// As the header `content-encoding` names it.
        name: String,
    },
    /// The body is not what the header `content-encoding` says.
    #[error("{detail}")]
    BadEncoding {
        /// What was wrong.
        detail: String,
    },
    /// The payload does not fit the schema that the event catalogue has for its type.
    #[error("the payload does not fit the schema of `{event_type}`: {}", in_short(faults))]
    Misfit {
        /// The event's type.
        event_type: String,
        /// Where it does not, from the payload on.
        faults: Vec<FieldFault>,
    },
    /// The workspace has taken in what it may.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
    /// The store would not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AcceptError {
    /// A stable name, for the record of rejections and the metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownSource(_) => "unknown_source",
            Self::Paused { .. } => "paused",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::MissingKey { .. } => "missing_key",
            Self::BadKey => "bad_key",
            Self::Misfit { .. } => "schema",
            Self::BadBasic => "bad_basic",
            Self::Unverified { code, .. } => code,
            Self::TooLarge { .. } => "too_large",
            Self::UnknownEncoding { .. } => "unknown_encoding",
            Self::BadEncoding { .. } => "bad_encoding",
            Self::OverLimit(over) => over.limit.name(),
            Self::Store(_) => "store",
        }
    }
}

/// The store has gone away in the middle of a question.
pub(crate) fn store_closed() -> StoreError {
    StoreError::Unavailable { detail: "the store answered nothing".into() }
}

/// Why a delivery could not be retried, cancelled or tested.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// There is no such thing in this workspace.
    #[error("there is no {what} `{id}` in this workspace")]
    NotFound {
        /// `delivery`, `event`, `destination`, ….
        what: &'static str,
        /// As it was asked for.
        id: String,
    },
    /// It is in a state that does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
