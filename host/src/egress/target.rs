//! A place to send to: its URL and its connections.

use crate::egress::pool::ConnectionPool;
use crate::egress::target_url::TargetUrl;
use crate::rules::address::CheckedUrl;

/// See the head of this file.
#[derive(Debug)]
pub struct Target {
    pub(super) url: TargetUrl,
    pub(super) pool: ConnectionPool,
}

impl Target {
    pub(super) fn new(url: CheckedUrl) -> Self {
        Self { url: TargetUrl::new(url), pool: ConnectionPool::default() }
    }

    /// Whether a path and query are those of the URL.
    pub fn is_own_path(&self, path: &str) -> bool {
        self.url.is_own_path(path)
    }
}
