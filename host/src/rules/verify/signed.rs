//! Puts together what was signed, from a scheme's template. Parts are borrowed where they can be.

use sha2::Digest as _;
use sha2::Sha256;

use crate::rules::verify::SignedRequest;
use crate::rules::verify::form;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SignedPiece {
    Text(String),
    Method,
    Url,
    UrlDecoded,
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
pub(super) fn parse(template: &str) -> Result<Vec<SignedPiece>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let end = rest[start..].find('}').map(|end| start + end);
        let end = end.ok_or_else(|| format!("`{template}` has a `{{` without `}}`"))?;
        if start > 0 {
            pieces.push(SignedPiece::Text(rest[..start].to_owned()));
        }
        pieces.push(named(&rest[start + 1..end])?);
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        pieces.push(SignedPiece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

fn named(name: &str) -> Result<SignedPiece, String> {
    Ok(match name {
        "method" => SignedPiece::Method,
        "url" => SignedPiece::Url,
        "url_decoded" => SignedPiece::UrlDecoded,
        "path" => SignedPiece::Path,
        "query" => SignedPiece::Query,
        "timestamp" => SignedPiece::Timestamp,
        "id" => SignedPiece::Id,
        "body" => SignedPiece::Body,
        "body_sha256_hex" => SignedPiece::BodySha256Hex,
        "sorted_form" => SignedPiece::SortedForm,
        _ => match name.strip_prefix("header:") {
            Some(header) => SignedPiece::Header(header.to_ascii_lowercase()),
            None => {
                return Err(format!(
                    "`{{{name}}}` is not known; there are method, url, url_decoded, path, query, timestamp, id, body, body_sha256_hex, header:NAME and sorted_form"
                ));
            }
        },
    })
}

/// What the pieces stand for in one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    pub(super) request: &'a SignedRequest<'a>,
    pub(super) id: &'a str,
    pub(super) timestamp: &'a str,
}

impl<'a> Content<'a> {
    /// The parts that are not in the request as they stand, in the order of their pieces. Most
    /// schemes have none.
    pub(super) fn owned(&self, pieces: &[SignedPiece]) -> Vec<Vec<u8>> {
        let made = |piece: &SignedPiece| match piece {
            SignedPiece::BodySha256Hex => Some(hex::encode(Sha256::digest(self.request.body)).into_bytes()),
            SignedPiece::SortedForm => Some(form::sorted(self.request)),
            SignedPiece::UrlDecoded => Some(decoded(self.request.url)),
            _ => None,
        };
        pieces.iter().filter_map(made).collect()
    }

    /// The signed content, part by part; `owned` is what [`Self::owned`] made of the same pieces.
    pub(super) fn parts(
        &self,
        pieces: &'a [SignedPiece],
        owned: &'a [Vec<u8>],
    ) -> impl Iterator<Item = &'a [u8]> {
        let mut owned = owned.iter();
        let Self { request, id, timestamp } = *self;
        pieces.iter().map(move |piece| match piece {
            SignedPiece::Text(text) => text.as_bytes(),
            SignedPiece::Method => request.method.as_bytes(),
            SignedPiece::Url => request.url.as_bytes(),
            SignedPiece::Path => request.path.as_bytes(),
            SignedPiece::Query => request.query.as_bytes(),
            SignedPiece::Timestamp => timestamp.as_bytes(),
            SignedPiece::Id => id.as_bytes(),
            SignedPiece::Body => request.body,
            SignedPiece::Header(name) => request.headers.get(name).unwrap_or("").as_bytes(),
            SignedPiece::BodySha256Hex | SignedPiece::SortedForm | SignedPiece::UrlDecoded => {
                owned.next().map_or(&[][..], Vec::as_slice)
            }
        })
    }
}

/// A URL with the escapes undone that HubSpot undoes before it signs one: those of `: / ? @ ! $ ' ( ) * , ;`, and no
/// others.
fn decoded(url: &str) -> Vec<u8> {
    let bytes = url.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = bytes.get(at..at + 3).filter(|escape| escape.first() == Some(&b'%'));
        let meant = escaped.and_then(|escape| hex::decode(escape.get(1..)?).ok()?.first().copied());
        match meant.filter(|meant| b":/?@!$'()*,;".contains(meant)) {
            Some(meant) => {
                decoded.push(meant);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_escapes_are_undone() {
        for (url, expected) in [
            ("https://a/in/hs", "https://a/in/hs"),
            ("https://a/?e=jo%40x.example&t=%3A%2f", "https://a/?e=jo@x.example&t=:/"),
            ("https://a/?e=%20%25%26%3D%2B%23%C3%BC", "https://a/?e=%20%25%26%3D%2B%23%C3%BC"),
            ("https://a/?e=%2540", "https://a/?e=%2540"),
            ("https://a/?e=%4&f=%zz%", "https://a/?e=%4&f=%zz%"),
            ("https://a/%21%24%27%28%29%2A%2C%3B%3F%2F", "https://a/!$'()*,;?/"),
        ] {
            assert_eq!(String::from_utf8(decoded(url)).unwrap(), expected);
        }
    }
}
