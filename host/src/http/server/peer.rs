//! Whether the client of a request is still there. hyper does not look while a request is worked on, because a client
//! may close its side and still wait for the answer. Not here: what ends with the client (`router`).

use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use tokio::net::TcpStream;

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The other end of a connection; an extension of its requests. A connection that has ended has been left.
#[derive(Clone, Debug)]
pub(crate) struct Peer(Weak<TcpStream>);

impl Peer {
    pub(super) fn of(stream: &Arc<TcpStream>) -> Self {
        Self(Arc::downgrade(stream))
    }

    /// Ends when the client has closed its side or the connection is broken.
    pub(crate) async fn left(self) {
        while !self.has_left() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn has_left(&self) -> bool {
        let Some(stream) = self.0.upgrade() else { return true };
        let mut look = libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
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
        let stream = Arc::new(listener.accept().await.unwrap().0);
        let peer = Peer::of(&stream);
        client.write_all(b"more").await.unwrap();
        assert!(!peer.has_left());
        drop(client);
        peer.left().await;
    }
}
