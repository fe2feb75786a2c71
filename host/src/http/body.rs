//! Reads request bodies within a limit and a deadline. Not here: what is in them.

use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Body;

use crate::http::problem::Kind;
use crate::http::problem::Problem;

/// Memory reserved at once for a body of known length; more only as bytes come.
const RESERVE_MAX: usize = 64 << 10;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// It is longer than this, or says so.
    TooLarge(u64),
    /// It did not come within the deadline.
    Slow(Duration),
    /// The connection broke, or the chunks were malformed.
    Broken,
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge(limit) => {
                Self::new(Kind::TooLarge, format!("the body is longer than {limit} bytes"))
            }
            BodyFault::Slow(deadline) => Self::new(
                Kind::RequestTimeout,
                format!("the body did not arrive within {} s", deadline.as_secs_f64()),
            ),
            BodyFault::Broken => Self::new(Kind::IncompleteBody, "the body ended before it was whole"),
        }
    }
}

/// The whole body: at most `limit` bytes, within `deadline`. A length that is too large is refused
/// before anything is read.
pub(crate) async fn read(
    body: impl Body<Data = Bytes> + Unpin,
    limit: u64,
    deadline: Duration,
) -> Result<Bytes, BodyFault> {
    let promised = body.size_hint().lower();
    if promised > limit {
        return Err(BodyFault::TooLarge(limit));
    }
    let reading = collect(body, limit, usize::try_from(promised).unwrap_or(RESERVE_MAX));
    tokio::time::timeout(deadline, reading).await.unwrap_or(Err(BodyFault::Slow(deadline)))
}

/// A body in one piece, which is the usual case, is not copied.
async fn collect(
    mut body: impl Body<Data = Bytes> + Unpin,
    limit: u64,
    promised: usize,
) -> Result<Bytes, BodyFault> {
    let mut first = Bytes::new();
    let mut whole: Option<BytesMut> = None;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyFault::Broken)?.into_data() else { continue };
        length += data.len() as u64;
        if length > limit {
            return Err(BodyFault::TooLarge(limit));
        }
        match &mut whole {
            Some(whole) => whole.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let known = first.len() + data.len();
                let mut begun = BytesMut::with_capacity(promised.min(RESERVE_MAX).max(known));
                begun.extend_from_slice(&first);
                begun.extend_from_slice(&data);
                whole = Some(begun);
            }
        }
    }
    Ok(whole.map_or(first, BytesMut::freeze))
}
