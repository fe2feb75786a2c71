//! Strings of JSON: what their escapes stand for, comparing without decoding, and writing.
//! Not here: finding their ends (`scan`).

use std::borrow::Cow;

use crate::shape::tape::scan::hex4;

/// What the text between two quotes stands for. The text must have been checked.
pub(crate) fn decode(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut decoded = String::with_capacity(inside.len());
    for piece in Pieces(inside) {
        match piece {
            Piece::Plain(text) => decoded.push_str(text),
            Piece::Escape(char) => decoded.push(char),
        }
    }
    Cow::Owned(decoded)
}

/// Whether the text between two quotes stands for `wanted`, without building it.
pub(crate) fn stands_for(inside: &str, wanted: &str) -> bool {
    let mut rest = wanted;
    for piece in Pieces(inside) {
        let left = match piece {
            Piece::Plain(text) => rest.strip_prefix(text),
            Piece::Escape(char) => rest.strip_prefix(char),
        };
        match left {
            Some(left) => rest = left,
            None => return false,
        }
    }
    rest.is_empty()
}

enum Piece<'a> {
    Plain(&'a str),
    Escape(char),
}

struct Pieces<'a>(&'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let text = self.0;
        match memchr::memchr(b'\\', text.as_bytes()) {
            None if text.is_empty() => None,
            None => {
                self.0 = "";
                Some(Piece::Plain(text))
            }
            Some(0) => {
                let (char, length) = escape(text);
                self.0 = text.get(length..).unwrap_or("");
                Some(Piece::Escape(char))
            }
            Some(at) => {
                self.0 = &text[at..];
                Some(Piece::Plain(&text[..at]))
            }
        }
    }
}

/// The character of the escape that `text` begins with, and the escape's bytes.
fn escape(text: &str) -> (char, usize) {
    let bytes = text.as_bytes();
    match bytes.get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => {
            let unit = hex4(bytes, 2).unwrap_or(0xFFFD);
            if let (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) = (unit, hex4(bytes, 8)) {
                let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                return (char::from_u32(code).unwrap_or('\u{FFFD}'), 12);
            }
            (char::from_u32(unit).unwrap_or('\u{FFFD}'), 6)
        }
        Some(other) => (char::from(*other), 2),
        None => ('\u{FFFD}', 1),
    }
}

/// Appends `text` as a JSON string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(text, out);
    out.push(b'"');
}

/// Appends `text` as the inside of a JSON string.
pub(crate) fn write_escaped(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0..=0x1f => b'u',
            _ => continue,
        };
        out.extend_from_slice(&bytes[done..at]);
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let digits = [b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(&digits);
        }
        done = at + 1;
    }
    out.extend_from_slice(&bytes[done..]);
}
