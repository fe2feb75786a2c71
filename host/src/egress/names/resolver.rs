//! Who turns names into addresses. Not here: which of them are dialled (`connect::address`).

use std::net::IpAddr;
use std::net::ToSocketAddrs as _;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Names looked up at a time. The system's resolver blocks a thread, also long after a request
/// has given up on it; slow name servers must not use up the threads of everybody else.
pub(in crate::egress) const LOOKUPS_MAX: usize = 32;
/// Answers the addresses of a name; none if it has none.
pub type Resolve = Box<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// Who turns names into addresses.
pub enum Resolver {
    /// The system, as for every other program.
    System,
    /// Somebody else; for tests.
    Given(Resolve),
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
    pub(in crate::egress) async fn resolve(
        &self,
        lookups: &Arc<Semaphore>,
        host: &str,
        port: u16,
    ) -> Result<Vec<IpAddr>, String> {
        match self {
            Self::Given(resolve) => Ok(resolve(host)),
            Self::System => system(lookups, host, port).await,
        }
    }
}

async fn system(lookups: &Arc<Semaphore>, host: &str, port: u16) -> Result<Vec<IpAddr>, String> {
    let place = lookups.clone().acquire_owned().await.map_err(|error| error.to_string())?;
    let name = (host.to_owned(), port);
    let lookup = tokio::task::spawn_blocking(move || {
        let found = name.to_socket_addrs().map(|found| found.map(|address| address.ip()).collect());
        // The place is free only when the thread is, however long ago the request gave up.
        drop(place);
        found
    });
    let found = lookup.await.map_err(|error| error.to_string())?;
    found.map_err(|error: std::io::Error| error.to_string())
}
