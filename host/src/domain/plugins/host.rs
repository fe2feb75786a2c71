//! Hosts that a plugin may send requests to: `api.example.com`, `*.example.com`, `api.example.com:8443`. Not here:
//! whether the address behind a name may be called at all (`rules::address`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One or, with `*.` in front, many hosts. Without a port it means the usual one of the URL's scheme.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    /// In the form a URL brings it to; behind `*.` where `below` is set.
    host: String,
    below: bool,
    port: Option<u16>,
}

/// It names no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host; write one such as api.example.com, *.example.com or api.example.com:8443")]
pub struct BadHost(String);

impl HostPattern {
    /// Whether it names the host and port of this URL. The URL has been brought to its one form.
    pub fn matches(&self, url: &url::Url) -> bool {
        let Some(host) = url.host_str().map(|host| host.trim_end_matches('.')) else { return false };
        let port_fits = match self.port {
            Some(port) => url.port_or_known_default() == Some(port),
            None => url.port().is_none(),
        };
        port_fits
            && match self.below {
                true => {
                    host.strip_suffix(&self.host).is_some_and(|front| front.len() > 1 && front.ends_with('.'))
                }
                false => host == self.host,
            }
    }
}

impl FromStr for HostPattern {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        let bad = || BadHost(text.chars().take(100).collect());
        let (rest, below) = text.strip_prefix("*.").map_or((text, false), |rest| (rest, true));
        // A URL brings every spelling of a host to one form; anything but host and port is too much.
        let url = url::Url::parse(&format!("http://{rest}/")).map_err(|_| bad())?;
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_owned();
        let has_port =
            rest.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let port = if has_port { url.port_or_known_default() } else { None };
        let plain =
            !rest.contains(['/', '?', '#', '@', '\\', '*', '%']) && !rest.chars().any(char::is_whitespace);
        // Below a single label, such as `*.com`, lies everybody.
        let bounded = !below || (url.domain().is_some() && host.contains('.'));
        if !plain || !bounded || host.is_empty() || port == Some(0) {
            return Err(bad());
        }
        Ok(Self { host, below, port })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.below { "*." } else { "" }, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl TryFrom<String> for HostPattern {
    type Error = BadHost;

    fn try_from(text: String) -> Result<Self, BadHost> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_hosts() {
        let check = |pattern: &str, url: &str, expected: bool| {
            let parsed: HostPattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(&url::Url::parse(url).unwrap()), expected, "{pattern} {url}");
        };
        check("api.example.com", "https://api.example.com/a?b", true);
        check("API.Example.com", "https://api.EXAMPLE.com./", true);
        check("api.example.com", "http://api.example.com/", true);
        check("api.example.com", "https://api.example.com:8443/", false);
        check("api.example.com:8443", "https://api.example.com:8443/", true);
        check("api.example.com:443", "https://api.example.com/", true);
        check("api.example.com:80", "https://api.example.com/", false);
        check("api.example.com", "https://example.com/", false);
        check("api.example.com", "https://api.example.com.evil.net/", false);
        check("api.example.com", "https://xapi.example.com/", false);
        check("*.example.com", "https://a.b.example.com/", true);
        check("*.example.com", "https://example.com/", false);
        check("*.example.com", "https://evilexample.com/", false);
        check("127.0.0.1:8080", "http://127.0.0.1:8080/", true);
        check("127.0.0.1:8080", "http://2130706433:8080/", true);
        check("[::1]", "http://[::1]/", true);
        check("bücher.example", "https://xn--bcher-kva.example/", true);
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "*.com",
            "*.127.0.0.1",
            "a/b",
            "https://a.b",
            "a b",
            "u@a.b",
            "a:99999",
            "a.*.b",
            "a%2eb",
            "a:0",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn text_comes_back() {
        for text in ["api.example.com", "*.example.com:8443", "[::1]:80", "api.example.com:443"] {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), text);
        }
    }
}
