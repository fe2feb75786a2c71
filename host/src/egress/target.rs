//! A place to send to: its URL taken apart once, and its connections.

use http::HeaderValue;
use http::Uri;
use url::Host;

use crate::egress::pool::Pool;
use crate::egress::url_check::CheckedUrl;

/// See the head of this file.
#[derive(Debug)]
pub struct Target {
    url: CheckedUrl,
    host: Host<String>,
    host_header: HeaderValue,
    path: Uri,
    pub(super) pool: Pool,
}

impl Target {
    pub(super) fn new(url: CheckedUrl) -> Self {
        let host = url.url.host().map_or_else(|| Host::Domain(String::new()), |host| host.to_owned());
        let authority = authority(&url, &host);
        let path = path_and_query(url.url.path(), url.url.query());
        Self {
            host_header: HeaderValue::from_str(&authority).unwrap_or(HeaderValue::from_static("")),
            path: path.parse().unwrap_or(Uri::from_static("/")),
            pool: Pool::default(),
            host,
            url,
        }
    }

    pub(super) fn host(&self) -> &Host<String> {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.url.url.port_or_known_default().unwrap_or(443)
    }

    pub(super) fn is_tls(&self) -> bool {
        self.url.url.scheme() == "https"
    }

    pub(super) fn authority(&self) -> String {
        authority(&self.url, &self.host)
    }

    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// The request's path: the URL's own, or one a mapping gave, which begins with `/` and
    /// replaces it.
    pub(super) fn uri(&self, path: Option<&str>) -> Uri {
        let given = path.filter(|path| path.starts_with('/')).and_then(|path| path.parse().ok());
        given.unwrap_or_else(|| self.path.clone())
    }
}

fn authority(url: &CheckedUrl, host: &Host<String>) -> String {
    match url.url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_string(),
    }
}

fn path_and_query(path: &str, query: Option<&str>) -> String {
    match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}
