//! Reads an answer, as much of it as is kept. Not here: what it means (`rules::lifecycle`).

use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use hyper::body::Incoming;

use crate::domain::delivery::Response;
use crate::domain::event::Headers;

/// Bytes of an answer that are read and thrown away so that the connection can be used again.
const DISCARD_MAX: usize = 256 << 10;
/// How long that may take: the answer is known by then, only the connection is not free.
const DISCARD_TIMEOUT: Duration = Duration::from_millis(200);
/// Bytes kept of an answer's headers.
const KEPT_HEADERS_MAX: usize = 8 << 10;

/// The answer, and whether its connection can be used again.
pub(super) async fn read(
    answer: http::Response<Incoming>,
    bytes_max: usize,
) -> Result<(Response, bool), hyper::Error> {
    let (parts, mut body) = answer.into_parts();
    let kept = keep(&mut body, bytes_max).await?;
    let truncated = kept.rest > 0 || !body.is_end_stream();
    let reusable = body.is_end_stream() || discard(body, kept.rest).await;
    // Whoever switches protocols speaks another one from here on.
    let reusable = reusable && parts.status != http::StatusCode::SWITCHING_PROTOCOLS;
    let headers = kept_headers(&parts.headers);
    Ok((Response { status: parts.status.as_u16(), headers, body: kept.body, truncated }, reusable))
}

/// What is kept of a body.
struct Kept {
    body: Bytes,
    /// Bytes read already that had no room.
    rest: usize,
}

/// Reads until the body ends or more has come than is kept.
async fn keep(body: &mut Incoming, bytes_max: usize) -> Result<Kept, hyper::Error> {
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let data = frame?.into_data().unwrap_or_default();
        let room = data.len().min(bytes_max - kept.len());
        kept.extend_from_slice(&data[..room]);
        if data.len() > room {
            return Ok(Kept { body: kept.freeze(), rest: data.len() - room });
        }
    }
    Ok(Kept { body: kept.freeze(), rest: 0 })
}

/// Throws the rest away; whether it ended soon enough.
async fn discard(mut body: Incoming, mut seen: usize) -> bool {
    let ends = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > DISCARD_MAX {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(DISCARD_TIMEOUT, ends).await.unwrap_or(false)
}

/// Whole headers, as many as there is room for.
fn kept_headers(headers: &HeaderMap) -> Headers {
    let mut bytes = 0;
    let kept = headers.iter().map_while(|(name, value)| {
        bytes += name.as_str().len() + value.len();
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (bytes <= KEPT_HEADERS_MAX).then(|| (name.as_str().to_owned(), text))
    });
    Headers(kept.collect())
}
