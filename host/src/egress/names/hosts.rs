//! The hosts file: what stands in it, no name server is asked about. Not here: where it is (`system`).

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use hickory_resolver::Hosts;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::proto::rr::RecordType;

/// What stands in a hosts file.
#[derive(Debug, Default)]
pub(super) struct HostsFile(Hosts);

impl HostsFile {
    /// Reads it; one that is not there has nothing in it.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut hosts = Hosts::default();
        match fs::read(path) {
            Ok(text) => hosts.read_hosts_conf(text.as_slice())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Self(hosts))
    }

    /// The addresses of a name, of both families; none if it does not stand there.
    pub(super) fn addresses(&self, name: &Name) -> Vec<IpAddr> {
        let of_kind = |kind| self.0.lookup_static_host(&Query::query(name.clone(), kind));
        let found = [RecordType::AAAA, RecordType::A].into_iter().filter_map(of_kind);
        found
            .flat_map(|found| {
                found.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>()
            })
            .collect()
    }
}
