//! Which address of a name to try first. Not here: trying (`connect::connection`).

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::UdpSocket;

/// Port of the route that is asked for; nothing is sent there.
const DISCARD: u16 = 9;

/// The families by turns, so that not all that are tried are of the one that does not work; first the one that this
/// machine has a route for, and of two of them IPv6 (RFC 6724, RFC 8305).
pub(super) fn to_try(found: Vec<IpAddr>) -> Vec<IpAddr> {
    in_turns(found, has_route)
}

fn in_turns(found: Vec<IpAddr>, has_route: impl Fn(IpAddr) -> bool) -> Vec<IpAddr> {
    let (v6, v4): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(IpAddr::is_ipv6);
    let (Some(first), false) = (v6.first(), v4.is_empty()) else { return [v6, v4].concat() };
    let (mut ahead, mut behind) = if has_route(*first) { (v6, v4) } else { (v4, v6) };
    let mut ordered = Vec::with_capacity(ahead.len() + behind.len());
    let (mut ahead, mut behind) = (ahead.drain(..), behind.drain(..));
    loop {
        let turn = [ahead.next(), behind.next()];
        if turn == [None, None] {
            return ordered;
        }
        ordered.extend(turn.into_iter().flatten());
    }
}

/// Whether packets to this address would leave the machine at all. Asks its tables and nobody else.
fn has_route(to: IpAddr) -> bool {
    let from = match to {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    UdpSocket::bind((from, 0)).and_then(|socket| socket.connect((to, DISCARD))).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let ips = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let check = |found: &[&str], has_v6: bool, expected: &[&str]| {
            let ordered = in_turns(ips(found), |ip| ip.is_ipv4() || has_v6);
            assert_eq!(ordered, ips(expected), "{found:?}");
        };
        check(&[], true, &[]);
        check(&["1.0.0.1", "1.0.0.2"], false, &["1.0.0.1", "1.0.0.2"]);
        check(&["2000::1"], false, &["2000::1"]);
        let mixed = ["2000::1", "2000::2", "2000::3", "1.0.0.1", "1.0.0.2"];
        check(&mixed, true, &["2000::1", "1.0.0.1", "2000::2", "1.0.0.2", "2000::3"]);
        check(&mixed, false, &["1.0.0.1", "2000::1", "1.0.0.2", "2000::2", "2000::3"]);
    }

    #[test]
    fn loopback_has_a_route() {
        assert!(has_route(IpAddr::from(Ipv4Addr::LOCALHOST)));
    }
}
