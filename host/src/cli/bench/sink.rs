//! The receiver of the bench: answers 200 and notes which event came how long after it was sent.
//! Not here: what the numbers say (`report`).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::BodyExt as _;
use http_body_util::Empty;
use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::cli::bench::load::histogram;
use crate::cli::bench::signal;

/// How long nothing may arrive until what is missing counts as lost.
const STALL: Duration = Duration::from_secs(15);

/// What came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    /// Requests.
    pub(super) requests: u64,
    /// Events among them.
    pub(super) distinct: u64,
    /// From the event's sending to its first arrival, microseconds.
    pub(super) latencies: Histogram<u64>,
    /// When the last one came.
    pub(super) last: Instant,
}

impl Received {
    fn nothing() -> Self {
        Self { requests: 0, distinct: 0, latencies: histogram(), last: Instant::now() }
    }
}

#[derive(Debug)]
struct State {
    start: Instant,
    seen: Vec<bool>,
    received: Received,
}

/// A running receiver; it ends when it goes out of scope.
#[derive(Debug)]
pub(super) struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _acceptor: JoinSet<()>,
}

impl Sink {
    /// Starts one. The times in events count from `start`.
    pub(super) async fn start(start: Instant) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State { start, seen: Vec::new(), received: Received::nothing() }));
        let mut acceptor = JoinSet::new();
        acceptor.spawn(accept(listener, state.clone()));
        Ok(Self { address, state, _acceptor: acceptor })
    }

    /// Where it takes deliveries.
    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Events that came since it was told to forget.
    pub(super) fn distinct(&self) -> u64 {
        self.state.lock().received.distinct
    }

    /// What came since it was told to forget.
    pub(super) fn received(&self) -> Received {
        self.state.lock().received.clone()
    }

    /// Starts counting anew.
    pub(super) fn forget(&self) {
        self.state.lock().received = Received::nothing();
    }
}

/// Waits until everything arrived, or nothing does any more.
pub(super) async fn drain(sink: &Sink, wanted: u64) {
    let mut seen = (0, Instant::now());
    while seen.0 < wanted && seen.1.elapsed() < STALL {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = sink.distinct();
        if now > seen.0 {
            seen = (now, Instant::now());
        }
    }
}

impl State {
    fn note(&mut self, body: &[u8]) {
        self.received.requests += 1;
        let Some((number, sent)) = signal::mark(body) else { return };
        let Ok(place) = usize::try_from(number) else { return };
        if self.seen.len() <= place {
            self.seen.resize(place + 1, false);
        }
        if std::mem::replace(&mut self.seen[place], true) {
            return;
        }
        let now = Instant::now();
        let micros = (now - self.start).saturating_sub(sent).as_micros();
        self.received.distinct += 1;
        self.received.last = now;
        self.received.latencies.saturating_record(u64::try_from(micros).unwrap_or(u64::MAX).max(1));
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    loop {
        // A connection that cannot be taken is tried again by the sender.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _delay_stays = stream.set_nodelay(true);
        let state = state.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, state.clone()));
            // A sender that goes away in mid-request is its own business.
            let _gone = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    if let Ok(body) = request.into_body().collect().await {
        state.lock().note(&body.to_bytes());
    }
    Ok(Response::new(Empty::new()))
}
