//! Requests that were turned away: told, and recorded with their cause, so that whoever sent them can be helped. Beyond
//! so many a second they are only counted, so that a flood fills no disk. Not here: why one is turned away (`accept`).

use bytes::Bytes;
use serde_json::json;

use crate::control::snapshot::SourceRuntime;
use crate::domain::event::Headers;
use crate::domain::id::RejectionId;
use crate::domain::plan::Rejection;
use crate::pipeline::AcceptError;
use crate::pipeline::Pipeline;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store as _;

/// Bytes of a refused body that are kept.
const BODY_MAX: usize = 16 << 10;

impl Pipeline {
    /// Records a refused request with its cause: what `accept` refused, and what the server
    /// refused before (`too_large`, `slow`).
    pub(super) fn record_rejection(
        &self,
        source: &SourceRuntime,
        error: &AcceptError,
        headers: Headers,
        body: Bytes,
    ) {
        let status = match error {
            AcceptError::Unverified { status, .. } => *status,
            AcceptError::TooLarge { .. } => 413,
            AcceptError::MethodNotAllowed { .. } => 405,
            AcceptError::UnknownEncoding { .. } => 415,
            AcceptError::BadEncoding { .. } => 400,
            AcceptError::Paused { .. } | AcceptError::Store(_) => 503,
            AcceptError::UnknownSource(_) => 404,
            AcceptError::OverLimit(over) => over.status(),
            AcceptError::Misfit { .. } => 422,
            AcceptError::MissingKey { .. } | AcceptError::BadKey | AcceptError::BadBasic => 401,
        };
        self.reject(source, error.code(), status, error.to_string(), headers, body);
    }

    /// Records a request that was turned away at a source.
    pub fn reject(
        &self,
        source: &SourceRuntime,
        code: &'static str,
        status: u16,
        detail: String,
        headers: Headers,
        body: Bytes,
    ) {
        let (observer, at, settings) = (self.observer(), self.now(), &source.source);
        observer.metrics.rejected(code);
        observer.counters.rejected(settings.id, code);
        observer.feed.tell(
            at,
            settings.workspace,
            "request.rejected",
            || json!({"source": settings.id, "code": code, "status": status, "detail": detail}),
        );
        if !self.rejections().may_record(at) {
            return;
        }
        let rejection = Rejection {
            id: RejectionId::from_bits(self.new_id()),
            workspace: settings.workspace,
            source: settings.id,
            at,
            status,
            code: code.to_owned(),
            detail,
            headers: source.hide.headers(&headers),
            body: body.slice(..body.len().min(BODY_MAX)),
        };
        self.store().note(Change { log: vec![LogEntry::Rejection(rejection)], ..Change::default() });
    }
}
