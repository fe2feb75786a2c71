//! Settings of the way out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::egress::names::resolver::Resolver;
use crate::rules::address::UrlPolicy;

/// Settings of one [`Egress`](crate::egress::Egress).
#[derive(Clone, Debug)]
pub struct EgressOptions {
    /// Networks that may be called although they are no public unicast.
    pub allow: Vec<IpNet>,
    /// Host names whose addresses are not checked, lower case.
    pub allow_hosts: Vec<String>,
    /// Whether plain HTTP is allowed.
    pub allow_http: bool,
    /// `User-Agent` of every request that brings none.
    pub user_agent: String,
    /// Certificate authorities to trust besides the system's, PEM.
    pub extra_ca: Option<PathBuf>,
    /// How long connecting may take: name resolution, TCP and TLS; every address of the name gets
    /// its share.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept. Shorter than what servers use, so that a request
    /// seldom meets a connection that is just being closed.
    pub idle_timeout: Duration,
    /// Bytes kept of an answer's body.
    pub response_bytes_max: usize,
    /// Who turns names into addresses.
    pub resolver: Arc<Resolver>,
}

impl Default for EgressOptions {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            allow_hosts: Vec::new(),
            allow_http: false,
            user_agent: concat!("hookmill/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_ca: None,
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(15),
            response_bytes_max: 16 << 10,
            resolver: Arc::new(Resolver::System),
        }
    }
}

impl EgressOptions {
    /// What a URL is held to.
    pub(super) fn url_policy(&self) -> UrlPolicy<'_> {
        UrlPolicy { http: self.allow_http, networks: &self.allow, hosts: &self.allow_hosts }
    }
}
