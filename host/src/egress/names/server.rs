//! Asking one name server, and for how long its answers count. Not here: which servers there are, and whose turn it is
//! (`system`).

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::Resolver;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::config::NameServerConfig;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::config::ResolverConfig;
use hickory_resolver::config::ResolverOpts;
use hickory_resolver::net::DnsError;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::Name;

/// Answers of one server that are kept, two for each name. An answer has at most 64 KiB, and hardly ever one.
const ANSWERS_KEPT: u64 = 2048;
/// How long it counts that a name is not there, whatever its zone says: whoever makes it wants to see it work.
const NOTHING_MAX: Duration = Duration::from_secs(60);

/// A name server.
pub(super) struct Server {
    address: SocketAddr,
    resolver: TokioResolver,
    patience: Duration,
}

/// Why a server gave no address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoAddress {
    /// There is none; no other server needs to be asked.
    None(String),
    /// It did not say; another one may.
    Unsaid(String),
}

impl Server {
    /// `config` names one server, and the domains that names are sought in. It has `patience` for an answer.
    pub(super) fn new(
        config: &ResolverConfig,
        server: NameServerConfig,
        options: &ResolverOpts,
        patience: Duration,
    ) -> Result<Self, NetError> {
        let port = server.connections.first().map_or(53, |connection| connection.port);
        let address = SocketAddr::new(server.ip, port);
        let (domain, search, _) = config.clone().into_parts();
        let alone = ResolverConfig::from_parts(domain, search, vec![server]);
        let mut builder = Resolver::builder_with_config(alone, TokioRuntimeProvider::default());
        let mut own = options.clone();
        own.cache_size = ANSWERS_KEPT;
        own.negative_max_ttl = Some(NOTHING_MAX);
        // Of two errors it is the first that comes out, and the one that matters most is that of IPv4.
        own.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // Looked into before anybody is asked, for both families at once.
        own.use_hosts_file = ResolveHosts::Never;
        // Within one, a question that is lost is asked again.
        own.attempts = 0;
        own.timeout = patience;
        *builder.options_mut() = own;
        Ok(Self { address, resolver: builder.build()?, patience })
    }

    /// The addresses of a name, of both families.
    pub(super) async fn addresses(&self, name: &Name) -> Result<Vec<IpAddr>, NoAddress> {
        let asked = tokio::time::timeout(self.patience, self.resolver.lookup_ip(name.clone())).await;
        match asked {
            Ok(Ok(found)) => Ok(found.iter().collect()),
            Ok(Err(error)) => Err(self.no_address(&error)),
            Err(_) => Err(self.no_address(&NetError::Timeout)),
        }
    }

    fn no_address(&self, error: &NetError) -> NoAddress {
        let server = self.address;
        match error {
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => NoAddress::None(format!("there is no such name, says {server}")),
                ResponseCode::NoError => NoAddress::None(format!("the name has no address, says {server}")),
                code => NoAddress::Unsaid(format!("{server} answers {}", code.to_str())),
            },
            NetError::Dns(DnsError::ResponseCode(code)) => {
                NoAddress::Unsaid(format!("{server} answers {}", code.to_str()))
            }
            NetError::Timeout => {
                NoAddress::Unsaid(format!("{server} does not answer within {:?}", self.patience))
            }
            other => NoAddress::Unsaid(format!("{server}: {other}")),
        }
    }
}
