//! Names and addresses: what is not called at all, and what cannot be reached.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::domain::delivery::ErrorCode;
use crate::egress::Egress;
use crate::egress::EgressError;
use crate::egress::EgressOptions;
use crate::egress::Resolver;
use crate::egress::connect::address;
use crate::egress::tests::LONG;
use crate::egress::tests::egress;
use crate::egress::tests::failed;
use crate::egress::tests::options;
use crate::egress::tests::peer::Peer;
use crate::egress::tests::request;
use crate::egress::tests::status;
use crate::egress::tests::target;

fn given(resolve: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Arc<Resolver> {
    Arc::new(Resolver::Given(Arc::new(resolve)))
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[tokio::test]
async fn one_forbidden_address_refuses_the_name() {
    for addresses in
        [["10.0.0.1"].as_slice(), &["1.1.1.1", "10.0.0.1"], &["169.254.169.254"], &["::1", "1.1.1.1"]]
    {
        let found = ips(addresses);
        let options = EgressOptions { resolver: given(move |_| found.clone()), ..options() };
        let egress = Egress::new(options).unwrap();
        let target = egress.target(&egress.check_url("http://inside.example/").unwrap());
        let sent = egress.send(&target, request(""), LONG).await;
        failed(&sent, ErrorCode::EgressRefused, "inside.example will not be called");
    }
}

#[tokio::test]
async fn a_listed_address_is_dialled_whatever_else_the_name_has() {
    let peer = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for addresses in [
        ["::1", "127.0.0.1"].as_slice(),
        &["10.0.0.1", "169.254.169.254", "127.0.0.1"],
        // A public address beside a private one is not to be trusted either.
        &["1.1.1.1", "10.0.0.1", "127.0.0.1"],
        &["fd00::1", "127.0.0.1"],
    ] {
        let found = ips(addresses);
        let resolver = given(move |_| found.clone());
        let egress = Egress::new(EgressOptions { resolver, ..options() }).unwrap();
        let url = format!("http://mixed.example:{}/", peer.address.port());
        let target = egress.target(&egress.check_url(&url).unwrap());
        let dialled = address::addresses(&egress.inner, &target.url).await.unwrap();
        assert_eq!(dialled, [peer.address], "{addresses:?}");
        assert_eq!(status(&egress.send(&target, request(""), LONG).await), 200, "{addresses:?}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_asked_every_time() {
    let peer = Peer::closing("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let resolve = move |_: &str| match counted.fetch_add(1, Ordering::SeqCst) {
        0 => ips(&["127.0.0.1"]),
        _ => ips(&["192.168.0.1"]),
    };
    let egress = Egress::new(EgressOptions { resolver: given(resolve), ..options() }).unwrap();
    let url = format!("http://rebinding.example:{}/", peer.address.port());
    let target = egress.target(&egress.check_url(&url).unwrap());
    assert_eq!(status(&egress.send(&target, request(""), LONG).await), 200);
    let last = egress.send(&target, request(""), LONG).await;
    failed(&last, ErrorCode::EgressRefused, "private");
    assert_eq!(asked.load(Ordering::SeqCst), 2, "one question per connection");
}

#[tokio::test]
async fn a_literal_address_is_checked_when_dialled_too() {
    let lenient = egress();
    let checked = lenient.check_url("http://127.0.0.1:9/").unwrap();
    let strict = Egress::new(EgressOptions { allow: Vec::new(), ..options() }).unwrap();
    let sent = strict.send(&strict.target(&checked), request(""), LONG).await;
    failed(&sent, ErrorCode::EgressRefused, "loopback");
}

#[tokio::test]
async fn an_allowed_name_may_live_anywhere() {
    let peer = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let options = EgressOptions {
        allow: Vec::new(),
        allow_hosts: vec!["inside.example".into()],
        resolver: given(|_| ips(&["127.0.0.1"])),
        ..options()
    };
    let egress = Egress::new(options).unwrap();
    let to = |host: &str| {
        egress.target(&egress.check_url(&format!("http://{host}:{}/", peer.address.port())).unwrap())
    };
    assert_eq!(status(&egress.send(&to("inside.example"), request(""), LONG).await), 200);
    assert_eq!(status(&egress.send(&to("INSIDE.example."), request(""), LONG).await), 200);
    let sent = egress.send(&to("other.example"), request(""), LONG).await;
    failed(&sent, ErrorCode::EgressRefused, "loopback");
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let peer = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    // Nobody listens at 127.0.0.2 on that port.
    let options = EgressOptions { resolver: given(|_| ips(&["127.0.0.2", "127.0.0.1"])), ..options() };
    let egress = Egress::new(options).unwrap();
    let url = format!("http://two.example:{}/", peer.address.port());
    let target = egress.target(&egress.check_url(&url).unwrap());
    assert_eq!(status(&egress.send(&target, request(""), LONG).await), 200);
}

#[tokio::test]
async fn a_name_without_address_is_a_dns_failure() {
    let nowhere = EgressOptions { resolver: given(|_| Vec::new()), ..options() };
    // `invalid` has no addresses by RFC 6761, whoever is asked.
    for (options, name) in [(nowhere, "nowhere.example"), (options(), "hook.invalid")] {
        let egress = Egress::new(options).unwrap();
        let target = egress.target(&egress.check_url(&format!("http://{name}/")).unwrap());
        failed(&egress.send(&target, request(""), LONG).await, ErrorCode::DnsFailed, name);
    }
}

#[tokio::test]
async fn nobody_there_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let egress = egress();
    let sent = egress.send(&target(&egress, address), request("{}"), LONG).await;
    failed(&sent, ErrorCode::ConnectionRefused, &address.to_string());
}

#[tokio::test]
async fn who_never_takes_the_handshake_is_a_timeout() {
    // The kernel takes the connection; nobody ever answers the client's hello.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = EgressOptions { connect_timeout: Duration::from_millis(50), ..options() };
    let egress = Egress::new(options).unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let target = egress.target(&egress.check_url(&url).unwrap());
    let sent = egress.send(&target, request("{}"), LONG).await;
    failed(&sent, ErrorCode::Timeout, "could not be connected to within 50ms");
}

#[test]
fn settings_that_cannot_work_are_named() {
    let with_ca = |path: std::path::PathBuf| EgressOptions { extra_ca: Some(path), ..options() };
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for options in [with_ca(empty), with_ca(directory.path().join("missing.pem"))] {
        assert!(matches!(Egress::check(&options), Err(EgressError::ExtraCa { .. })));
        assert!(matches!(Egress::new(options), Err(EgressError::ExtraCa { .. })));
    }
    let options = EgressOptions { user_agent: "a\nb".into(), ..options() };
    assert!(matches!(Egress::check(&options), Err(EgressError::UserAgent(_))));
    assert!(matches!(Egress::new(options), Err(EgressError::UserAgent(_))));
    assert!(Egress::check(&self::options()).is_ok());
}
