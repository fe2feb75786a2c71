//! What every request of one server shares: the rooms that the doors lead to, and HTTP's own. Not here: those rooms.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::control::Control;
use crate::delivery::Delivery;
use crate::http::background::Background;
use crate::http::idempotency::Memory;
use crate::http::openapi::Docs;
use crate::http::request::Shapes;
use crate::http::server::ServerLimits;
use crate::insight::Insight;
use crate::observe::Observer;
use crate::pipeline::Pipeline;

/// Where the doors lead.
#[derive(Clone, Debug)]
pub struct Doors {
    /// What operators set up.
    pub control: Control,
    /// Takes events in.
    pub pipeline: Pipeline,
    /// What is done to deliveries.
    pub delivery: Delivery,
    /// Answers questions.
    pub insight: Insight,
    /// Told of connections.
    pub observer: Arc<Observer>,
    /// Where requests are computed.
    pub background: Background,
}

/// One server's side of HTTP.
pub(crate) struct Site {
    /// Where the doors lead.
    pub doors: Doors,
    /// Scheme and authority under which the outside reaches this server, without a slash at the
    /// end.
    pub public_url: String,
    /// Limits of requests.
    pub limits: ServerLimits,
    /// Fires when the server begins to stop: endless answers end.
    pub closing: CancellationToken,
    /// Answers to writes with an idempotency key.
    pub memory: Memory,
    /// What its requests must look like.
    pub shapes: Shapes,
    /// The OpenAPI document.
    pub openapi: bytes::Bytes,
    /// The JSON Schema of configuration documents.
    pub config_schema: bytes::Bytes,
    /// What shows it to people.
    pub docs: Docs,
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
