//! What a call is given beyond its event, the host context: what the plugin kept so far, the time, secrets, who makes its
//! requests. Whether a plugin may use them is decided before, by what is linked. Not here: answering from it (`kv`,
//! `fetch`), where values are kept.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::domain::fetch::FetchError;
use crate::domain::fetch::FetchRequest;
use crate::domain::fetch::FetchResponse;
use crate::domain::secret::NamedSecrets;
use crate::sandbox::host::asleep::Asleep;

/// Makes the requests of one plugin for one event. Bounds their number, their time and all sizes.
pub trait Fetcher: Send + Sync {
    /// Makes one. Polled on the guests' runtime, which has neither timers nor sockets; dropped, the request ends.
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'static, Result<FetchResponse, FetchError>>;
}

/// What a plugin kept so far. Called on the guests' threads, where blocking is fine.
pub trait KvRead: Send + Sync {
    /// The value of a key; the error is the gateway's.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;

    /// Keys that begin with `prefix`, in the order of their bytes, at most `limit`.
    fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, String>;
}

/// Keys and their new values; `None` forgets one.
pub type KvWrites = BTreeMap<String, Option<Vec<u8>>>;

/// What a call is given beyond its event. The default knows nothing and stands at the beginning of time.
#[derive(Clone, Default)]
pub struct HostContext {
    /// What was kept so far; without it, nothing.
    pub kv: Option<Arc<dyn KvRead>>,
    /// What the plugin wrote before for the same event; counts against the limits of one event.
    pub writes: KvWrites,
    /// Milliseconds since 1970.
    pub now_ms: u64,
    /// What it may know, and what is left out of all it says.
    pub secrets: NamedSecrets,
    /// Makes its requests; without it, none is made.
    pub http: Option<Arc<dyn Fetcher>>,
    /// Set while the call waits for an answer.
    pub(crate) asleep: Asleep,
}

impl fmt::Debug for HostContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostContext")
            .field("kv", &self.kv.is_some())
            .field("now_ms", &self.now_ms)
            .finish_non_exhaustive()
    }
}
