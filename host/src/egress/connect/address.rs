//! From a host to the addresses that are dialled. Every address of a name is checked; one that is
//! refused refuses them all, so that a name cannot slip a private address in among public ones.
//! Save those that the operator listed: they are dialled, and only they, as for a `localhost` that
//! has ::1 where 127.0.0.0/8 is listed.

use std::net::IpAddr;
use std::net::SocketAddr;

use ipnet::IpNet;
use url::Host;

use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::SendError;
use crate::egress::inner::EgressShared;
use crate::egress::target_url::TargetUrl;
use crate::rules::address;
use crate::rules::address::AddressRefusal;

/// Addresses of one name that are dialled; all are checked.
const DIALLED_MAX: usize = 4;

/// The addresses to try, all of them allowed; at least one.
pub(in crate::egress) async fn addresses(
    egress: &EgressShared,
    target: &TargetUrl,
) -> Result<Vec<SocketAddr>, SendError> {
    let options = &egress.options;
    let port = target.port();
    let mut found = match target.host() {
        Host::Ipv4(v4) => vec![IpAddr::V4(*v4)],
        Host::Ipv6(v6) => vec![IpAddr::V6(*v6)],
        Host::Domain(name) => {
            egress.names.addresses(name).await.map_err(|detail| dns_failed(name, &detail))?
        }
    };
    if found.is_empty() {
        return Err(dns_failed(&target.authority(), "it has none"));
    }
    if !named_in(&options.allow_hosts, target) {
        found = permitted(found, &options.allow).map_err(|refusal| SendError {
            code: ErrorCode::EgressRefused,
            detail: format!("{} will not be called: {refusal}", target.authority()),
        })?;
    }
    found.truncate(DIALLED_MAX);
    Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
}

/// All addresses if none is refused, else those that are listed if there are some.
fn permitted(mut found: Vec<IpAddr>, allow: &[IpNet]) -> Result<Vec<IpAddr>, AddressRefusal> {
    let refused = found.iter().find_map(|ip| address::check(*ip, allow).err());
    let Some(refusal) = refused else { return Ok(found) };
    found.retain(|ip| address::is_listed(*ip, allow));
    if found.is_empty() { Err(refusal) } else { Ok(found) }
}

fn named_in(hosts: &[String], target: &TargetUrl) -> bool {
    let Host::Domain(name) = target.host() else { return false };
    let bare = name.trim_end_matches('.');
    hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(bare))
}

fn dns_failed(name: &str, detail: &str) -> SendError {
    SendError { code: ErrorCode::DnsFailed, detail: format!("cannot find an address of {name}: {detail}") }
}
