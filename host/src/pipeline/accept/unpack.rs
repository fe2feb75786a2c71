//! Bodies that came compressed (`content-encoding`), made into what was compressed, within the source's limit. After
//! the signature was checked, which is over the bytes as they came. Not here: what is in them (`body_view`).

use std::io::Read;

use bytes::Bytes;
use flate2::Decompress;
use flate2::FlushDecompress;
use flate2::Status;
use flate2::read::MultiGzDecoder;

use crate::domain::event::Headers;
use crate::pipeline::AcceptError;

const ENCODING: &str = "content-encoding";
/// Longer packed bodies are unpacked off the async threads.
const AT_ONCE_BYTES_MAX: usize = 16 << 10;
/// Unpacked bytes that are done at once, for the same reason: a short body may hold much.
const AT_ONCE_UNPACKED_MAX: u64 = 256 << 10;
/// Bytes that are unpacked between two looks at the limit.
const STEP_BYTES: usize = 16 << 10;
/// Characters of an unknown encoding that are shown.
const SHOWN_CHARS: usize = 64;

/// How a body was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or the bare RFC 1951 that some senders mean by it.
    Deflate,
}

impl Coding {
    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

/// How the headers say the body was compressed; an error if nothing here can undo it.
pub(super) fn coding(headers: &Headers) -> Result<Option<Coding>, AcceptError> {
    let named = headers.get_all(ENCODING).flat_map(|value| value.split(',')).map(str::trim);
    let mut named = named.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    let Some(name) = named.next() else { return Ok(None) };
    if let Some(second) = named.next() {
        return Err(unknown(&format!("{name}, {second}")));
    }
    match name.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => Ok(Some(Coding::Gzip)),
        "deflate" => Ok(Some(Coding::Deflate)),
        _ => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> AcceptError {
    AcceptError::UnknownEncoding { name: name.chars().take(SHOWN_CHARS).collect() }
}

/// The headers without what no longer holds of the body.
pub(super) fn headers(headers: Headers) -> Headers {
    Headers(headers.0.into_iter().filter(|(name, _)| name != ENCODING && name != "content-length").collect())
}

/// Unpacks a body of at most `limit` bytes.
pub(super) async fn run(coding: Coding, packed: Bytes, limit: u64) -> Result<Bytes, AcceptError> {
    if packed.len() <= AT_ONCE_BYTES_MAX {
        match unpack(coding, &packed, limit.min(AT_ONCE_UNPACKED_MAX)) {
            Err(AcceptError::TooLarge { .. }) if limit > AT_ONCE_UNPACKED_MAX => {}
            done => return done,
        }
    }
    let work = tokio::task::spawn_blocking(move || unpack(coding, &packed, limit));
    work.await.unwrap_or_else(|_| Err(broken(coding, "it could not be unpacked")))
}

fn unpack(coding: Coding, packed: &[u8], limit: u64) -> Result<Bytes, AcceptError> {
    let body = match coding {
        Coding::Gzip => {
            let mut body = Vec::new();
            let reader = MultiGzDecoder::new(packed);
            let read = reader.take(limit.saturating_add(1)).read_to_end(&mut body);
            read.map_err(|error| broken(coding, &error.to_string()))?;
            body
        }
        Coding::Deflate => inflate(packed, limit).map_err(|why| broken(coding, &why))?,
    };
    if body.len() as u64 > limit {
        return Err(AcceptError::TooLarge { limit });
    }
    Ok(body.into())
}

/// At most a little more than `limit` bytes. The reader of `flate2` takes a stream that was cut for a whole one.
fn inflate(packed: &[u8], limit: u64) -> Result<Vec<u8>, String> {
    let mut state = Decompress::new(has_zlib_head(packed));
    let mut body = Vec::new();
    while body.len() as u64 <= limit {
        body.reserve(STEP_BYTES);
        let before = (state.total_in(), state.total_out());
        let rest = usize::try_from(before.0).ok().and_then(|at| packed.get(at..)).unwrap_or_default();
        let status = state.decompress_vec(rest, &mut body, FlushDecompress::None);
        match status.map_err(|error| error.to_string())? {
            Status::StreamEnd if state.total_in() == packed.len() as u64 => break,
            Status::StreamEnd => return Err("something follows its end".to_owned()),
            _ if (state.total_in(), state.total_out()) == before => return Err("it ends early".to_owned()),
            Status::Ok | Status::BufError => {}
        }
    }
    Ok(body)
}

/// The method is deflate and both bytes together are a multiple of 31.
fn has_zlib_head(packed: &[u8]) -> bool {
    let Some([first, second]) = packed.first_chunk() else { return false };
    first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0
}

fn broken(coding: Coding, why: &str) -> AcceptError {
    AcceptError::BadEncoding { detail: format!("the body says it is {} and is not: {why}", coding.name()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use flate2::write::GzEncoder;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::default());
        writer.write_all(body).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_back() {
        let body = b"{\"a\":1}\n".repeat(1000);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&body).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(&body).unwrap();
        for (coding, packed) in [
            (Coding::Gzip, gzip(&body)),
            (Coding::Gzip, [gzip(&body[..10]), gzip(&body[10..])].concat()),
            (Coding::Deflate, zlib.finish().unwrap()),
            (Coding::Deflate, bare.finish().unwrap()),
        ] {
            assert_eq!(unpack(coding, &packed, 8000).unwrap(), body);
            assert!(matches!(unpack(coding, &packed, 7999), Err(AcceptError::TooLarge { limit: 7999 })));
            let cut = unpack(coding, &packed[..packed.len() - 9], 8000);
            assert!(matches!(cut, Err(AcceptError::BadEncoding { .. })), "{cut:?}");
        }
        assert!(matches!(unpack(Coding::Gzip, b"{}", 10), Err(AcceptError::BadEncoding { .. })));
    }

    /// A thousandfold: no more of it is unpacked than may be there.
    #[tokio::test]
    async fn a_bomb_is_refused() {
        let packed = Bytes::from(gzip(&vec![0; 64 << 20]));
        assert!(packed.len() < 100 << 10, "{}", packed.len());
        let refused = run(Coding::Gzip, packed, 1 << 20).await;
        assert!(matches!(refused, Err(AcceptError::TooLarge { limit: 1_048_576 })), "{refused:?}");
        let short = Bytes::from(gzip(&vec![b'a'; 900 << 10]));
        assert_eq!(run(Coding::Gzip, short, 1 << 20).await.unwrap().len(), 900 << 10);
    }

    #[test]
    fn encodings_are_known_or_named() {
        let of = |value: &str| coding(&Headers(vec![(ENCODING.into(), value.into())]));
        for (value, expected) in [
            ("gzip", Some(Coding::Gzip)),
            ("X-GZIP", Some(Coding::Gzip)),
            ("deflate", Some(Coding::Deflate)),
            ("identity", None),
            ("", None),
        ] {
            assert_eq!(of(value).unwrap(), expected, "{value}");
        }
        for value in ["br", "zstd", "gzip, gzip", "gzip,br"] {
            let refused = of(value).unwrap_err();
            let text = refused.to_string();
            let named = value.split(',').next().unwrap_or_default();
            assert!(matches!(refused, AcceptError::UnknownEncoding { .. }) && text.contains(named), "{text}");
        }
        assert_eq!(coding(&Headers::default()).unwrap(), None);
    }
}
