//! Who turns names into addresses. Not here: which of them are dialled (`connect::address`).

use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::egress::names::system::System;

/// Answers the addresses of a name; none if it has none.
pub type Resolve = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// Who turns names into addresses, as it is chosen.
pub enum Resolver {
    /// The system's hosts file and name servers, as for every other program.
    System,
    /// This hosts file, then these name servers in this order; for tests.
    Servers {
        /// The hosts file; it need not be there.
        hosts: PathBuf,
        /// Where the name servers are.
        servers: Vec<SocketAddr>,
    },
    /// Somebody else; for tests.
    Given(Resolve),
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Servers { .. } => "Servers",
            Self::Given(_) => "Given",
        })
    }
}

/// The same, ready to be asked.
pub(in crate::egress) enum Names {
    System(System),
    Given(Resolve),
}

impl Names {
    /// Reads what the system says. `patience` is how long finding a name may take.
    pub(in crate::egress) fn new(resolver: &Resolver, patience: Duration) -> Self {
        match resolver {
            Resolver::System => Self::System(System::of_this_machine(patience)),
            Resolver::Servers { hosts, servers } => {
                Self::System(System::of_servers(hosts.clone(), servers.clone(), patience))
            }
            Resolver::Given(resolve) => Self::Given(Arc::clone(resolve)),
        }
    }

    /// All addresses of a name, those first that should be tried first; or in words why there are none.
    pub(in crate::egress) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        match self {
            Self::System(system) => system.addresses(name).await,
            Self::Given(resolve) => Ok(resolve(name)),
        }
    }
}
