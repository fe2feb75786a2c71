//! One connection from its first byte to its last. Not here: how many there are.

use std::convert::Infallible;
use std::future::Future;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::FutureExt as _;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::server::ServerLimits;

/// How long, and how many bytes, are still taken from a client that is refused in the middle of
/// its request. Without that the system would reset the connection, and the answer be lost.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 4 << 20;
/// Headers of a request.
const HEADERS_MAX: usize = 200;

/// Answers requests.
pub(crate) trait Answerer: Send + Sync + 'static {
    /// Answers one.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response> + Send;
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// Serves requests until the client leaves, a limit is met, or `closing` fires and the answer
/// under way is out.
pub(super) async fn serve<A: Answerer>(
    stream: TcpStream,
    answerer: Arc<A>,
    limits: &ServerLimits,
    closing: CancellationToken,
) {
    // Without it small answers wait for the client's acknowledgement. A socket that refuses works.
    let _slower = stream.set_nodelay(true);
    let service = service_fn(move |request| -> Answering { Box::pin(guarded(answerer.clone(), request)) });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.headers_bytes_max.max(8192))
        .max_headers(HEADERS_MAX)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
        () = closing.cancelled() => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    linger(connection.into_parts().io.into_inner()).await;
}

/// Says goodbye, and takes what the client is still sending.
async fn linger(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut left = LINGER_BYTES;
    let mut scrap = vec![0; 8192];
    let drain = async {
        while left > 0 {
            match stream.read(&mut scrap).await {
                Ok(0) | Err(_) => return,
                Ok(read) => left = left.saturating_sub(read),
            }
        }
    };
    // Whoever sends longer than that is cut off.
    let _cut = tokio::time::timeout(LINGER, drain).await;
}

/// A panic is this request's end and no other's.
async fn guarded<A: Answerer>(
    answerer: Arc<A>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let answered = AssertUnwindSafe(answerer.answer(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!("a request made hookmill panic; this is a mistake in hookmill");
        Problem::new(Kind::Internal, "this is a mistake in hookmill; its log has more").into_response()
    });
    reply::make_safe(response.headers_mut());
    Ok(response)
}
