//! What all requests share. Not here: making one.

use http::HeaderValue;
use tokio_rustls::TlsConnector;

use crate::egress::names::resolver::Names;
use crate::egress::options::EgressOptions;

/// See the head of this file.
pub(super) struct EgressShared {
    pub(super) options: EgressOptions,
    pub(super) user_agent: HeaderValue,
    pub(super) tls: TlsConnector,
    pub(super) names: Names,
}
