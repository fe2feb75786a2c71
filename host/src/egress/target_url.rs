//! The URL of a place to send to, taken apart once. Not here: its connections (`target`).

use http::HeaderValue;
use http::Uri;
use url::Host;

use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::SendError;
use crate::rules::address::CheckedUrl;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct TargetUrl {
    url: CheckedUrl,
    host: Host<String>,
    host_header: HeaderValue,
    path: Uri,
}

impl TargetUrl {
    pub(super) fn new(url: CheckedUrl) -> Self {
        let parts = url.url();
        let host = parts.host().expect("a checked URL has a host").to_owned();
        let path = match parts.query() {
            Some(query) => format!("{}?{query}", parts.path()),
            None => parts.path().to_owned(),
        };
        Self {
            host_header: HeaderValue::from_str(&authority(&url, &host))
                .expect("the host of a checked URL is ASCII without controls"),
            path: path.parse().unwrap_or(Uri::from_static("/")),
            host,
            url,
        }
    }

    pub(super) fn host(&self) -> &Host<String> {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.url.url().port_or_known_default().expect("http and https have a port")
    }

    pub(super) fn is_tls(&self) -> bool {
        self.url.url().scheme() == "https"
    }

    /// Host and, if it is not the usual one, port; for people.
    pub(super) fn authority(&self) -> String {
        authority(&self.url, &self.host)
    }

    /// The name the server's certificate must have: no brackets, no trailing dot.
    pub(super) fn tls_name(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.trim_end_matches('.').to_owned(),
            Host::Ipv4(v4) => v4.to_string(),
            Host::Ipv6(v6) => v6.to_string(),
        }
    }

    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// Whether a path and query are those of the URL.
    pub(super) fn is_own_path(&self, path: &str) -> bool {
        self.path == *path
    }

    /// The request's path and query: the URL's own, or the one a mapping gave instead.
    pub(super) fn uri(&self, path: Option<&str>) -> Result<Uri, SendError> {
        let Some(path) = path else { return Ok(self.path.clone()) };
        let given = path.starts_with('/').then(|| path.parse::<Uri>().ok()).flatten();
        given.ok_or_else(|| SendError {
            code: ErrorCode::StepFailed,
            detail: format!("`{path}` is not a path; it must begin with `/` and have no spaces"),
        })
    }
}

fn authority(url: &CheckedUrl, host: &Host<String>) -> String {
    match url.url().port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_string(),
    }
}
