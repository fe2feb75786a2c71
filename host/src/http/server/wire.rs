//! A connection's socket as hyper sees it, without the empty answers that hyper gives by itself to what it cannot
//! read as a request: those are held back, so that `refusal` can say what was wrong. Not here: what is said.

use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use http_body::SizeHint;
use hyper::rt::Read;
use hyper::rt::ReadBufCursor;
use hyper::rt::Write;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Whether an answer of ours is under way; while it is, nothing is held back.
#[derive(Clone, Default)]
pub(super) struct Answering(Arc<AtomicBool>);

impl Answering {
    /// A request has come, its answer will follow.
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether one is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A body whose end is the end of the answer.
    pub(super) fn until_end_of(&self, body: Body) -> AnswerBody {
        AnswerBody { body, answering: self.clone() }
    }
}

/// The body of an answer; when hyper has taken all of it, it drops it.
pub(super) struct AnswerBody {
    body: Body,
    answering: Answering,
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.answering.0.store(false, Ordering::Relaxed);
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The socket.
pub(super) struct Wire {
    io: TokioIo<TcpStream>,
    answering: Answering,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, answering: Answering) -> Self {
        Self { io: TokioIo::new(stream), answering }
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.io.into_inner()
    }

    fn holds_back(&self, bytes: &[u8]) -> bool {
        !self.answering.is_under_way() && is_empty_refusal(bytes)
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

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.holds_back(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = parts
            && self.holds_back(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
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
