//! Reads an answer, as much of it as is kept. Not here: what it means (`rules::lifecycle`).

use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::event::Headers;

/// Bytes of an answer that are read and thrown away so that the connection can be used again.
const DISCARD_MAX: usize = 256 << 10;
/// How long that may take: the answer is known by then, only the connection is not free.
const DISCARD_TIMEOUT: Duration = Duration::from_millis(200);
/// Bytes kept of an answer's headers.
const KEPT_HEADERS_MAX: usize = 8 << 10;

/// What becomes of the connection of an answer, and why the body is not whole.
#[derive(Debug)]
pub(in crate::egress) enum Ending {
    /// It can take the next request.
    Reusable,
    /// It cannot.
    Used,
    /// It broke in the middle of the body.
    Broke(hyper::Error),
    /// The body did not end in time.
    TimedOut,
}

/// Reads an answer whose head is there. Whatever becomes of its body until `deadline`: the receiver
/// has said what it made of the request.
pub(in crate::egress) async fn read(
    answer: http::Response<Incoming>,
    bytes_max: usize,
    deadline: Instant,
) -> (Response, Ending) {
    let (parts, mut body) = answer.into_parts();
    let mut kept = BytesMut::new();
    let reading = keep(&mut body, &mut kept, bytes_max);
    let (end, ending) = match tokio::time::timeout_at(deadline, reading).await {
        Ok(Ok(rest)) => {
            let longer = rest > 0 || !body.is_end_stream();
            let ended = body.is_end_stream() || discard(body, rest, deadline).await;
            // Whoever switches protocols speaks another one from here on.
            let reusable = ended && parts.status != http::StatusCode::SWITCHING_PROTOCOLS;
            let end = if longer { BodyEnd::Longer } else { BodyEnd::Whole };
            (end, if reusable { Ending::Reusable } else { Ending::Used })
        }
        Ok(Err(error)) => (BodyEnd::Longer, Ending::Broke(error)),
        Err(_) => (BodyEnd::Longer, Ending::TimedOut),
    };
    let headers = kept_headers(&parts.headers);
    (Response { status: parts.status.as_u16(), headers, body: kept.freeze(), end }, ending)
}

/// Reads until the body ends or more has come than is kept; the bytes that had no room.
async fn keep(body: &mut Incoming, kept: &mut BytesMut, bytes_max: usize) -> Result<usize, hyper::Error> {
    while let Some(frame) = body.frame().await {
        let data = frame?.into_data().unwrap_or_default();
        let room = data.len().min(bytes_max - kept.len());
        kept.extend_from_slice(&data[..room]);
        if data.len() > room {
            return Ok(data.len() - room);
        }
    }
    Ok(0)
}

/// Throws the rest away; whether it ended soon enough.
async fn discard(mut body: Incoming, mut seen: usize, deadline: Instant) -> bool {
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
    let deadline = deadline.min(Instant::now() + DISCARD_TIMEOUT);
    tokio::time::timeout_at(deadline, ends).await.unwrap_or(false)
}

/// An answer of which nothing but the status is known.
pub(in crate::egress) fn unreadable(status: u16, error: SendError) -> Response {
    Response { status, headers: Headers::default(), body: Bytes::new(), end: BodyEnd::Broken(error) }
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
