//! A receiver on this machine that records what it gets and answers as it is told, by path.
//! Not here: judging what was received.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::eventually::PATIENCE;

/// One request.
#[derive(Clone, Debug)]
pub struct Hit {
    /// When its last byte came.
    pub at: Instant,
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

impl Hit {
    /// A header's value, empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With a status and nothing else.
    Status(u16),
    /// With a status, headers and a body.
    Full(u16, Vec<(&'static str, String)>, Bytes),
    /// With a status after a while.
    Late(Duration, u16),
    /// Not at all; the connection stays open.
    Never,
    /// The connection is closed.
    Close,
}

type Script = Box<dyn FnMut(usize, &Hit) -> Reply + Send>;

#[derive(Default)]
struct State {
    hits: Vec<Hit>,
    scripts: HashMap<String, (usize, Script)>,
    keep: bool,
    counted: HashMap<String, usize>,
    present: HashMap<String, Present>,
}

/// Requests of a path that are not answered yet.
#[derive(Default)]
struct Present {
    now: usize,
    most: usize,
}

/// One of them, as long as it lives.
struct Unanswered {
    state: Arc<Mutex<State>>,
    path: String,
}

impl Unanswered {
    fn new(state: &Arc<Mutex<State>>, path: &str) -> Self {
        let mut locked = lock(state);
        let present = locked.present.entry(path.to_owned()).or_default();
        present.now += 1;
        present.most = present.most.max(present.now);
        Self { state: state.clone(), path: path.to_owned() }
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(present) = lock(&self.state).present.get_mut(&self.path) {
            present.now -= 1;
        }
    }
}

/// The receiver. Stops when it goes out of scope.
pub struct Sink {
    address: String,
    state: Arc<Mutex<State>>,
    count: watch::Receiver<usize>,
    task: tokio::task::JoinHandle<()>,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sink({})", self.address)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sink {
    /// Starts one that answers 200 everywhere.
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    /// Starts one on an address that was one's before.
    pub async fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let state = Arc::new(Mutex::new(State { keep: true, ..State::default() }));
        let (counter, count) = watch::channel(0);
        let task = tokio::spawn(accept(listener, state.clone(), Arc::new(counter)));
        Self { address, state, count, task }
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its URL at a path, which begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Decides the answers at a path (without its query): the script gets how many requests came
    /// there before and the request.
    pub fn script(&self, path: &str, script: impl FnMut(usize, &Hit) -> Reply + Send + 'static) {
        lock(&self.state).scripts.insert(path.to_owned(), (0, Box::new(script)));
    }

    /// The same answer to everything at a path.
    pub fn always(&self, path: &str, reply: Reply) {
        self.script(path, move |_, _| reply.clone());
    }

    /// From now on requests are counted but not kept.
    pub fn count_only(&self) {
        lock(&self.state).keep = false;
    }

    /// How many requests came to a path (without its query), kept or not.
    pub fn counted(&self, path: &str) -> usize {
        lock(&self.state).counted.get(path).copied().unwrap_or_default()
    }

    /// The most requests at a path (without its query) that were unanswered at the same time. One
    /// ends before its answer is written, so a sender that keeps to a number never exceeds it here,
    /// however late this machine is.
    pub fn most_at_once(&self, path: &str) -> usize {
        lock(&self.state).present.get(path).map_or(0, |present| present.most)
    }

    /// Everything kept so far.
    pub fn hits(&self) -> Vec<Hit> {
        lock(&self.state).hits.clone()
    }

    /// What came to a path.
    pub fn hits_at(&self, path: &str) -> Vec<Hit> {
        self.hits().into_iter().filter(|hit| hit.path == path).collect()
    }

    /// Waits until a condition on the requests so far holds and gives them.
    pub async fn wait_until(&self, what: &str, mut holds: impl FnMut(&[Hit]) -> bool) -> Vec<Hit> {
        let mut count = self.count.clone();
        let waiting = async {
            loop {
                count.mark_unchanged();
                if holds(&lock(&self.state).hits) {
                    return;
                }
                count.changed().await.expect("the sink is running");
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            let hits = self.hits();
            panic!("after {PATIENCE:?} still not: {what}; {} requests: {:?}", hits.len(), hits.last());
        }
        self.hits()
    }

    /// Waits until `wanted` requests came to a path and gives them.
    pub async fn wait_for(&self, path: &str, wanted: usize) -> Vec<Hit> {
        let at = |hits: &[Hit]| hits.iter().filter(|hit| hit.path == path).count() >= wanted;
        self.wait_until(&format!("{wanted} requests at {path}"), at).await;
        self.hits_at(path)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>, counter: Arc<watch::Sender<usize>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).expect("a socket option");
        let (state, counter) = (state.clone(), counter.clone());
        let service = service_fn(move |request| answer(request, state.clone(), counter.clone()));
        let serve =
            http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        connections.spawn(serve);
        while connections.try_join_next().is_some() {}
    }
}

/// Ends the connection without an answer.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

impl From<Infallible> for Closed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
    counter: Arc<watch::Sender<usize>>,
) -> Result<Response<Full<Bytes>>, Closed> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let hit = Hit {
        at: Instant::now(),
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
    };
    let _unanswered = Unanswered::new(&state, parts.uri.path());
    let reply = note(&mut lock(&state), parts.uri.path(), hit);
    counter.send_modify(|count| *count += 1);
    match reply {
        Reply::Status(status) => Ok(response(status, &[], Bytes::new())),
        Reply::Full(status, headers, body) => Ok(response(status, &headers, body)),
        Reply::Late(pause, status) => {
            tokio::time::sleep(pause).await;
            Ok(response(status, &[], Bytes::new()))
        }
        Reply::Never => std::future::pending().await,
        Reply::Close => Err(Closed),
    }
}

fn note(state: &mut State, path: &str, hit: Hit) -> Reply {
    *state.counted.entry(path.to_owned()).or_default() += 1;
    let reply = match state.scripts.get_mut(path) {
        Some((count, script)) => {
            *count += 1;
            script(*count - 1, &hit)
        }
        None => Reply::Status(200),
    };
    if state.keep {
        state.hits.push(hit);
    }
    reply
}

fn response(status: u16, headers: &[(&'static str, String)], body: Bytes) -> Response<Full<Bytes>> {
    let builder = headers
        .iter()
        .fold(Response::builder().status(status), |builder, (name, value)| builder.header(*name, value));
    builder.body(Full::new(body)).expect("a valid response")
}
