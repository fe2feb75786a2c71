//! The envelope of every stored value: format version, compression, checksums bound to the
//! value's name, and a small head that can be read without unpacking the body.
//! Not here: what bodies mean, and how a frame is cut into parts.
//!
//! Layout, little-endian: version u8 · codec u8 · head length u16 · frame length u32 ·
//! unpacked body length u32 · CRC-32 of the packed body u32 · CRC-32 of name, the sixteen bytes
//! so far and the head u32 · head · packed body.

use std::borrow::Cow;

use crate::store::sled::fault::FIRST_FORMAT;
use crate::store::sled::fault::FORMAT;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;

const FIXED: usize = 20;
const RAW: u8 = 0;
const LZ4: u8 = 1;
/// Below this, compression costs more than it saves.
const COMPRESS_FROM: usize = 200;

/// A value ready to be stored under `name`.
pub(crate) fn seal(name: &[u8], head: &[u8], body: &[u8]) -> Vec<u8> {
    let start = FIXED + head.len();
    let room = if body.len() >= COMPRESS_FROM {
        lz4_flex::block::get_maximum_output_size(body.len())
    } else {
        body.len()
    };
    let mut frame = vec![0; start + room];
    let packed = (body.len() >= COMPRESS_FROM)
        .then(|| lz4_flex::block::compress_into(body, &mut frame[start..]).ok())
        .flatten()
        .filter(|length| *length < body.len());
    let codec = if packed.is_some() { LZ4 } else { RAW };
    if packed.is_none() {
        frame[start..start + body.len()].copy_from_slice(body);
    }
    frame.truncate(start + packed.unwrap_or(body.len()));
    frame[0] = FORMAT;
    frame[1] = codec;
    frame[2..4].copy_from_slice(&(head.len() as u16).to_le_bytes());
    let total = frame.len() as u32;
    frame[4..8].copy_from_slice(&total.to_le_bytes());
    frame[8..12].copy_from_slice(&(body.len() as u32).to_le_bytes());
    let body_crc = crc32fast::hash(&frame[start..]);
    frame[12..16].copy_from_slice(&body_crc.to_le_bytes());
    frame[FIXED..start].copy_from_slice(head);
    let head_crc = head_crc(name, &frame, head);
    frame[16..FIXED].copy_from_slice(&head_crc.to_le_bytes());
    frame
}

fn head_crc(name: &[u8], frame: &[u8], head: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(name);
    hasher.update(&frame[..16]);
    hasher.update(head);
    hasher.finalize()
}

/// What the first part of a frame says about all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline<'a> {
    /// The head, checked.
    pub(crate) head: &'a [u8],
    /// Length of the whole frame, bytes.
    pub(crate) total: usize,
    codec: u8,
    raw: usize,
    body_crc: u32,
}

/// Reads version and head from the first part of a frame.
pub(crate) fn outline<'a>(name: &[u8], first: &'a [u8]) -> Result<Outline<'a>, SledFault> {
    let what = keys::describe(name);
    let bad = |why| SledFault::Bad { what, why };
    match first.first() {
        None => return Err(bad("is empty")),
        Some(&found) if found > FORMAT => return Err(SledFault::Newer { what, found }),
        Some(&found) if found >= FIRST_FORMAT => {}
        Some(_) => return Err(bad("has a format that never was")),
    }
    let fixed: &[u8; FIXED] = first.first_chunk().ok_or_else(|| bad("is cut short"))?;
    let number = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let head_len = usize::from(u16::from_le_bytes([fixed[2], fixed[3]]));
    let head = first.get(FIXED..FIXED + head_len).ok_or_else(|| bad("is cut short"))?;
    if head_crc(name, fixed, head) != number(16) {
        return Err(bad("does not match its checksum"));
    }
    Ok(Outline {
        head,
        total: number(4) as usize,
        codec: fixed[1],
        raw: number(8) as usize,
        body_crc: number(12),
    })
}

/// The body of a whole frame, checked and unpacked.
pub(crate) fn body<'a>(name: &[u8], frame: &'a [u8]) -> Result<Cow<'a, [u8]>, SledFault> {
    let bad = |why| SledFault::Bad { what: keys::describe(name), why };
    let outline = outline(name, frame)?;
    if outline.total != frame.len() {
        return Err(bad("has lost a part"));
    }
    let packed = &frame[FIXED + outline.head.len()..];
    if crc32fast::hash(packed) != outline.body_crc {
        return Err(bad("does not match its checksum"));
    }
    match outline.codec {
        RAW => Ok(Cow::Borrowed(packed)),
        LZ4 => lz4_flex::block::decompress(packed, outline.raw)
            .map(Cow::Owned)
            .map_err(|_| bad("cannot be unpacked")),
        _ => Err(bad("is packed in an unknown way")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(name: &[u8], frame: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let head = outline(name, frame).ok()?.head.to_vec();
        Some((head, body(name, frame).ok()?.into_owned()))
    }

    proptest::proptest! {
        #[test]
        fn opens_what_was_sealed(head: Vec<u8>, seed: Vec<u8>, repeat in 0usize..50) {
            let text = seed.repeat(repeat);
            let frame = seal(b"e1", &head, &text);
            assert_eq!(opened(b"e1", &frame), Some((head, text)));
        }

        #[test]
        fn notices_any_changed_byte(seed in proptest::collection::vec(0u8.., 1..40), at: usize, flip in 1u8..) {
            let mut frame = seal(b"l1", b"head", &seed.repeat(9));
            let at = at % frame.len();
            frame[at] ^= flip;
            assert_eq!(opened(b"l1", &frame), None);
        }

        #[test]
        fn never_panics_on_noise(noise: Vec<u8>) {
            assert_eq!(opened(b"l1", &noise), None);
        }
    }

    #[test]
    fn a_value_under_another_name_is_refused() {
        assert_eq!(opened(b"e2", &seal(b"e1", b"", b"text")), None);
    }

    /// As an older version of this program wrote it.
    #[test]
    fn an_older_format_is_read() {
        for format in FIRST_FORMAT..=FORMAT {
            let mut frame = seal(b"c1", b"head", b"text");
            frame[0] = format;
            let crc = head_crc(b"c1", &frame, b"head");
            frame[16..FIXED].copy_from_slice(&crc.to_le_bytes());
            assert_eq!(opened(b"c1", &frame), Some((b"head".to_vec(), b"text".to_vec())), "{format}");
        }
    }

    #[test]
    fn a_newer_format_says_so() {
        let mut frame = seal(b"c1", b"", b"text");
        frame[0] = FORMAT + 1;
        assert!(matches!(body(b"c1", &frame), Err(SledFault::Newer { found, .. }) if found == FORMAT + 1));
    }
}
