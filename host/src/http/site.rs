//! What every request of one server shares. Not here: the gateway itself (`flow`).

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::flow::Gateway;
use crate::http::idempotency::Memory;
use crate::http::server::ServerLimits;

/// One server's side of HTTP.
pub(crate) struct Site {
    /// The gateway.
    pub gateway: Gateway,
    /// Scheme and authority under which the outside reaches this server, without a slash at the
    /// end.
    pub public_url: String,
    /// Limits of requests.
    pub limits: ServerLimits,
    /// Fires when the server begins to stop: endless answers end.
    pub closing: CancellationToken,
    /// Answers to writes with an idempotency key.
    pub memory: Memory,
    /// The OpenAPI document.
    pub openapi: bytes::Bytes,
    /// The readable page made from it, and its content security policy.
    pub docs: crate::http::docs::Page,
}

impl Site {
    /// How long a body may take.
    pub(crate) fn body_deadline(&self) -> Duration {
        self.limits.body_timeout
    }

    /// The URL of a source.
    pub(crate) fn source_url(&self, id: impl std::fmt::Display) -> String {
        format!("{}/in/{id}", self.public_url)
    }
}
