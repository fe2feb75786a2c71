//! Real sockets with peers that behave well, badly, or not at all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use crate::domain::delivery::ErrorCode;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::egress::OutgoingRequest;
use crate::egress::Resolver;
use crate::egress::Sent;
use crate::egress::Target;

fn options() -> EgressOptions {
    EgressOptions {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        allow_http: true,
        ..EgressOptions::default()
    }
}

fn request(body: &'static str) -> OutgoingRequest {
    OutgoingRequest {
        method: Method::POST,
        path: None,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
    }
}

/// Reads one request: its head and as much body as it announces.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some(head) = text.find("\r\n\r\n") {
            let length = text
                .to_lowercase()
                .split("content-length: ")
                .nth(1)
                .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
            if seen.len() >= head + 4 + length {
                return Some(text);
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => seen.extend_from_slice(&chunk[..read]),
        }
    }
}

/// A peer that answers the n-th request with the n-th text (the last for all further ones) and
/// closes the connection after an answer that says so. Counts its connections.
async fn peer(answers: Vec<String>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let requests = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let (answers, requests) = (answers.clone(), requests.clone());
            tokio::spawn(async move {
                while read_request(&mut stream).await.is_some() {
                    let number = requests.fetch_add(1, Ordering::SeqCst);
                    let answer = &answers[number.min(answers.len() - 1)];
                    if stream.write_all(answer.as_bytes()).await.is_err()
                        || answer.contains("connection: close")
                    {
                        return;
                    }
                    if answer.contains("HALF") || !answer.starts_with("HTTP/1.1 ") {
                        return;
                    }
                }
            });
        }
    });
    (address, connections)
}

fn target(egress: &Egress, address: SocketAddr) -> Arc<Target> {
    egress.target(&egress.check_url(&format!("http://{address}/hook?x=1")).unwrap())
}

async fn send_once(answer: &str) -> Sent {
    let egress = Egress::new(options()).unwrap();
    let (address, _) = peer(vec![answer.to_owned()]).await;
    egress.send(&target(&egress, address), request("{}"), Duration::from_secs(5)).await
}

fn code(sent: &Sent) -> Option<ErrorCode> {
    sent.outcome.as_ref().err().map(|error| error.code)
}

#[tokio::test]
async fn an_answer_comes_back_and_the_connection_is_used_again() {
    let egress = Egress::new(options()).unwrap();
    let (address, connections) =
        peer(vec!["HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: b\r\n\r\nok".into()]).await;
    let target = target(&egress, address);
    for _ in 0..3 {
        let sent = egress.send(&target, request("{}"), Duration::from_secs(5)).await;
        let response = sent.outcome.unwrap();
        assert_eq!((response.status, response.body.as_ref(), response.truncated), (200, &b"ok"[..], false));
        assert_eq!(response.headers.get("x-a"), Some("b"));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirects_are_answers() {
    let sent =
        send_once("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n")
            .await;
    assert_eq!(sent.outcome.unwrap().status, 302);
}

#[tokio::test]
async fn a_long_answer_is_cut() {
    let body = "x".repeat(100_000);
    let sent = send_once(&format!("HTTP/1.1 500 No\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    let response = sent.outcome.unwrap();
    assert_eq!((response.body.len(), response.truncated), (16 << 10, true));
}

#[tokio::test]
async fn what_is_not_http_is_named() {
    assert_eq!(code(&send_once("SSH-2.0-OpenSSH_9.2\r\n\r\n").await), Some(ErrorCode::BadResponse));
}

#[tokio::test]
async fn a_half_answer_is_a_broken_connection() {
    let sent = send_once("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nHALF").await;
    assert_eq!(code(&sent), Some(ErrorCode::ConnectionFailed));
}

#[tokio::test]
async fn huge_headers_are_refused() {
    let sent =
        send_once(&format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "y".repeat(200_000)))
            .await;
    assert!(code(&sent).is_some());
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let egress = Egress::new(options()).unwrap();
    let target = target(&egress, listener.local_addr().unwrap());
    let sent = egress.send(&target, request("{}"), Duration::from_millis(50)).await;
    assert_eq!(code(&sent), Some(ErrorCode::Timeout));
}

#[tokio::test]
async fn nobody_there_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let egress = Egress::new(options()).unwrap();
    let sent = egress.send(&target(&egress, address), request("{}"), Duration::from_secs(5)).await;
    assert_eq!(code(&sent), Some(ErrorCode::ConnectionRefused));
}

#[tokio::test]
async fn a_connection_closed_while_idle_costs_no_attempt() {
    let egress = Egress::new(options()).unwrap();
    let (address, connections) =
        peer(vec!["HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into()]).await;
    let target = target(&egress, address);
    for _ in 0..5 {
        assert_eq!(
            egress.send(&target, request("{}"), Duration::from_secs(5)).await.outcome.unwrap().status,
            200
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_name_without_address_is_a_dns_failure() {
    let egress = Egress::new(EgressOptions {
        resolver: Arc::new(Resolver::Given(Box::new(|_| Vec::new()))),
        ..options()
    });
    let egress = egress.unwrap();
    let target = egress.target(&egress.check_url("http://nowhere.example/").unwrap());
    assert_eq!(
        code(&egress.send(&target, request(""), Duration::from_secs(5)).await),
        Some(ErrorCode::DnsFailed)
    );
}

#[tokio::test]
async fn a_name_with_one_private_address_is_refused() {
    let resolve = |_: &str| vec!["1.1.1.1".parse().unwrap(), "10.0.0.1".parse().unwrap()];
    let egress =
        Egress::new(EgressOptions { resolver: Arc::new(Resolver::Given(Box::new(resolve))), ..options() });
    let egress = egress.unwrap();
    let target = egress.target(&egress.check_url("http://rebinding.example/").unwrap());
    assert_eq!(
        code(&egress.send(&target, request(""), Duration::from_secs(5)).await),
        Some(ErrorCode::EgressRefused)
    );
}

#[tokio::test]
async fn no_tls_is_named() {
    let (address, _) = peer(vec!["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".into()]).await;
    let egress = Egress::new(options()).unwrap();
    let target = egress.target(&egress.check_url(&format!("https://{address}/")).unwrap());
    let sent = egress.send(&target, request(""), Duration::from_millis(500)).await;
    assert!(matches!(code(&sent), Some(ErrorCode::TlsFailed | ErrorCode::Timeout)), "{sent:?}");
}

#[test]
fn urls_in_every_spelling() {
    let strict = Egress::new(EgressOptions { allow_http: true, ..EgressOptions::default() }).unwrap();
    for url in [
        "http://127.0.0.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://%31%32%37.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1:80/",
        "http://0/",
        "http://user:pw@example.com/",
        "http://user@example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://",
        "//example.com",
        "",
        "http:///",
        "not a url",
        "http://[::]/",
        "http://192.168.1.1/",
    ] {
        assert!(strict.check_url(url).is_err(), "{url} passed");
    }
    for url in [
        "http://example.com/hook?a=b",
        "https://example.com:8443/",
        "https://1.1.1.1/",
        "https://xn--bcher-kva.example/",
    ] {
        assert!(strict.check_url(url).is_ok(), "{url} refused");
    }
    let https_only = Egress::new(EgressOptions::default()).unwrap();
    assert!(https_only.check_url("http://example.com/").is_err());
}
