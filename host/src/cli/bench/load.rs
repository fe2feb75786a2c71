//! Sends events over keep-alive connections, each one request after the other. HTTP/1.1 by
//! hand: the sender shares the processors with what it measures. Not here: what is sent.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::bail;
use hdrhistogram::Histogram;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::cli::bench::signal;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// After that many requests, over all connections.
    Requests(u64),
    /// After that time.
    Passed(Duration),
    /// When [`Load::stop`] was called.
    Told,
}

/// What was sent.
#[derive(Debug)]
pub(super) struct LoadSent {
    /// Answered with 202.
    pub(super) accepted: u64,
    /// Answered with something else.
    pub(super) refused: u64,
    /// From request to answer, microseconds.
    pub(super) latencies: Histogram<u64>,
}

/// Latencies of up to an hour, in microseconds, within 0.1 %.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("the bounds are constants hdrhistogram takes")
}

/// Where and what to send.
#[derive(Debug)]
pub(super) struct Load {
    address: String,
    head: String,
    payload_bytes: usize,
    start: Instant,
    next: AtomicU64,
    told: AtomicBool,
}

impl Load {
    /// Payloads say when they were sent, counted from `start`.
    pub(super) fn new(address: &str, path: &str, payload_bytes: usize, start: Instant) -> Self {
        let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
        Self {
            address: address.to_owned(),
            head,
            payload_bytes,
            start,
            next: AtomicU64::new(0),
            told: AtomicBool::new(false),
        }
    }

    /// Ends sending that waits to be told.
    pub(super) fn stop(&self) {
        self.told.store(true, Ordering::Relaxed);
    }

    /// Sends over that many connections, as fast as they are answered.
    pub(super) async fn run(self: &Arc<Self>, connections: usize, until: Until) -> anyhow::Result<LoadSent> {
        self.paced(connections, until, Duration::ZERO).await
    }

    /// The same, with `pause` between two requests of a connection.
    pub(super) async fn paced(
        self: &Arc<Self>,
        connections: usize,
        until: Until,
        pause: Duration,
    ) -> anyhow::Result<LoadSent> {
        let began = Instant::now();
        let first = self.next.load(Ordering::Relaxed);
        let mut senders = JoinSet::new();
        for _ in 0..connections {
            let load = self.clone();
            senders.spawn(async move {
                let mut connection = Connection::open(&load.address).await?;
                let mut sent = LoadSent { accepted: 0, refused: 0, latencies: histogram() };
                loop {
                    let number = load.next.fetch_add(1, Ordering::Relaxed);
                    let done = match until {
                        Until::Requests(limit) => number - first >= limit,
                        Until::Passed(limit) => began.elapsed() >= limit,
                        Until::Told => load.told.load(Ordering::Relaxed),
                    };
                    if done {
                        return anyhow::Ok(sent);
                    }
                    load.one(number, &mut connection, &mut sent).await?;
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                }
            });
        }
        let mut sum = LoadSent { accepted: 0, refused: 0, latencies: histogram() };
        while let Some(sent) = senders.join_next().await {
            let sent = sent??;
            sum.accepted += sent.accepted;
            sum.refused += sent.refused;
            sum.latencies.add(&sent.latencies)?;
        }
        Ok(sum)
    }

    async fn one(&self, number: u64, connection: &mut Connection, sent: &mut LoadSent) -> anyhow::Result<()> {
        let began = Instant::now();
        connection.body.clear();
        signal::body(number, began - self.start, self.payload_bytes, &mut connection.body);
        let status = connection.exchange(&self.head).await?;
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        sent.latencies.saturating_record(micros.max(1));
        if status == 202 {
            sent.accepted += 1;
        } else {
            sent.refused += 1;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    body: Vec<u8>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect to the gateway")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, body: Vec::new(), request: Vec::new(), answer: Vec::new() })
    }

    /// Sends the body and reads the answer; gives its status.
    async fn exchange(&mut self, head: &str) -> anyhow::Result<u16> {
        self.request.clear();
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(format!("content-length: {}\r\n\r\n", self.body.len()).as_bytes());
        self.request.extend_from_slice(&self.body);
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the gateway closed a connection in mid-answer");
            }
            if let Some(status) = complete(&self.answer)? {
                return Ok(status);
            }
        }
    }
}

/// The status, once the answer is complete.
fn complete(answer: &[u8]) -> anyhow::Result<Option<u16>> {
    let Some(end) = memchr::memmem::find(answer, b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end]).context("the answer's head is text")?;
    let status = head.get(9..12).and_then(|status| status.parse().ok()).context("the answer has a status")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.context("the answer says how long it is")?;
    Ok((answer.len() >= end + 4 + length).then_some(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_its_body_is() {
        let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
        for cut in 0..answer.len() {
            assert_eq!(complete(&answer[..cut]).unwrap(), None, "{cut}");
        }
        assert_eq!(complete(answer).unwrap(), Some(202));
        assert!(complete(b"HTTP/1.1 202 Accepted\r\n\r\n").is_err());
    }
}
