//! Media types: which the answer has and the client accepts, which the body has and the operation takes; and the
//! body's bytes, within limit and deadline. Not here: what is in them.

use axum::body::Body;
use bytes::Buf as _;
use bytes::Bytes;
use http::HeaderMap;
use http::header::ACCEPT;
use http::header::CONTENT_ENCODING;
use http::header::CONTENT_TYPE;

use crate::http::body;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::site::Site;

/// What some programs write before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// A JSON body of the API may have so many times what an event's body may have: a batch of
/// events is one.
const JSON_BODY_FACTOR: u64 = 4;
const JSON_BODY_LEAST: u64 = 1 << 20;

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// Media types are looked at without parameters; a client that accepts only others is told.
pub(super) fn check_accept(media: Option<&str>, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(media) = media else { return Ok(()) };
    let Some(accepted) = headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    let group = media.split('/').next().unwrap_or(media);
    let fits = accepted.split(',').any(|range| {
        let range = range.split(';').next().unwrap_or("").trim();
        let any_of_group = range.strip_suffix("/*").is_some_and(|wanted| wanted == "*" || wanted == group);
        any_of_group || media == "*/*" || range.eq_ignore_ascii_case(media)
    });
    if fits || accepted.trim().is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        Kind::NotAcceptable,
        format!("the answer is {media}, which the header Accept does not allow"),
    ))
}

/// A body of JSON, for a door that has no operation.
pub(crate) async fn take_json(site: &Site, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    take_body(site, Some(JSON), 0, headers, body).await
}

/// The body: JSON, or at most `bytes_max` bytes of another media type.
pub(super) async fn take_body(
    site: &Site,
    media: Option<&str>,
    bytes_max: u64,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Problem> {
    let Some(media) = media else { return Ok(Bytes::new()) };
    let limit = match media {
        JSON => (site.limits.body_bytes_max * JSON_BODY_FACTOR).max(JSON_BODY_LEAST),
        _ => bytes_max,
    };
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let given = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let json = media == JSON && given.ends_with("+json");
    if !(given.is_empty() || given == media || json) {
        let detail = format!("the body is {given}; this takes {media}, said in the header Content-Type");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let coding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("").trim();
    if !(coding.is_empty() || coding.eq_ignore_ascii_case("identity")) {
        let detail = "the body is compressed (header Content-Encoding); send it as it is";
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let mut body = body::read(body, limit, site.body_deadline()).await?;
    // RFC 8259 lets a reader of JSON pass over a byte order mark.
    if media == JSON && body.starts_with(BYTE_ORDER_MARK) {
        body.advance(BYTE_ORDER_MARK.len());
    }
    Ok(body)
}
