//! The table from the errors of the rooms below to problems. Every variant has its row; a new one does not
//! compile without.

use http::header::ACCEPT_ENCODING;
use http::header::ALLOW;
use http::header::RETRY_AFTER;
use http::header::WWW_AUTHENTICATE;

use crate::control::UploadError;
use crate::control::resources::ManageError;
use crate::http::background::BackgroundError;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::insight::PreviewError;
use crate::pipeline::AcceptError;
use crate::pipeline::OperateError;
use crate::pipeline::OverLimit;
use crate::sandbox::executable;
use crate::store::StoreError;

/// Seconds a client is asked to wait when the store is away.
const STORE_RETRY_AFTER_S: &str = "5";
/// And when too much is being computed for it already.
const CROWDED_RETRY_AFTER_S: &str = "1";

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull { .. } => {
                Self::new(Kind::StorageFull, "the disk has no space left for events; nothing was taken")
                    .header(RETRY_AFTER, STORE_RETRY_AFTER_S)
            }
            // Paths on the server are for its log, not for clients.
            StoreError::Locked { .. }
            | StoreError::Damaged { .. }
            | StoreError::NewerFormat { .. }
            | StoreError::Fenced { .. }
            | StoreError::Unavailable { .. } => {
                Self::new(Kind::Unavailable, "the store cannot be used at the moment; the log says why")
                    .header(RETRY_AFTER, STORE_RETRY_AFTER_S)
            }
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        let detail = error.to_string();
        let code = error.code();
        match error {
            AcceptError::UnknownSource(_) => Self::new(Kind::NotFound, detail),
            AcceptError::Paused { retry_after_s } => {
                Self::new(Kind::SourcePaused, detail).header(RETRY_AFTER, &retry_after_s.to_string())
            }
            AcceptError::MethodNotAllowed { allowed } => {
                Self::new(Kind::MethodNotAllowed, detail).header(ALLOW, &allowed.join(", "))
            }
            AcceptError::MissingKey { .. } => {
                Self::new(Kind::MissingKey, detail).header(WWW_AUTHENTICATE, "Bearer")
            }
            AcceptError::BadKey => Self::new(Kind::BadKey, detail).header(WWW_AUTHENTICATE, "Bearer"),
            AcceptError::BadBasic => {
                Self::new(Kind::BadCredentials, detail).header(WWW_AUTHENTICATE, "Basic realm=\"hookmill\"")
            }
            AcceptError::Unverified { status, .. } => {
                Self::new(Kind::Unverified, detail).status(status).code(code)
            }
            AcceptError::TooLarge { .. } => Self::new(Kind::TooLarge, detail),
            AcceptError::UnknownEncoding { .. } => {
                Self::new(Kind::UnsupportedMediaType, detail).header(ACCEPT_ENCODING, "gzip, deflate")
            }
            AcceptError::BadEncoding { .. } => Self::new(Kind::MalformedEncoding, detail),
            AcceptError::Misfit { faults, .. } => Self::invalid(Kind::PayloadMisfit, faults).detail(detail),
            AcceptError::OverLimit(limit) => limit.into(),
            AcceptError::Store(store) => store.into(),
        }
    }
}

impl From<OverLimit> for Problem {
    fn from(error: OverLimit) -> Self {
        let detail = error.to_string();
        match error.retry_after_s {
            Some(seconds) => Self::new(Kind::RateLimited, detail).header(RETRY_AFTER, &seconds.to_string()),
            None => Self::new(Kind::LimitReached, detail),
        }
    }
}

impl From<ManageError> for Problem {
    fn from(error: ManageError) -> Self {
        let detail = error.to_string();
        match error {
            ManageError::Invalid { what, faults } => Self::invalid(kind_of(what), faults),
            ManageError::NotFound { .. } => Self::new(Kind::NotFound, detail),
            ManageError::Conflict(_) => Self::new(Kind::Conflict, detail),
            ManageError::Stale => Self::new(Kind::PlanStale, detail),
            ManageError::OverLimit(_) => Self::new(Kind::LimitReached, detail),
            ManageError::Forbidden(_) => Self::new(Kind::Forbidden, detail),
            ManageError::Store(store) => store.into(),
        }
    }
}

fn kind_of(what: &str) -> Kind {
    match what {
        "workspace" => Kind::InvalidWorkspace,
        "API key" => Kind::InvalidApiKey,
        "key" => Kind::InvalidKey,
        "source" => Kind::InvalidSource,
        "destination" => Kind::InvalidDestination,
        "secret" => Kind::InvalidSecret,
        "connection" => Kind::InvalidConnection,
        "table" => Kind::InvalidTable,
        "event type" => Kind::InvalidEventType,
        "configuration" => Kind::InvalidConfiguration,
        "comparison" => Kind::InvalidComparison,
        "rollout" => Kind::InvalidRollout,
        _ => Kind::InvalidRequest,
    }
}

impl From<OperateError> for Problem {
    fn from(error: OperateError) -> Self {
        let detail = error.to_string();
        match error {
            OperateError::NotFound { .. } => Self::new(Kind::NotFound, detail),
            OperateError::Conflict(_) => Self::new(Kind::Conflict, detail),
            OperateError::Store(store) => store.into(),
        }
    }
}

impl From<PreviewError> for Problem {
    fn from(error: PreviewError) -> Self {
        let detail = error.to_string();
        match error {
            PreviewError::Steps(faults) => {
                let below = |mut fault: crate::control::FieldFault| {
                    fault.pointer.insert_str(0, "/steps");
                    fault
                };
                Self::invalid(Kind::InvalidPreview, faults.into_iter().map(below).collect())
            }
            PreviewError::Payload(fault) => {
                let fault = crate::control::FieldFault { pointer: "/payload".into(), detail: fault };
                Self::invalid(Kind::InvalidPreview, vec![fault])
            }
            PreviewError::NoEvent(_) => Self::new(Kind::NotFound, detail),
            PreviewError::TooCostly(_) => Self::new(Kind::TooCostly, detail),
            PreviewError::Store(store) => store.into(),
        }
    }
}

impl From<BackgroundError> for Problem {
    fn from(error: BackgroundError) -> Self {
        let detail = error.to_string();
        match error {
            BackgroundError::Crowded => {
                Self::new(Kind::TooManyRequests, detail).header(RETRY_AFTER, CROWDED_RETRY_AFTER_S)
            }
            BackgroundError::Lost => Self::new(Kind::Internal, detail),
        }
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let detail = error.to_string();
        match error {
            UploadError::Refused { code, .. } => Self::new(Kind::PluginRefused, detail).code(code),
            UploadError::BadName(_) => Self::new(Kind::InvalidPlugin, detail),
            UploadError::NotFound(_) => Self::new(Kind::NotFound, detail),
            UploadError::Conflict(_) => Self::new(Kind::Conflict, detail),
            UploadError::OverLimit(_) => Self::new(Kind::LimitReached, detail),
            UploadError::Host(detail) => {
                tracing::error!(error = %detail, "could not examine a plugin");
                // What the system forbids is nobody's secret, and the upload may be as good as any.
                match executable::hindrance() {
                    Some(hindrance) => Self::new(Kind::Unavailable, hindrance),
                    None => Self::new(
                        Kind::Internal,
                        "the gateway could not examine the component; the log says why",
                    ),
                }
            }
            UploadError::Store(store) => store.into(),
        }
    }
}
