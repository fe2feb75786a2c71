//! The way out as others use it. Not here: how any of it is done.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::domain::delivery::SendError;
use crate::egress::connect::tls;
use crate::egress::error::EgressError;
use crate::egress::exchange::outgoing::OutgoingRequest;
use crate::egress::exchange::send;
use crate::egress::exchange::send::Sent;
use crate::egress::inner::EgressShared;
use crate::egress::names::resolver::Names;
use crate::egress::options::EgressOptions;
use crate::egress::target::Target;
use crate::rules::address::CheckedUrl;
use crate::rules::address::UrlRefusal;
use crate::rules::address::check_url;

/// The way out. One per server.
#[derive(Clone)]
pub struct Egress {
    pub(super) inner: Arc<EgressShared>,
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Egress {
    /// Reads the certificates to trust; fails if a setting is unusable.
    pub fn new(options: EgressOptions) -> Result<Self, EgressError> {
        let tls = tls::connector(options.extra_ca.as_deref())?;
        let user_agent = user_agent(&options)?;
        // The rest is for the connection itself, and for saying that no name was found.
        let patience = options.connect_timeout * 4 / 5;
        let names = Names::new(&options.resolver, patience);
        Ok(Self { inner: Arc::new(EgressShared { options, user_agent, tls, names }) })
    }

    /// Whether [`Egress::new`] would take these, without what it reads of the system.
    pub fn check(options: &EgressOptions) -> Result<(), EgressError> {
        user_agent(options)?;
        tls::check_extra(options.extra_ca.as_deref())
    }

    /// Checks a URL as far as it can be without asking a name server: for saving.
    pub fn check_url(&self, url: &str) -> Result<CheckedUrl, UrlRefusal> {
        check_url(url, &self.inner.options.url_policy())
    }

    /// A place to send to, with connections of its own, which close when the last user drops it.
    pub fn target(&self, url: &CheckedUrl) -> Arc<Target> {
        Arc::new(Target::new(url.clone()))
    }

    /// Sends a request and reads the answer, all within `timeout`. A bad peer is an outcome, not
    /// an error. Dropping the future closes the connection in use.
    pub async fn send(&self, target: &Target, request: OutgoingRequest, timeout: Duration) -> Sent {
        self.send_made(target, &|| Ok(request.clone()), timeout).await
    }

    /// The same for a request that `made` makes, equal each time it is called: for each connection it is tried on.
    pub async fn send_made(
        &self,
        target: &Target,
        made: &(dyn Fn() -> Result<OutgoingRequest, SendError> + Sync),
        timeout: Duration,
    ) -> Sent {
        send::run(&self.inner, target, made, timeout, self.kept_bytes()).await
    }

    /// The same, reading so many bytes of the answer's body, or as many as are kept if that is more.
    pub async fn send_and_read(
        &self,
        target: &Target,
        made: &(dyn Fn() -> Result<OutgoingRequest, SendError> + Sync),
        timeout: Duration,
        bytes: usize,
    ) -> Sent {
        send::run(&self.inner, target, made, timeout, bytes.max(self.kept_bytes())).await
    }

    /// Bytes of an answer's body that are kept of deliveries.
    pub fn kept_bytes(&self) -> usize {
        self.inner.options.response_bytes_max
    }

    /// The same as `send`, keeping so many bytes of the answer's body.
    pub async fn fetch(
        &self,
        target: &Target,
        request: OutgoingRequest,
        timeout: Duration,
        response_bytes_max: usize,
    ) -> Sent {
        send::run(&self.inner, target, &|| Ok(request.clone()), timeout, response_bytes_max).await
    }
}

fn user_agent(options: &EgressOptions) -> Result<HeaderValue, EgressError> {
    HeaderValue::from_str(&options.user_agent).map_err(|_| EgressError::UserAgent(options.user_agent.clone()))
}
