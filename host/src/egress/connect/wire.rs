//! The socket of a connection. Its driver reads and writes it; the pool looks whether it is quiet,
//! which the driver cannot say before it has had its turn. Not here: what is said on it.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Weak;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use socket2::SockRef;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use crate::egress::connect::activity::Activity;
use crate::egress::connect::activity::OPENING_BYTES;

/// The driver's side, which owns the socket. The lock is held for one system call.
#[derive(Debug)]
pub(in crate::egress) struct DriverSocket(Arc<Mutex<TcpStream>>);

/// The pool's side. It keeps nothing open.
#[derive(Debug)]
pub(in crate::egress) struct SocketWatch(Weak<Mutex<TcpStream>>);

impl DriverSocket {
    pub(in crate::egress) fn new(socket: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(socket)))
    }

    pub(in crate::egress) fn watch(&self) -> SocketWatch {
        SocketWatch(Arc::downgrade(&self.0))
    }

    fn socket(&self) -> MutexGuard<'_, TcpStream> {
        self.0.lock()
    }
}

impl SocketWatch {
    /// Whether the peer has neither closed an idle connection nor said anything on it. What it says
    /// unasked is no answer to the next request: a farewell, or an answer to nothing.
    pub(in crate::egress) fn is_quiet(&self) -> bool {
        let Some(socket) = self.0.upgrade().map(DriverSocket) else { return false };
        let peeked = SockRef::from(&*socket.socket()).peek(&mut [MaybeUninit::uninit()]);
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl AsyncRead for DriverSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket()).poll_read(cx, buffer)
    }
}

impl AsyncWrite for DriverSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.socket()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.socket()).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket()).poll_shutdown(cx)
    }
}

/// A stream that notes how each answer begins: above TLS, so that its farewells and tickets are no
/// beginning of an answer.
#[derive(Debug)]
pub(in crate::egress) struct Heard<S> {
    stream: S,
    activity: Arc<Activity>,
    /// Which use of the connection the answer is for.
    of_use: u64,
    begins: Vec<u8>,
}

impl<S> Heard<S> {
    pub(in crate::egress) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity, of_use: 0, begins: Vec::with_capacity(OPENING_BYTES) }
    }

    fn note(&mut self, bytes: &[u8]) {
        let of_use = self.activity.uses();
        if self.of_use != of_use {
            self.of_use = of_use;
            self.begins.clear();
        }
        let room = OPENING_BYTES - self.begins.len();
        if room > 0 {
            self.begins.extend_from_slice(&bytes[..bytes.len().min(room)]);
            self.activity.hear(&self.begins);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        match &buffer.filled()[before..] {
            [] => {}
            bytes => self.note(bytes),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
