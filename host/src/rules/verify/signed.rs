//! Puts together what was signed, from a scheme's template. Parts are borrowed where they can be.

use sha2::Digest as _;
use sha2::Sha256;

use crate::rules::verify::Request;
use crate::rules::verify::form;

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

/// What the pieces stand for in one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) id: &'a str,
    pub(super) timestamp: &'a str,
}

impl<'a> Content<'a> {
    /// The parts that are not in the request as they stand, in the order of their pieces. Most
    /// schemes have none.
    pub(super) fn owned(&self, pieces: &[Piece]) -> Vec<Vec<u8>> {
        let made = |piece: &Piece| match piece {
            Piece::BodySha256Hex => Some(hex::encode(Sha256::digest(self.request.body)).into_bytes()),
            Piece::SortedForm => Some(form::sorted(self.request)),
            _ => None,
        };
        pieces.iter().filter_map(made).collect()
    }

    /// The signed content, part by part; `owned` is what [`Self::owned`] made of the same pieces.
    pub(super) fn parts(&self, pieces: &'a [Piece], owned: &'a [Vec<u8>]) -> impl Iterator<Item = &'a [u8]> {
        let mut owned = owned.iter();
        let Self { request, id, timestamp } = *self;
        pieces.iter().map(move |piece| match piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Method => request.method.as_bytes(),
            Piece::Url => request.url.as_bytes(),
            Piece::Path => request.path.as_bytes(),
            Piece::Query => request.query.as_bytes(),
            Piece::Timestamp => timestamp.as_bytes(),
            Piece::Id => id.as_bytes(),
            Piece::Body => request.body,
            Piece::Header(name) => request.headers.get(name).unwrap_or("").as_bytes(),
            Piece::BodySha256Hex | Piece::SortedForm => owned.next().map_or(&[][..], Vec::as_slice),
        })
    }
}
