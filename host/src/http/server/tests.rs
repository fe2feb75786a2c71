//! Connections against real sockets: what is slow, too much, lying, panicking, and the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Answerer;
use super::ServerLimits;
use crate::http::body;
use crate::http::problem::Problem;

/// Longer than any test takes; a test that meets it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers with the length of the body; `/panic` panics, `/wait` waits until it is let go.
struct Echo {
    limits: ServerLimits,
    asked: Notify,
    go: Notify,
}

impl Answerer for Echo {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        match request.uri().path() {
            "/panic" => panic!("on purpose"),
            "/wait" => {
                self.asked.notify_one();
                self.go.notified().await;
            }
            _ => {}
        }
        match body::read(request.into_body(), self.limits.body_bytes_max, self.limits.body_timeout).await {
            Ok(body) => Response::new(Body::from(format!("{} bytes", body.len()))),
            Err(fault) => Problem::from(fault).into_response(),
        }
    }
}

struct Server {
    address: SocketAddr,
    echo: Arc<Echo>,
    stop: CancellationToken,
    ended: JoinHandle<()>,
    open: Arc<AtomicI64>,
}

impl Server {
    async fn start(change: impl FnOnce(&mut ServerLimits)) -> Self {
        let mut limits = ServerLimits {
            header_timeout: PATIENCE,
            body_timeout: PATIENCE,
            connections_max: 100,
            headers_bytes_max: 16 << 10,
            body_bytes_max: 1000,
        };
        change(&mut limits);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let echo = Arc::new(Echo { limits: limits.clone(), asked: Notify::new(), go: Notify::new() });
        let (stop, open) = (CancellationToken::new(), Arc::new(AtomicI64::new(0)));
        let count = open.clone();
        let serving = super::run(
            listener,
            echo.clone(),
            limits,
            CancellationToken::new(),
            stop.clone().cancelled_owned(),
            move |change| {
                count.fetch_add(change, Ordering::SeqCst);
            },
        );
        Self { address, echo, stop, ended: tokio::spawn(serving), open }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends, and reads until the server closes.
    async fn talk(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        read_all(&mut stream).await
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.ended).await.expect("it ends").unwrap();
        assert_eq!(self.open.load(Ordering::SeqCst), 0, "every connection is counted out");
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it closes");
    read.unwrap();
    String::from_utf8(answer).unwrap()
}

/// Reads until the text is there.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut answer = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&answer).contains(text) {
            let mut bytes = [0; 1024];
            let read = stream.read(&mut bytes).await.unwrap();
            assert!(read > 0, "closed after {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&bytes[..read]);
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("it answers");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let server = Server::start(|_| ()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc").await.unwrap();
        let answer = read_until(&mut stream, "3 bytes").await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("x-content-type-options: nosniff"),
            "{answer}"
        );
    }
    drop(stream);
    server.end().await;
}

#[tokio::test]
async fn lengths_that_lie_or_are_too_large() {
    let server = Server::start(|_| ()).await;
    let huge = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000000\r\n\r\n";
    assert!(server.talk(huge).await.starts_with("HTTP/1.1 413"), "refused before a byte has come");
    let chunks = "ff\r\n".to_owned() + &"x".repeat(255) + "\r\n";
    let chunked =
        format!("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{}", chunks.repeat(5));
    assert!(server.talk(chunked.as_bytes()).await.starts_with("HTTP/1.1 413"), "counted as it comes");
    for lie in [
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "not http at all\r\n\r\n",
    ] {
        let answer = server.talk(lie.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("/problems/"), "{lie}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 400").count(), 1, "{lie}: {answer}");
    }
    server.end().await;
}

#[tokio::test]
async fn who_sends_on_after_a_refusal_still_reads_it() {
    let server = Server::start(|_| ()).await;
    let mut request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n".to_vec();
    request.resize(request.len() + 2_000_000, b'x');
    let answer = server.talk(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("too-large"), "{answer}");
    server.end().await;
}

#[tokio::test]
async fn slow_headers_and_slow_bodies_end() {
    let short = Duration::from_millis(100);
    let server = Server::start(|limits| {
        limits.header_timeout = short;
        limits.body_timeout = short;
    })
    .await;
    let slow_headers = server.talk(b"POST / HTTP/1.1\r\nhost: x\r\n").await;
    assert!(slow_headers.starts_with("HTTP/1.1 408") && slow_headers.contains("headers"), "{slow_headers}");
    assert_eq!(server.talk(b"").await, "", "who asked nothing hears nothing");
    let slow_body = server.talk(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc").await;
    assert!(slow_body.starts_with("HTTP/1.1 408") && slow_body.contains("request-timeout"), "{slow_body}");
    server.end().await;
}

#[tokio::test]
async fn too_long_headers() {
    let server = Server::start(|_| ()).await;
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "x".repeat(32 << 10));
    let answer = server.talk(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("16384 bytes"), "{answer}");
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(300));
    let answer = server.talk(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("200 headers"), "{answer}");
    // After an answer of ours, too, and only once.
    let request =
        format!("GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(300));
    let answer = server.talk(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.matches("HTTP/1.1 431").count() == 1, "{answer}");
    server.end().await;
}

#[tokio::test]
async fn expect_100_continue_is_answered() {
    let server = Server::start(|_| ()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut stream, "100 Continue").await;
    stream.write_all(b"abc").await.unwrap();
    read_until(&mut stream, "3 bytes").await;
    drop(stream);
    server.end().await;
}

#[tokio::test]
async fn a_panic_is_one_requests_end() {
    let server = Server::start(|_| ()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = read_until(&mut stream, "problems/internal").await;
    assert!(answer.starts_with("HTTP/1.1 500") && !answer.contains("on purpose"), "{answer}");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut stream, "0 bytes").await;
    drop(stream);
    server.end().await;
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_their_turn() {
    let server = Server::start(|limits| limits.connections_max = 1).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    server.echo.asked.notified().await;
    let mut second = server.connect().await;
    second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert_eq!(server.open.load(Ordering::SeqCst), 1, "the second waits in the system's queue");
    server.echo.go.notify_one();
    assert!(read_all(&mut first).await.contains("0 bytes"));
    drop(first);
    assert!(read_all(&mut second).await.contains("0 bytes"), "and is served when there is room");
    server.end().await;
}

#[tokio::test]
async fn stopping_finishes_what_was_asked_and_closes_what_is_idle() {
    let server = Server::start(|_| ()).await;
    let (mut idle, mut busy) = (server.connect().await, server.connect().await);
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut idle, "0 bytes").await;
    busy.write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    server.echo.asked.notified().await;
    let mut about_to_ask = server.connect().await;
    server.stop.cancel();
    // A request that crosses the closing on its way is answered, the last one on its connection.
    about_to_ask.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = read_all(&mut about_to_ask).await;
    assert!(answer.contains("0 bytes") && answer.contains("connection: close"), "{answer}");
    drop(about_to_ask);
    assert_eq!(read_all(&mut idle).await, "", "an idle connection is closed");
    drop(idle);
    let refused = async {
        while let Ok(mut late) = TcpStream::connect(server.address).await {
            // A connection the system took before the listener was gone ends without an answer.
            let _answer = late.read_to_end(&mut Vec::new()).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("no new connections");
    server.echo.go.notify_one();
    let answer = read_all(&mut busy).await;
    assert!(answer.contains("0 bytes") && answer.contains("connection: close"), "{answer}");
    drop(busy);
    server.end().await;
}
