//! What all requests share. Not here: making one.

use std::sync::Arc;

use http::HeaderValue;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use crate::egress::options::EgressOptions;

/// See the head of this file.
pub(super) struct EgressShared {
    pub(super) options: EgressOptions,
    pub(super) user_agent: HeaderValue,
    pub(super) tls: TlsConnector,
    pub(super) lookups: Arc<Semaphore>,
}
