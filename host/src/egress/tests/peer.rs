//! A peer that reads requests and does with the connection what a test says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

/// A listener on loopback and what it has seen.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Calls `serve` for every connection.
    pub(super) async fn new<F, Done>(serve: F) -> Self
    where
        F: Fn(Self, TcpStream) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let shared = peer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(shared.clone(), stream));
            }
        });
        peer
    }

    /// Answers every request with the same bytes and keeps the connection.
    pub(super) async fn answering(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::new(move |peer, mut stream| {
            let answer = answer.clone();
            async move {
                while peer.read(&mut stream).await {
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// Answers one request a connection, then closes it.
    pub(super) async fn closing(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::new(move |peer, mut stream| {
            let answer = answer.clone();
            async move {
                if peer.read(&mut stream).await {
                    // The other side may have seen enough already.
                    let _gone = stream.write_all(answer.as_bytes()).await;
                }
            }
        })
        .await
    }

    /// Reads one request, head and body; false when the connection ended.
    pub(super) async fn read(&self, stream: &mut (impl AsyncRead + Unpin)) -> bool {
        let mut seen = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&seen).into_owned();
            if let Some(head) = text.find("\r\n\r\n") {
                let length = text.to_lowercase();
                let length = length.split("content-length: ").nth(1);
                let length = length.map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
                if seen.len() >= head + 4 + length {
                    self.requests.lock().push(text);
                    return true;
                }
            }
            match stream.read_buf(&mut seen).await {
                Ok(0) | Err(_) => return false,
                Ok(_) => {}
            }
        }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}
