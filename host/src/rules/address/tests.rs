//! Every spelling of what must not be called, and a slow second opinion on addresses.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use ipnet::IpNet;
use proptest::prelude::*;

use crate::rules::address::UrlPolicy;
use crate::rules::address::check;
use crate::rules::address::check_url;

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[track_caller]
fn address(text: &str, allow: &[&str], passes: bool) {
    assert_eq!(check(text.parse().unwrap(), &nets(allow)).is_ok(), passes, "{text}");
}

#[test]
fn every_spelling_of_a_private_address_is_refused() {
    for text in [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
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
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:101:101::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fc00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
        "4000::1",
        "3fff:123::1",
    ] {
        address(text, &[], false);
    }
}

#[test]
fn public_addresses_pass() {
    for text in [
        "1.1.1.1",
        "9.255.255.255",
        "100.63.255.255",
        "100.128.0.1",
        "168.63.129.17",
        "172.15.0.1",
        "172.32.0.1",
        "198.17.255.255",
        "223.255.255.255",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2a00:1450::1",
    ] {
        address(text, &[], true);
    }
}

#[test]
fn what_is_allowed_passes_in_any_spelling() {
    let allow = ["127.0.0.0/8", "fd00::/8"];
    for (text, passes) in [
        ("127.0.0.1", true),
        ("::ffff:127.0.0.1", true),
        ("64:ff9b::7f00:1", true),
        ("fd12::1", true),
        ("::1", false),
        ("10.0.0.1", false),
        ("fc00::1", false),
    ] {
        address(text, &allow, passes);
    }
}

const NOTHING: UrlPolicy<'_> = UrlPolicy { http: true, networks: &[], hosts: &[] };

/// `expected` is the URL's one form, or a part of why it is refused.
#[track_caller]
fn url(text: &str, policy: &UrlPolicy<'_>, expected: Result<&str, &str>) {
    let seen = check_url(text, policy).map_err(|refusal| refusal.to_string());
    match (&seen, expected) {
        (Ok(url), Ok(wanted)) if url.as_str() == wanted => {}
        (Err(detail), Err(part)) if detail.contains(part) => {}
        _ => panic!("{text}: {seen:?}, not {expected:?}"),
    }
}

#[test]
fn every_spelling_of_loopback_in_a_url_is_refused() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0177.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "127．0．0．1",
        "127｡0｡0｡1",
        "①②⑦.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
    ] {
        for rest in ["", ":8080", "/hook", ":1/a?b=c"] {
            url(&format!("http://{host}{rest}"), &NOTHING, Err("egress.allow"));
        }
    }
}

#[test]
fn names_of_this_machine_are_refused() {
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "ｌｏｃａｌｈｏｓｔ",
        "%6cocalhost",
        "localhost。",
    ] {
        url(&format!("http://{host}/"), &NOTHING, Err("a name of this machine"));
    }
    url("http://localhost.example.com/", &NOTHING, Ok("http://localhost.example.com/"));
    url("http://notlocalhost/", &NOTHING, Ok("http://notlocalhost/"));
}

#[test]
fn what_is_no_place_for_a_webhook() {
    for (text, part) in [
        ("", "not a URL"),
        ("example.com/hook", "not a URL"),
        ("//example.com", "not a URL"),
        ("https://", "not a URL"),
        ("https://./", "not a URL"),
        ("https://a..b/", "not a URL"),
        ("https://exa mple.com/", "not a URL"),
        ("https://example.com:70000/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://999.1.1.1/", "not a URL"),
        ("https://example.com:0/", "port 0"),
        ("https://user@example.com/", "credentials"),
        ("https://user:pass@example.com/", "credentials"),
        ("https://:pass@example.com/", "credentials"),
        ("https://127.0.0.1@[::1]/", "credentials"),
        ("ftp://example.com/", "`ftp` is not allowed"),
        ("file:///etc/passwd", "`file` is not allowed"),
        ("gopher://example.com/", "`gopher` is not allowed"),
        ("javascript:alert(1)", "`javascript` is not allowed"),
        ("unix:///run/docker.sock", "`unix` is not allowed"),
    ] {
        url(text, &NOTHING, Err(part));
    }
    url(&format!("https://example.com/{}", "a".repeat(2048)), &NOTHING, Err("at most 2048"));
}

#[test]
fn settings_decide() {
    let https_only = UrlPolicy { http: false, ..NOTHING };
    url("http://example.com/", &https_only, Err("plain http"));
    url("HTTPS://Example.COM:443/Hook?a=1#part", &https_only, Ok("https://example.com/Hook?a=1"));
    let loopback = nets(&["127.0.0.0/8"]);
    let open = UrlPolicy { networks: &loopback, ..NOTHING };
    url("http://0x7f.1:8080/", &open, Ok("http://127.0.0.1:8080/"));
    url("http://localhost:9000/", &open, Ok("http://localhost:9000/"));
    url("http://[::1]/", &open, Err("loopback"));
    let hosts = ["localhost".to_owned()];
    let named = UrlPolicy { hosts: &hosts, ..NOTHING };
    url("http://localhost./", &named, Ok("http://localhost./"));
    url("http://127.0.0.1/", &named, Err("loopback"));
}

/// A second opinion, by the standard library's words instead of a table of networks.
fn oracle(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(a == 0
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || ip == Ipv4Addr::new(168, 63, 129, 16)
        || a >= 240)
}

/// Addresses anywhere, and many at the edges of the special networks.
fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    let first =
        prop::sample::select(vec![0u8, 9, 10, 11, 100, 127, 168, 169, 172, 192, 198, 203, 224, 240, 255]);
    let second = prop::sample::select(vec![0u8, 15, 16, 18, 19, 31, 32, 51, 63, 64, 88, 127, 128, 168, 254]);
    let third = prop::sample::select(vec![0u8, 1, 2, 99, 100, 113, 129, 169, 255]);
    let near = (first, second, third, any::<u8>()).prop_map(|(a, b, c, d)| Ipv4Addr::new(a, b, c, d));
    prop_oneof![any::<u32>().prop_map(Ipv4Addr::from), near]
}

/// Ways to write an IPv4 address into an IPv6 one.
fn embeddings(v4: Ipv4Addr) -> [Ipv6Addr; 4] {
    let bits = u128::from(u32::from(v4));
    let at = |text: &str| Ipv6Addr::from(u128::from(text.parse::<Ipv6Addr>().unwrap()) | bits);
    [at("::ffff:0:0"), at("64:ff9b::"), at("::ffff:0:0:0"), at("2002::")]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_oracle(ip in any_v4()) {
        prop_assert_eq!(check(IpAddr::V4(ip), &[]).is_ok(), oracle(ip));
    }

    #[test]
    fn no_embedding_opens_what_is_shut(ip in any_v4()) {
        for v6 in embeddings(ip) {
            prop_assert!(check(IpAddr::V6(v6), &[]).is_err() || oracle(ip), "{} in {}", ip, v6);
        }
    }

    #[test]
    fn only_global_unicast_or_translations_pass(bits in any::<u128>()) {
        let ip = Ipv6Addr::from(bits);
        let global = bits >> 125 == 1;
        prop_assert!(check(IpAddr::V6(ip), &[]).is_err() || global, "{}", ip);
    }

    #[test]
    fn a_url_that_passes_names_what_passes(ip in any_v4(), form in 0..4u8) {
        let bits = u32::from(ip);
        let [a, b, c, d] = ip.octets();
        let host = match form {
            0 => ip.to_string(),
            1 => bits.to_string(),
            2 => format!("{bits:#x}"),
            _ => format!("0{a:o}.0x{b:x}.{}", u32::from(c) << 8 | u32::from(d)),
        };
        let passes = check_url(&format!("http://{host}/"), &NOTHING).is_ok();
        prop_assert_eq!(passes, oracle(ip), "{}", host);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}", host in "[0-9a-fxX.:%\\[\\]。１]{0,30}") {
        let _either = check_url(&text, &NOTHING);
        let _either = check_url(&format!("http://{host}/"), &NOTHING);
    }
}
