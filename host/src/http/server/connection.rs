//! One connection from its first byte to its last. Not here: how many there are.

use std::convert::Infallible;
use std::future::Future;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use futures::FutureExt as _;
use http::HeaderValue;
use http::Request;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::domain::time::Clock;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::server::ServerLimits;
use crate::http::server::peer::Peer;
use crate::http::server::refusal;
use crate::http::server::wire::AnswerBody;
use crate::http::server::wire::Answering;
use crate::http::server::wire::Wire;

/// How long, and how many bytes, are still taken from a client that is refused in the middle of
/// its request. Without that the system would reset the connection, and the answer be lost.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 4 << 20;
/// How long, once the server is closing, a client may still ask what it was about to ask. Closing at once would
/// lose the request that is on its way.
const LAST_CALL: Duration = Duration::from_millis(200);
/// Headers of a request.
pub(super) const HEADERS_MAX: usize = 200;

/// Answers requests.
pub(crate) trait Answerer: Send + Sync + 'static {
    /// Answers one.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response> + Send;
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, Infallible>> + Send>>;

/// Serves requests until the client leaves, a limit is met, or `closing` fires and the answer
/// under way, or the next one, is out.
pub(super) async fn serve<A: Answerer>(
    stream: TcpStream,
    answerer: Arc<A>,
    limits: &ServerLimits,
    closing: CancellationToken,
) {
    // Without it small answers wait for the client's acknowledgement. A socket that refuses works.
    let _slower = stream.set_nodelay(true);
    let (answering, peer) = (Answering::default(), Peer::of(&stream));
    let wire = Wire::new(stream, answering.clone());
    let (begun, last) = (answering.clone(), closing.clone());
    let service = service_fn(move |mut request: Request<Incoming>| -> Answer {
        begun.begin();
        request.extensions_mut().insert(peer);
        let (answerer, answering, last) = (answerer.clone(), begun.clone(), last.clone());
        Box::pin(async move {
            let mut response = guarded(answerer, request).await;
            if last.is_cancelled() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| answering.until_end_of(body)))
        })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.head_bytes())
        .max_headers(HEADERS_MAX)
        .half_close(true)
        .serve_connection(wire, service);
    let ended = tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
        () = last_call(&closing) => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
        let problem = refusal::problem(&error, &parts.read_buf, limits);
        if let Some(problem) = problem.filter(|_| !answering.is_under_way()) {
            // A client that is gone does not read it.
            let _gone = stream.write_all(&refusal::encode(problem, Clock::System.now()).await).await;
        }
    }
    linger(stream).await;
}

async fn last_call(closing: &CancellationToken) {
    closing.cancelled().await;
    tokio::time::sleep(LAST_CALL).await;
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
async fn guarded<A: Answerer>(answerer: Arc<A>, request: Request<Incoming>) -> Response {
    let answered = AssertUnwindSafe(answerer.answer(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!("a request made hookmill panic; this is a mistake in hookmill");
        Problem::new(Kind::Internal, "this is a mistake in hookmill; its log has more").into_response()
    });
    reply::make_safe(response.headers_mut());
    response
}
