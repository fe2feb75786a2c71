//! What a URL must be before it is saved or called. The `url` crate brings every spelling of an
//! address to one form first (`0x7f.1`, `2130706433`, full-width digits, percent signs), so that
//! the rules see what would be dialled.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Host;
use url::Url;

use crate::rules::address::AddressRefusal;
use crate::rules::address::check;

/// Characters a URL may have.
const URL_CHARS_MAX: usize = 2048;

/// What is allowed besides https to public addresses.
#[derive(Clone, Copy, Debug)]
pub struct UrlPolicy<'a> {
    /// Whether plain HTTP is.
    pub http: bool,
    /// Networks that may be called although they are no public unicast.
    pub networks: &'a [IpNet],
    /// Host names whose addresses are not checked, lower case, without a trailing dot.
    pub hosts: &'a [String],
}

/// Why a URL is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// It is no URL.
    #[error("`{0}` is not a URL; write one such as https://example.com/hook")]
    Malformed(String),
    /// It is too long.
    #[error("the URL has {0} characters; at most {URL_CHARS_MAX} are allowed")]
    TooLong(usize),
    /// Its scheme is not allowed.
    #[error("`{0}` is not allowed here; use https")]
    Scheme(String),
    /// HTTP is not allowed.
    #[error("plain http is not allowed; use https, or set `egress.allow_http`")]
    PlainHttp,
    /// Name or password in the URL.
    #[error("credentials do not belong in a URL; set them as the destination's `auth`")]
    Userinfo,
    /// Nothing can listen there.
    #[error("port 0 cannot be called; leave the port out for the usual one")]
    Port,
    /// The address may not be called.
    #[error(transparent)]
    Address(#[from] AddressRefusal),
    /// The name can only mean this machine.
    #[error("`{0}` is a name of this machine; add its network to `egress.allow` if requests may go there")]
    Local(String),
}

/// A URL that passed the check: http or https, with a host, without credentials and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedUrl(Url);

impl CheckedUrl {
    /// In the one form it was brought to.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Taken apart.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

/// Checks a URL as far as it can be without asking a name server.
pub fn check_url(text: &str, policy: &UrlPolicy<'_>) -> Result<CheckedUrl, UrlRefusal> {
    let chars = text.chars().count();
    if chars > URL_CHARS_MAX {
        return Err(UrlRefusal::TooLong(chars));
    }
    let malformed = || UrlRefusal::Malformed(text.chars().take(200).collect());
    let mut url = Url::parse(text).map_err(|_| malformed())?;
    match url.scheme() {
        "https" => {}
        "http" if policy.http => {}
        "http" => return Err(UrlRefusal::PlainHttp),
        other => return Err(UrlRefusal::Scheme(other.to_owned())),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::Userinfo);
    }
    if url.port() == Some(0) {
        return Err(UrlRefusal::Port);
    }
    match url.host().ok_or_else(malformed)? {
        Host::Ipv4(v4) => check(IpAddr::V4(v4), policy.networks)?,
        Host::Ipv6(v6) => check(IpAddr::V6(v6), policy.networks)?,
        Host::Domain(name) => check_name(name, policy)?,
    }
    url.set_fragment(None);
    Ok(CheckedUrl(url))
}

/// Names that mean this machine everywhere (RFC 6761) are refused before anybody resolves them.
fn check_name(name: &str, policy: &UrlPolicy<'_>) -> Result<(), UrlRefusal> {
    let bare = name.trim_end_matches('.').to_ascii_lowercase();
    if bare.is_empty() || bare.contains("..") {
        return Err(UrlRefusal::Malformed(name.to_owned()));
    }
    let local = bare == "localhost" || bare.ends_with(".localhost");
    let reachable = |ip: IpAddr| check(ip, policy.networks).is_ok();
    let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1u16])];
    let allowed = policy.hosts.contains(&bare) || loopback.into_iter().any(reachable);
    if local && !allowed { Err(UrlRefusal::Local(bare)) } else { Ok(()) }
}
