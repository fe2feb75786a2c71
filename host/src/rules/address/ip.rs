//! May this address be called? Not here: spellings in URLs (`url`), who asks a name server (`egress`).

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use ipnet::IpNet;

/// Why an address is refused. Text for people; it never says what answers there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {kind}; add its network to `egress.allow` if requests may go there")]
pub struct AddressRefusal {
    /// The address as it would have been dialled.
    pub address: IpAddr,
    /// What it is.
    pub kind: &'static str,
}

/// IPv4 networks that are no public unicast (IANA special-purpose registry), with what they are.
const SPECIAL_V4: &[(Ipv4Addr, u8, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "unspecified (this network)"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a carrier (CGNAT)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    // Public by its number, but it answers only to machines of that cloud.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "cloud metadata (Azure)"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local (cloud metadata)"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// Whether `address` may be called. `allow` overrules everything; an IPv6 address that carries an
/// IPv4 one is judged, and allowed, by that.
pub fn check(address: IpAddr, allow: &[IpNet]) -> Result<(), AddressRefusal> {
    if is_listed(address, allow) {
        return Ok(());
    }
    let inner = inner_v4(address);
    let kind = match (address, inner) {
        (_, Some(v4)) => special_v4(v4),
        (IpAddr::V6(v6), None) => special_v6(v6),
        (IpAddr::V4(_), None) => None,
    };
    kind.map_or(Ok(()), |kind| Err(AddressRefusal { address, kind }))
}

/// Whether `address` is in one of the networks of `allow`: somebody wants requests to go there.
pub fn is_listed(address: IpAddr, allow: &[IpNet]) -> bool {
    let listed = |address: IpAddr| allow.iter().any(|net| net.contains(&address));
    listed(address) || inner_v4(address).is_some_and(|v4| listed(v4.into()))
}

fn inner_v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(v6) => embedded_v4(v6),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    let within = |network: Ipv4Addr, prefix: u8| (bits ^ u32::from(network)) >> (32 - u32::from(prefix)) == 0;
    SPECIAL_V4.iter().find(|(network, prefix, _)| within(*network, *prefix)).map(|(_, _, kind)| *kind)
}

/// The IPv4 address that a packet to this one reaches in the end: mapped, compatible, translated,
/// and NAT64, through which networks without IPv4 reach everything.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let low = || Some(Ipv4Addr::from((u32::from(segments[6]) << 16) | u32::from(segments[7])));
    match segments {
        // :: and ::1 are IPv6's own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => low(),
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => low(),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        [0x64, 0xff9b, 1, ..] => Some("a local translation (NAT64)"),
        [0x100, 0, 0, 0, ..] => Some("a black hole"),
        [0x2001, 0, ..] => Some("a Teredo tunnel"),
        [0x2001, 0xdb8, ..] => Some("for documentation"),
        [0x2001, second, ..] if second < 0x200 => Some("reserved"),
        // Both tunnels can lead to any IPv4 address, and nobody reaches a receiver through one.
        [0x2002, ..] => Some("a 6to4 tunnel"),
        [0x3fff, second, ..] if second < 0x1000 => Some("for documentation"),
        [0x5f00, ..] => Some("reserved"),
        [first, ..] if first & 0xfe00 == 0xfc00 => Some("private"),
        [first, ..] if first & 0xffc0 == 0xfe80 => Some("link-local"),
        [first, ..] if first & 0xffc0 == 0xfec0 => Some("site-local"),
        [first, ..] if first & 0xff00 == 0xff00 => Some("multicast"),
        // Only 2000::/3 is given out for public use.
        [first, ..] if first & 0xe000 != 0x2000 => Some("reserved"),
        _ => None,
    }
}
