//! Names as this system finds them: the hosts file wins, then its name servers are asked in the order of
//! `/etc/resolv.conf`, each once the one before did not say. Both files count as they are now: they are looked at again
//! once a second, as other programs do, and what was learned from servers before is forgotten when they changed.
//!
//! Nobody waits for anybody: a question holds no thread, and those for the same name share one.
//! Not here: asking a server (`server`), which address is tried first (`order`).

use std::fs;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use hickory_resolver::config::ConnectionConfig;
use hickory_resolver::config::NameServerConfig;
use hickory_resolver::config::ResolverConfig;
use hickory_resolver::config::ResolverOpts;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::system_conf::read_system_conf;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::egress::names::hosts::HostsFile;
use crate::egress::names::order;
use crate::egress::names::server::NoAddress;
use crate::egress::names::server::Server;

const HOSTS: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// How long the files count as they were read.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Servers that are asked one after the other, as other programs do.
const SERVERS_MAX: usize = 3;

/// See the head of this file.
pub(in crate::egress) struct System {
    hosts: PathBuf,
    servers: Servers,
    patience: Duration,
    /// A cache of what is in the files.
    known: Mutex<Known>,
}

/// Where the name servers stand.
enum Servers {
    InResolvConf,
    These(Vec<SocketAddr>),
}

struct Known {
    looked: Instant,
    stamps: Stamps,
    read: Arc<Read>,
}

/// When the hosts file and `resolv.conf` were written, and how long they are.
type Stamps = [Option<(SystemTime, u64)>; 2];

/// What stands in the files.
struct Read {
    hosts: HostsFile,
    servers: Vec<Server>,
}

impl System {
    /// As this machine is set up. Finding a name takes no longer than `patience`.
    pub(in crate::egress) fn of_this_machine(patience: Duration) -> Self {
        Self::new(HOSTS.into(), Servers::InResolvConf, patience)
    }

    /// With another hosts file and other servers.
    pub(in crate::egress) fn of_servers(
        hosts: PathBuf,
        servers: Vec<SocketAddr>,
        patience: Duration,
    ) -> Self {
        Self::new(hosts, Servers::These(servers), patience)
    }

    fn new(hosts: PathBuf, servers: Servers, patience: Duration) -> Self {
        let stamps = stamps(&hosts);
        let read = Arc::new(read(&hosts, &servers, patience));
        let known = Mutex::new(Known { looked: Instant::now(), stamps, read });
        Self { hosts, servers, patience, known }
    }

    /// All addresses of a name, those first that should be tried first; or in words why there are none.
    pub(in crate::egress) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let name = Name::from_ascii(name).map_err(|error| format!("it is no name: {error}"))?;
        let read = self.read();
        let mut found = read.hosts.addresses(&name);
        if found.is_empty() {
            found = ask(&read.servers, &name).await?;
        }
        Ok(order::to_try(found))
    }

    /// What stands in the files. Looking at them takes some microseconds, reading them some more, so it is done here.
    fn read(&self) -> Arc<Read> {
        let mut known = self.known.lock();
        if known.looked.elapsed() >= LOOK_AGAIN {
            known.looked = Instant::now();
            let stamps = stamps(&self.hosts);
            if known.stamps != stamps {
                known.stamps = stamps;
                known.read = Arc::new(read(&self.hosts, &self.servers, self.patience));
            }
        }
        Arc::clone(&known.read)
    }
}

/// One server after the other, until one says something.
async fn ask(servers: &[Server], name: &Name) -> Result<Vec<IpAddr>, String> {
    let mut unsaid = Vec::new();
    for server in servers {
        match server.addresses(name).await {
            Ok(found) => return Ok(found),
            Err(NoAddress::None(detail)) => return Err(detail),
            Err(NoAddress::Unsaid(detail)) => unsaid.push(detail),
        }
    }
    Err(unsaid.join(", "))
}

fn stamps(hosts: &Path) -> Stamps {
    [hosts, Path::new(RESOLV_CONF)].map(|path| {
        let data = fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    })
}

fn read(hosts: &Path, servers: &Servers, patience: Duration) -> Read {
    let hosts = HostsFile::read(hosts).unwrap_or_else(|error| {
        tracing::warn!("cannot read {}: {error}; names are asked of name servers alone", hosts.display());
        HostsFile::default()
    });
    let (config, options) = match servers {
        Servers::InResolvConf => read_system_conf().unwrap_or_else(|error| {
            tracing::warn!(
                "no name server is known: {RESOLV_CONF}: {error}; until it names one (`nameserver 192.0.2.1`), \
                 names are asked of this machine, port 53"
            );
            of_this_machine()
        }),
        Servers::These(servers) => {
            let servers = servers.iter().map(|server| at(*server)).collect();
            (ResolverConfig::from_name_servers(servers), ResolverOpts::default())
        }
    };
    Read { hosts, servers: made(&config, &options, patience) }
}

/// What the system's own resolver does where there is no `resolv.conf`.
fn of_this_machine() -> (ResolverConfig, ResolverOpts) {
    let local = NameServerConfig::udp_and_tcp([127, 0, 0, 1].into());
    (ResolverConfig::from_name_servers(vec![local]), ResolverOpts::default())
}

/// A server at this port.
fn at(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections = connections.into();
    server
}

/// The first of the servers, which share the patience. One that cannot be set up is left out, and that is said.
fn made(config: &ResolverConfig, options: &ResolverOpts, patience: Duration) -> Vec<Server> {
    let named: Vec<_> = config.name_servers().iter().take(SERVERS_MAX).cloned().collect();
    let share = patience / u32::try_from(named.len().max(1)).unwrap_or(1);
    let server = |named: NameServerConfig| {
        let ip = named.ip;
        let made = Server::new(config, named, options, share.min(options.timeout));
        made.inspect_err(|error| tracing::warn!("the name server {ip} cannot be asked: {error}")).ok()
    };
    named.into_iter().filter_map(server).collect()
}
