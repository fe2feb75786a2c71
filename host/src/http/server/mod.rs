//! Connections: how many, how long, how they end. Owns the task of each one. Not here: what a
//! request means.

mod answering;
pub(crate) mod connection;
mod kept;
mod limits;
pub(crate) mod peer;
mod refusal;
mod streams;
#[cfg(test)]
mod tests;
mod wire;

pub use limits::ServerLimits;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::domain::id::WorkspaceId;
use crate::http::door::OwnApi;
use crate::http::router::Router;
use crate::http::server::connection::Answerer;
use crate::http::site::Doors;
use crate::observe::Observer;

/// Pause after the system refused a connection: it has run out of something.
const REFUSED_PAUSE: Duration = Duration::from_millis(50);

/// What answers, before it takes connections.
pub struct HttpServer {
    router: Arc<Router>,
    limits: ServerLimits,
    closing: CancellationToken,
    observer: Arc<Observer>,
}

impl HttpServer {
    /// Leads to these doors. `public_url` is scheme and authority under which the outside reaches this server.
    pub fn new(doors: Doors, limits: ServerLimits, public_url: &str) -> Self {
        let (closing, observer) = (CancellationToken::new(), doors.observer.clone());
        let router = Router::new(doors, limits.clone(), public_url, closing.clone());
        Self { router: Arc::new(router), limits, closing, observer }
    }

    /// Its API, asked from within in a workspace.
    pub fn own_api(&self, workspace: WorkspaceId) -> OwnApi {
        OwnApi::new(self.router.routes(), workspace)
    }

    /// Serves until `stop` is ready; then takes no new connection, answers what was asked and what is on its way, closes
    /// idle connections, and returns when the last one has ended.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send) {
        let Self { router, limits, closing, observer } = self;
        run(listener, router, limits, closing, stop, move |change| observer.metrics.connections(change))
            .await;
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer").finish_non_exhaustive()
    }
}

/// The accept loop, for anything that answers requests. `count` hears of each connection that
/// begins (1) and ends (-1).
async fn run<A: Answerer>(
    listener: TcpListener,
    answerer: Arc<A>,
    limits: ServerLimits,
    closing: CancellationToken,
    stop: impl Future<Output = ()> + Send,
    count: impl Fn(i64),
) {
    let slots = Arc::new(Semaphore::new(limits.connections_max.clamp(1, Semaphore::MAX_PERMITS)));
    let limits = Arc::new(limits);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => count(-1),
            accepted = next(&listener, &slots) => {
                let Some((stream, slot)) = accepted else { continue };
                count(1);
                connections.spawn(one(stream, slot, answerer.clone(), limits.clone(), closing.clone()));
            }
        }
    }
    // Who is connected already, if only to the system's queue, is served.
    while let Some(Some((stream, slot))) = next(&listener, &slots).now_or_never() {
        count(1);
        connections.spawn(one(stream, slot, answerer.clone(), limits.clone(), closing.clone()));
    }
    drop(listener);
    closing.cancel();
    while connections.join_next().await.is_some() {
        count(-1);
    }
}

/// One connection, from the first byte to the last.
async fn one<A: Answerer>(
    stream: TcpStream,
    slot: OwnedSemaphorePermit,
    answerer: Arc<A>,
    limits: Arc<ServerLimits>,
    closing: CancellationToken,
) {
    connection::serve(stream, answerer, &limits, closing).await;
    drop(slot);
}

/// The next connection, once there is a slot for it.
async fn next(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            tracing::warn!(%error, "could not take a connection");
            tokio::time::sleep(REFUSED_PAUSE).await;
            None
        }
    }
}
