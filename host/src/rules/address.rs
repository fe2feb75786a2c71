//! May this address be called? Every address a name resolves to is asked about, and the one that
//! was asked about is the one dialled. Pure.

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
    (Ipv4Addr::new(0, 0, 0, 0), 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a carrier (CGNAT)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
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
    let inner = match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(v6) => embedded_v4(v6),
    };
    let allowed = |address: IpAddr| allow.iter().any(|net| net.contains(&address));
    if allowed(address) || inner.is_some_and(|v4| allowed(v4.into())) {
        return Ok(());
    }
    let kind = match (address, inner) {
        (_, Some(v4)) => special_v4(v4),
        (IpAddr::V6(v6), None) => special_v6(v6),
        (IpAddr::V4(_), None) => None,
    };
    kind.map_or(Ok(()), |kind| Err(AddressRefusal { address, kind }))
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    let within = |network: Ipv4Addr, prefix: u8| (bits ^ u32::from(network)) >> (32 - u32::from(prefix)) == 0;
    SPECIAL_V4.iter().find(|(network, prefix, _)| within(*network, *prefix)).map(|(_, _, kind)| *kind)
}

/// The IPv4 address inside: mapped, compatible, translated, NAT64 and 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let low = || Some(Ipv4Addr::from((u32::from(segments[6]) << 16) | u32::from(segments[7])));
    match segments {
        // :: and ::1 are IPv6's own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => low(),
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => low(),
        [0x2002, high, middle, ..] => Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(middle))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "2001::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "100::1",
            "4000::1",
            "3fff:123::1",
        ] {
            assert!(check(text.parse().unwrap(), &[]).is_err(), "{text} passed");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.17.255.255",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "2a00:1450::1",
        ] {
            assert_eq!(check(text.parse().unwrap(), &[]), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_allowed_passes_in_any_spelling() {
        let allow = ["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for text in ["127.0.0.1", "::ffff:127.0.0.1", "fd12::1"] {
            assert_eq!(check(text.parse().unwrap(), &allow), Ok(()), "{text}");
        }
        assert!(check("::1".parse().unwrap(), &allow).is_err());
    }
}
