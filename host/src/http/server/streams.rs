//! The requests of one connection of HTTP/2, which are worked on beside each other: the connection's task owns them,
//! and they end with it. Not here: what is done for each.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use hyper::rt::Executor;
use tokio::sync::mpsc;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where hyper puts the work of a stream.
#[derive(Clone)]
pub(super) struct Streams(mpsc::UnboundedSender<Work>);

/// Does that work.
pub(super) struct Working {
    begun: mpsc::UnboundedReceiver<Work>,
    under_way: FuturesUnordered<Work>,
}

/// The two ends. There are at most as many streams as hyper lets a client open.
pub(super) fn streams() -> (Streams, Working) {
    let (streams, begun) = mpsc::unbounded_channel();
    (Streams(streams), Working { begun, under_way: FuturesUnordered::new() })
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, work: F) {
        // The receiver lives as long as the connection, and so does hyper's side of it.
        let _gone = self.0.send(Box::pin(work));
    }
}

impl Working {
    /// Goes on with everything that can go on. Never ready: there may be more at any time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(work)) = self.begun.poll_recv(cx) {
            self.under_way.push(work);
        }
        while let Poll::Ready(Some(())) = self.under_way.poll_next_unpin(cx) {}
    }
}
