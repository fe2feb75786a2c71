//! From a host to the one address that is dialled. Every address of a name is checked; one that
//! is refused refuses them all, so that a name cannot slip a private address in among public ones.

use std::net::IpAddr;
use std::net::SocketAddr;

use url::Host;

use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::SendError;
use crate::egress::options::EgressOptions;
use crate::egress::target::Target;
use crate::rules::address;

/// Who turns names into addresses.
pub enum Resolver {
    /// The system, as every other program.
    System,
    /// Somebody else; for tests.
    Given(Box<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>),
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Given(_) => "Given",
        })
    }
}

impl Resolver {
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<IpAddr>, String> {
        match self {
            Self::Given(resolve) => Ok(resolve(host)),
            Self::System => {
                let found = tokio::net::lookup_host((host, port)).await;
                found
                    .map(|found| found.map(|address| address.ip()).collect())
                    .map_err(|error| error.to_string())
            }
        }
    }
}

/// The addresses to try, all of them allowed.
pub(super) async fn addresses(
    options: &EgressOptions,
    target: &Target,
) -> Result<Vec<SocketAddr>, SendError> {
    let port = target.port();
    let found = match target.host() {
        Host::Ipv4(v4) => vec![IpAddr::V4(*v4)],
        Host::Ipv6(v6) => vec![IpAddr::V6(*v6)],
        Host::Domain(name) => {
            let bare = name.trim_end_matches('.');
            let resolved =
                options.resolver.resolve(name, port).await.map_err(|detail| dns_failed(name, &detail))?;
            if resolved.is_empty() {
                return Err(dns_failed(name, "it has no address"));
            }
            if options.allow_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(bare)) {
                return Ok(resolved.into_iter().map(|ip| SocketAddr::new(ip, port)).collect());
            }
            resolved
        }
    };
    for ip in &found {
        address::check(*ip, &options.allow).map_err(|refusal| SendError {
            code: ErrorCode::EgressRefused,
            detail: format!("{} will not be called: {refusal}", target.authority()),
        })?;
    }
    Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
}

fn dns_failed(name: &str, detail: &str) -> SendError {
    SendError { code: ErrorCode::DnsFailed, detail: format!("cannot find an address of {name}: {detail}") }
}
