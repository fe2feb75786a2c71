//! What the peer gets to see.

use http::HeaderMap;
use http::HeaderValue;
use http::Method;

use crate::domain::delivery::ErrorCode;
use crate::egress::OutgoingRequest;
use crate::egress::tests::LONG;
use crate::egress::tests::egress;
use crate::egress::tests::failed;
use crate::egress::tests::peer::Peer;
use crate::egress::tests::request;
use crate::egress::tests::status;
use crate::egress::tests::target;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// The request as its peer saw it.
async fn seen(outgoing: OutgoingRequest) -> (String, String) {
    let egress = egress();
    let peer = Peer::answering(OK).await;
    assert_eq!(status(&egress.send(&target(&egress, peer.address), outgoing, LONG).await), 200);
    (peer.requests().remove(0), peer.address.to_string())
}

#[tokio::test]
async fn a_plain_request() {
    let (text, host) = seen(request("{\"a\":1}")).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines.remove(0), "POST /hook?x=1 HTTP/1.1");
    lines.sort_unstable();
    let agent = format!("user-agent: hookmill/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines, ["content-length: 7", &format!("host: {host}"), &agent]);
    assert_eq!(body, "{\"a\":1}");
}

#[tokio::test]
async fn an_empty_body_has_a_length_where_a_body_is_usual() {
    for (method, expected) in [
        (Method::POST, 1),
        (Method::PUT, 1),
        (Method::PATCH, 1),
        (Method::from_bytes(b"NOTIFY").unwrap(), 1),
        (Method::GET, 0),
        (Method::DELETE, 0),
        (Method::HEAD, 0),
        (Method::OPTIONS, 0),
    ] {
        let (text, _) = seen(OutgoingRequest { method: method.clone(), ..request("") }).await;
        assert_eq!(text.matches("content-length: 0\r\n").count(), expected, "{text}");
        let (text, _) = seen(OutgoingRequest { method, ..request("ab") }).await;
        assert_eq!(text.matches("content-length: 2\r\n").count(), 1, "{text}");
    }
}

#[tokio::test]
async fn method_and_path_of_a_mapping() {
    let outgoing = OutgoingRequest { method: Method::PUT, path: Some("/other/1?y=2".into()), ..request("") };
    let (text, _) = seen(outgoing).await;
    assert!(text.starts_with("PUT /other/1?y=2 HTTP/1.1\r\n"), "{text}");
}

#[tokio::test]
async fn a_path_cannot_lead_elsewhere() {
    let (text, host) = seen(OutgoingRequest { path: Some("//evil.example/x".into()), ..request("") }).await;
    assert!(text.starts_with("POST //evil.example/x HTTP/1.1\r\n"), "{text}");
    assert!(text.contains(&format!("host: {host}\r\n")), "{text}");
    let egress = egress();
    let peer = Peer::answering(OK).await;
    for path in ["http://evil.example/", "evil", "", "/a b", "/a\r\nx: y", "@evil.example/"] {
        let outgoing = OutgoingRequest { path: Some(path.into()), ..request("") };
        let sent = egress.send(&target(&egress, peer.address), outgoing, LONG).await;
        failed(&sent, ErrorCode::StepFailed, "is not a path");
    }
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn headers_that_frame_the_message_are_the_connections_own() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "evil.example"),
        ("content-length", "3"),
        ("transfer-encoding", "chunked"),
        ("connection", "close, x-kept"),
        ("keep-alive", "timeout=1"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("user-agent", "mine"),
        ("x-kept", "yes"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let (text, host) = seen(OutgoingRequest { headers, ..request("{\"a\":1}") }).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").skip(1).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["content-length: 7", &format!("host: {host}"), "user-agent: mine", "x-kept: yes"]);
    assert_eq!(body, "{\"a\":1}");
}
