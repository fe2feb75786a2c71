//! One connection from its first byte to its last. Not here: how many there are.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::Shutdown;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse as _;
use axum::response::Response;
use futures::FutureExt as _;
use http::HeaderValue;
use http::Request;
use http::Version;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::domain::time::Clock;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::server::ServerLimits;
use crate::http::server::answering::AnswerBody;
use crate::http::server::answering::Answering;
use crate::http::server::kept::Kept;
use crate::http::server::peer::Peer;
use crate::http::server::refusal;
use crate::http::server::streams::Streams;
use crate::http::server::streams::streams;
use crate::http::server::wire::Speaks;
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
/// Requests at a time of one connection of HTTP/2.
const STREAMS_MAX: u32 = 128;

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
    let (stream, answering) = (Arc::new(stream), Answering::default());
    let wire = Wire::new(stream.clone(), answering.clone());
    let service = service(answerer, answering.clone(), Peer::of(&stream), closing.clone());
    let (streams, working) = streams();
    let builder = builder(limits, streams);
    let connection = builder.serve_connection(TokioIo::new(wire.clone()), service);
    let mut kept = Kept::new(connection, working, wire.clone(), answering.clone(), limits.header_timeout);
    let ended = tokio::select! {
        ended = &mut kept => ended,
        () = last_call(&closing) => {
            kept.close();
            kept.await
        }
    };
    if let Err(ended) = ended {
        tracing::debug!(?ended, "a connection ended early");
        let problem = refusal::problem(&ended, answering.has_heard(), limits);
        // What was asked over HTTP/2 cannot be answered by words of HTTP/1.1.
        if let Some(problem) = problem.filter(|_| !answering.is_under_way() && wire.speaks() != Speaks::Http2)
        {
            refusal::write(&stream, &refusal::encode(problem, Clock::System.now()).await).await;
        }
    }
    linger(&stream).await;
}

/// How hyper is to read requests.
fn builder(limits: &ServerLimits, streams: Streams) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.head_bytes())
        .max_headers(HEADERS_MAX)
        .half_close(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.head_bytes()).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(limits.header_timeout);
    builder
}

/// What hyper asks for each request.
fn service<A: Answerer>(
    answerer: Arc<A>,
    answering: Answering,
    peer: Peer,
    closing: CancellationToken,
) -> impl Service<Request<Incoming>, Response = Response<AnswerBody>, Error = Infallible, Future = Answer> {
    service_fn(move |mut request: Request<Incoming>| -> Answer {
        let under_way = answering.begin();
        request.extensions_mut().insert(peer.clone());
        let (answerer, closing) = (answerer.clone(), closing.clone());
        Box::pin(async move {
            let is_http1 = request.version() <= Version::HTTP_11;
            let mut response = guarded(answerer, request).await;
            if is_http1 && closing.is_cancelled() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| AnswerBody::new(body, under_way)))
        })
    })
}

async fn last_call(closing: &CancellationToken) {
    closing.cancelled().await;
    tokio::time::sleep(LAST_CALL).await;
}

/// Says goodbye, and takes what the client is still sending.
async fn linger(stream: &TcpStream) {
    if SockRef::from(stream).shutdown(Shutdown::Write).is_err() {
        return;
    }
    let mut left = LINGER_BYTES;
    let mut scrap = vec![0; 8192];
    let drain = async {
        while left > 0 && stream.readable().await.is_ok() {
            match stream.try_read(&mut scrap) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
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
