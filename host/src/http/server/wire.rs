//! A connection's socket as hyper sees it: shared, so that it is still there when hyper is done with it, and without
//! the empty answers that hyper gives by itself to what it cannot read as a request. Those are held back, so that
//! `refusal` can say what was wrong. Not here: what is said.

use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use parking_lot::Mutex;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use crate::http::server::answering::Answering;

/// What begins a connection of HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The socket.
#[derive(Clone)]
pub(super) struct Wire {
    stream: Arc<TcpStream>,
    answering: Answering,
    /// The first bytes that came, as many as tell the version.
    first: Arc<Mutex<Vec<u8>>>,
}

/// What a connection speaks, as far as it has spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    /// Nothing that would tell.
    Unknown,
    /// HTTP/1.1, or nothing that is known.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Wire {
    pub(super) fn new(stream: Arc<TcpStream>, answering: Answering) -> Self {
        Self { stream, answering, first: Arc::default() }
    }

    /// What it speaks.
    pub(super) fn speaks(&self) -> Speaks {
        match self.first.lock().as_slice() {
            PREFACE => Speaks::Http2,
            first if PREFACE.starts_with(first) => Speaks::Unknown,
            _ => Speaks::Http1,
        }
    }

    fn note(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.answering.hear();
        let mut first = self.first.lock();
        let missing = PREFACE.len() - first.len();
        first.extend_from_slice(bytes.get(..missing).unwrap_or(bytes));
    }

    fn holds_back(&self, bytes: &[u8]) -> bool {
        !self.answering.is_under_way() && is_empty_refusal(bytes)
    }

    /// Writes as soon as the socket takes something.
    fn poll_put(
        &self,
        cx: &mut Context<'_>,
        put: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            match put(&self.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

/// Whether these bytes are one of hyper's own answers, whole: a status of 4xx, three headers, no body.
/// (Answers of ours have more headers.)
fn is_empty_refusal(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"HTTP/1.1 4") else { return false };
    let Ok(rest) = std::str::from_utf8(rest) else { return false };
    let mut lines = rest.split("\r\n").skip(1);
    lines.next() == Some("connection: close")
        && lines.next() == Some("content-length: 0")
        && lines.next().is_some_and(|line| line.starts_with("date: "))
        && lines.eq(["", ""])
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            match self.stream.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(_) => {
                    self.note(&buffer.filled()[before..]);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.holds_back(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.poll_put(cx, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = parts
            && self.holds_back(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        self.poll_put(cx, |stream| stream.try_write_vectored(parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Not yet: there may be a refusal to be written.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::is_empty_refusal;

    #[test]
    fn only_hypers_own_answers_are_held_back() {
        let own = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\
                   date: Tue, 24 Nov 2026 01:00:00 GMT\r\n\r\n";
        assert!(is_empty_refusal(own.as_bytes()));
        for other in [
            own.replace("431", "200"),
            own.replace("length: 0", "length: 1"),
            own.replace("date", "x-frame-options"),
            own.replace("\r\n\r\n", "\r\nx: y\r\n\r\n"),
            format!("{own}more"),
            own[..own.len() - 1].to_owned(),
            String::new(),
        ] {
            assert!(!is_empty_refusal(other.as_bytes()), "{other}");
        }
    }
}
