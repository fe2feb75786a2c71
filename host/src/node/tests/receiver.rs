//! A receiver on loopback: remembers what came, answers what a test says.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) body: String,
}

#[derive(Debug, Default)]
struct Seen {
    hits: Vec<Hit>,
    answers: BTreeMap<String, VecDeque<u16>>,
    hangs: bool,
}

/// See the head of this file.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Receiver {
    /// One that answers 200.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        receiver
    }

    /// The next answers at a path; 200 after them.
    pub(super) fn answer(&self, path: &str, statuses: &[u16]) {
        let mut seen = self.seen.lock();
        seen.answers.entry(path.to_owned()).or_default().extend(statuses);
    }

    /// Whether what comes is read, and answered only when it does not hang any more.
    pub(super) fn hang(&self, hangs: bool) {
        self.seen.lock().hangs = hangs;
    }

    /// Everything that came.
    pub(super) fn hits(&self) -> Vec<Hit> {
        self.seen.lock().hits.clone()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut read = Vec::new();
        loop {
            let Some((hit, length)) = request(&read) else {
                match stream.read_buf(&mut read).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => continue,
                }
            };
            read.drain(..length);
            let status = {
                let mut seen = self.seen.lock();
                let status = seen.answers.get_mut(&hit.path).and_then(VecDeque::pop_front);
                seen.hits.push(hit);
                status.unwrap_or(200)
            };
            while self.seen.lock().hangs {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// The first request of these bytes and its length, if it is whole.
fn request(read: &[u8]) -> Option<(Hit, usize)> {
    let text = std::str::from_utf8(read).unwrap();
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    let body = rest.get(..length)?.to_owned();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let id = header("webhook-id").unwrap_or_default();
    Some((Hit { path, id, body }, head.len() + 4 + length))
}
