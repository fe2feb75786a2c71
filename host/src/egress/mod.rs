//! Every outgoing request. A URL is checked when it is saved; a host's every address is checked
//! when it is dialled, and the checked address is the one dialled. Redirects are never followed.
//! Not here: what is sent, and what an answer means (`flow`, `rules`).

mod address;
mod connection;
mod error;
mod options;
mod pool;
mod send;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod url_check;

pub use address::Resolver;
pub use error::EgressError;
pub use options::EgressOptions;
pub use send::OutgoingRequest;
pub use send::Sent;
pub use target::Target;
pub use url_check::CheckedUrl;
pub use url_check::UrlRefusal;

use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsConnector;

/// The way out. One per server.
#[derive(Clone)]
pub struct Egress {
    inner: Arc<Inner>,
}

struct Inner {
    options: EgressOptions,
    tls: TlsConnector,
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Egress {
    /// Reads the certificates to trust; fails if there are none, or the extra file is unusable.
    pub fn new(options: EgressOptions) -> Result<Self, EgressError> {
        let tls = tls::connector(options.extra_ca.as_deref())?;
        Ok(Self { inner: Arc::new(Inner { options, tls }) })
    }

    /// Checks a URL as far as it can be without asking a name server: for saving.
    pub fn check_url(&self, url: &str) -> Result<CheckedUrl, UrlRefusal> {
        url_check::check(url, &self.inner.options)
    }

    /// A place to send to, with connections of its own.
    pub fn target(&self, url: &CheckedUrl) -> Arc<Target> {
        Arc::new(Target::new(url.clone()))
    }

    /// Sends a request and reads the answer, all within `timeout`. A bad peer is an outcome.
    pub async fn send(&self, target: &Target, request: OutgoingRequest, timeout: Duration) -> Sent {
        send::run(&self.inner, target, request, timeout).await
    }
}
