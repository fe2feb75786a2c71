//! What a URL must be before it is saved. The `url` crate brings every spelling of an address to
//! one form first (`0x7f.1`, `2130706433`, full-width digits, percent signs), so that the rules
//! see what would be dialled.

use std::net::IpAddr;

use url::Host;
use url::Url;

use crate::egress::options::EgressOptions;
use crate::rules::address;

/// Why a URL is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// It is no URL.
    #[error("`{0}` is not a URL; write one such as https://example.com/hook")]
    Malformed(String),
    /// Its scheme is not allowed.
    #[error("`{0}` is not allowed here; use https")]
    Scheme(String),
    /// HTTP is not allowed.
    #[error("plain http is not allowed; use https, or set `egress.allow_http`")]
    PlainHttp,
    /// Name or password in the URL.
    #[error("credentials do not belong in a URL; set them as the destination's `auth`")]
    Userinfo,
    /// The address may not be called.
    #[error(transparent)]
    Address(#[from] address::AddressRefusal),
    /// The name can only mean this machine.
    #[error("`{0}` is a name of this machine; add its network to `egress.allow` if requests may go there")]
    Local(String),
}

/// A URL that passed the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedUrl {
    pub(super) url: Url,
}

impl CheckedUrl {
    /// In the one form it was brought to.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }
}

pub(super) fn check(text: &str, options: &EgressOptions) -> Result<CheckedUrl, UrlRefusal> {
    let malformed = || UrlRefusal::Malformed(text.chars().take(200).collect());
    let url = Url::parse(text).map_err(|_| malformed())?;
    match url.scheme() {
        "https" => {}
        "http" if options.allow_http => {}
        "http" => return Err(UrlRefusal::PlainHttp),
        other => return Err(UrlRefusal::Scheme(other.to_owned())),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::Userinfo);
    }
    match url.host().ok_or_else(malformed)? {
        Host::Ipv4(v4) => address::check(IpAddr::V4(v4), &options.allow)?,
        Host::Ipv6(v6) => address::check(IpAddr::V6(v6), &options.allow)?,
        Host::Domain(name) => check_name(name, options)?,
    }
    Ok(CheckedUrl { url })
}

fn check_name(name: &str, options: &EgressOptions) -> Result<(), UrlRefusal> {
    let bare = name.trim_end_matches('.').to_ascii_lowercase();
    if bare.is_empty() {
        return Err(UrlRefusal::Malformed(name.to_owned()));
    }
    let local = bare == "localhost" || bare.ends_with(".localhost");
    let loopback =
        |text: &str| text.parse().is_ok_and(|ip: IpAddr| address::check(ip, &options.allow).is_ok());
    let allowed = loopback("127.0.0.1") || loopback("::1") || options.allow_hosts.contains(&bare);
    if local && !allowed { Err(UrlRefusal::Local(bare)) } else { Ok(()) }
}
