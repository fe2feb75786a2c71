//! A connection as long as it is kept: until hyper is done with it, or nothing is asked on it for too long where hyper
//! does not look at that itself. Not here: the bytes.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use hyper_util::server::graceful::GracefulConnection;
use tokio::time::Interval;
use tokio::time::MissedTickBehavior;

use crate::http::server::answering::Answering;
use crate::http::server::streams::Working;
use crate::http::server::wire::Speaks;
use crate::http::server::wire::Wire;

/// Why a connection ended, if not as it should.
#[derive(Debug)]
pub(super) enum ConnectionEnd {
    /// It did not even say what it speaks.
    Mute,
    /// hyper says so.
    Early(Box<dyn Error + Send + Sync>),
}

/// The connection `C`, and the work of its streams.
pub(super) struct Kept<C> {
    connection: Pin<Box<C>>,
    working: Working,
    wire: Wire,
    answering: Answering,
    /// Looks every so often whether something was asked.
    looks: Interval,
    /// How many answers were begun when it was looked at last.
    begun: u64,
    is_closing: bool,
}

impl<C: GracefulConnection<Error = Box<dyn Error + Send + Sync>>> Kept<C> {
    pub(super) fn new(
        connection: C,
        working: Working,
        wire: Wire,
        answering: Answering,
        idle_max: Duration,
    ) -> Self {
        let mut looks = tokio::time::interval_at(tokio::time::Instant::now() + idle_max, idle_max);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let connection = Box::pin(connection);
        Self { connection, working, wire, answering, looks, begun: 0, is_closing: false }
    }

    /// Ends what is idle: of HTTP/1.1 hyper does it. At the second look whoever was told to go is left.
    fn look(&mut self) -> Option<ConnectionEnd> {
        let is_idle = !self.answering.is_under_way() && self.answering.begun() == self.begun;
        self.begun = self.answering.begun();
        match self.wire.speaks() {
            Speaks::Unknown => Some(ConnectionEnd::Mute),
            Speaks::Http2 if is_idle && self.is_closing => {
                Some(ConnectionEnd::Early("idle for too long".into()))
            }
            Speaks::Http2 if is_idle => {
                self.close();
                None
            }
            Speaks::Http1 | Speaks::Http2 => None,
        }
    }

    /// Takes nothing new, and ends when what is under way is out.
    pub(super) fn close(&mut self) {
        self.is_closing = true;
        self.connection.as_mut().graceful_shutdown();
    }
}

impl<C: GracefulConnection<Error = Box<dyn Error + Send + Sync>>> Future for Kept<C> {
    type Output = Result<(), ConnectionEnd>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let kept = &mut *self;
        while kept.looks.poll_tick(cx).is_ready() {
            if let Some(ended) = kept.look() {
                return Poll::Ready(Err(ended));
            }
        }
        let ended = kept.connection.as_mut().poll(cx);
        kept.working.poll(cx);
        ended.map_err(ConnectionEnd::Early)
    }
}
