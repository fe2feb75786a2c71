//! What is sent: a caller's request with the headers that only a connection may set.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::header;
use http_body_util::Full;

use crate::domain::delivery::SendError;
use crate::egress::inner::EgressShared;
use crate::egress::target_url::TargetUrl;

/// Headers that say where a message ends or what becomes of the connection (RFC 9110 §7.6.1). A
/// caller who could set them could smuggle a second request in.
const FRAMING: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// A request, complete but for what the connection adds.
#[derive(Clone, Debug)]
pub struct OutgoingRequest {
    /// The method.
    pub method: Method,
    /// A path and query instead of the target's own; begins with `/`.
    pub path: Option<String>,
    /// Every header; `Host`, `Content-Length` and others about the connection are replaced or
    /// left out, `User-Agent` is added where it is missing.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Whether a request with this method that has no body says so (RFC 9110 §8.6).
fn wants_length(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS | Method::TRACE)
}

/// The message as it goes out.
pub(in crate::egress) fn message(
    egress: &EgressShared,
    target: &TargetUrl,
    request: OutgoingRequest,
) -> Result<Request<Full<Bytes>>, SendError> {
    let uri = target.uri(request.path.as_deref())?;
    let mut headers = request.headers;
    for name in &FRAMING {
        headers.remove(name);
    }
    // hyper gives no body no length, and many a server answers 411 to a POST without one.
    if request.body.is_empty() && wants_length(&request.method) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    headers.insert(header::HOST, target.host_header().clone());
    headers.entry(header::USER_AGENT).or_insert_with(|| egress.user_agent.clone());
    let mut message = Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = uri;
    *message.headers_mut() = headers;
    Ok(message)
}
