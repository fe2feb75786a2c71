//! Which answers of a connection are under way, from the request to the end of the body, and whether something came
//! that is no request yet. Not here: the answers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use http_body::SizeHint;

#[derive(Debug, Default)]
struct Counts {
    under_way: AtomicU64,
    begun: AtomicU64,
    heard: AtomicBool,
}

/// The answers of one connection. Over HTTP/1.1 one at a time is under way, over HTTP/2 many are.
#[derive(Clone, Debug, Default)]
pub(super) struct Answering(Arc<Counts>);

impl Answering {
    /// A request has come; its answer is under way until what this gives is dropped.
    pub(super) fn begin(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.0.clone())
    }

    /// Whether one is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.0.under_way.load(Ordering::Relaxed) > 0
    }

    /// Something came.
    pub(super) fn hear(&self) {
        self.0.heard.store(true, Ordering::Relaxed);
    }

    /// Whether something came since the last answer ended.
    pub(super) fn has_heard(&self) -> bool {
        self.0.heard.load(Ordering::Relaxed)
    }

    /// How many were begun.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }
}

/// One answer that is under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Counts>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
        self.0.heard.store(false, Ordering::Relaxed);
    }
}

/// The body of an answer; when hyper has taken all of it, it drops it, and the answer has ended.
pub(super) struct AnswerBody {
    body: Body,
    _until_here: UnderWay,
}

impl AnswerBody {
    pub(super) fn new(body: Body, until_here: UnderWay) -> Self {
        Self { body, _until_here: until_here }
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
