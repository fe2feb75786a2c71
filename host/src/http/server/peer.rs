//! Whether the client of a request is still there. hyper does not look while a request is worked on, because a client
//! may close its side and still wait for the answer. Not here: what ends with the client (`router`).

use std::os::fd::AsRawFd as _;
use std::os::fd::RawFd;
use std::time::Duration;

use tokio::net::TcpStream;

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The other end of a connection; an extension of its requests. To be asked only while the request is worked on: the
/// connection owns both, so that its socket is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(RawFd);

impl Peer {
    pub(super) fn of(stream: &TcpStream) -> Self {
        Self(stream.as_raw_fd())
    }

    /// Ends when the client has closed its side or the connection is broken.
    pub(crate) async fn left(self) {
        while !self.has_left() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn has_left(self) -> bool {
        let mut look = libc::pollfd { fd: self.0, events: libc::POLLRDHUP, revents: 0 };
        #[expect(unsafe_code, reason = "a system call that writes to a struct of ours and does not wait")]
        let found = unsafe { libc::poll(&raw mut look, 1, 0) };
        found == 1 && look.revents & (libc::POLLRDHUP | libc::POLLHUP | libc::POLLERR) != 0
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn one_that_closes_has_left_and_one_that_waits_has_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let peer = Peer::of(&stream);
        client.write_all(b"more").await.unwrap();
        assert!(!peer.has_left());
        drop(client);
        peer.left().await;
    }
}
