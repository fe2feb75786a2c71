//! Puts together what was signed, from a scheme's template. Parts are borrowed where they can be.

use std::borrow::Cow;

use sha2::Digest as _;
use sha2::Sha256;

use crate::rules::verify::Request;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Method,
    Url,
    Path,
    Query,
    Timestamp,
    Id,
    Body,
    BodySha256Hex,
    Header(String),
    SortedForm,
}

/// Parses a template; the error names what is unknown.
pub(super) fn parse(template: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let end = rest[start..].find('}').map(|end| start + end);
        let end = end.ok_or_else(|| format!("`{template}` has a `{{` without `}}`"))?;
        if start > 0 {
            pieces.push(Piece::Text(rest[..start].to_owned()));
        }
        pieces.push(named(&rest[start + 1..end])?);
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

fn named(name: &str) -> Result<Piece, String> {
    Ok(match name {
        "method" => Piece::Method,
        "url" => Piece::Url,
        "path" => Piece::Path,
        "query" => Piece::Query,
        "timestamp" => Piece::Timestamp,
        "id" => Piece::Id,
        "body" => Piece::Body,
        "body_sha256_hex" => Piece::BodySha256Hex,
        "sorted_form" => Piece::SortedForm,
        _ => match name.strip_prefix("header:") {
            Some(header) => Piece::Header(header.to_ascii_lowercase()),
            None => {
                return Err(format!(
                    "`{{{name}}}` is not known; there are method, url, path, query, timestamp, id, body, body_sha256_hex, header:NAME and sorted_form"
                ));
            }
        },
    })
}

/// The signed content, part by part.
pub(super) fn parts<'a>(
    pieces: &'a [Piece],
    request: &Request<'a>,
    id: &'a str,
    timestamp: &'a str,
) -> Vec<Cow<'a, [u8]>> {
    let part = |piece: &'a Piece| match piece {
        Piece::Text(text) => Cow::Borrowed(text.as_bytes()),
        Piece::Method => Cow::Borrowed(request.method.as_bytes()),
        Piece::Url => Cow::Borrowed(request.url.as_bytes()),
        Piece::Path => Cow::Borrowed(request.path.as_bytes()),
        Piece::Query => Cow::Borrowed(request.query.as_bytes()),
        Piece::Timestamp => Cow::Borrowed(timestamp.as_bytes()),
        Piece::Id => Cow::Borrowed(id.as_bytes()),
        Piece::Body => Cow::Borrowed(request.body),
        Piece::BodySha256Hex => Cow::Owned(hex::encode(Sha256::digest(request.body)).into_bytes()),
        Piece::Header(name) => Cow::Borrowed(request.headers.get(name).unwrap_or("").as_bytes()),
        Piece::SortedForm => Cow::Owned(sorted_form(request.body)),
    };
    pieces.iter().map(part).collect()
}

/// Names and values of a form, sorted by name, without anything between them.
fn sorted_form(body: &[u8]) -> Vec<u8> {
    let mut fields: Vec<_> = url::form_urlencoded::parse(body).collect();
    fields.sort();
    fields.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()].concat()).collect()
}
