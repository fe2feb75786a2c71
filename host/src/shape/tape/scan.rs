//! Scanners over raw bytes: where a string, a number or white space ends, and whether it is
//! well formed. Not here: the structure around them (`parse`).

/// Offset of a fault and what it is.
pub(super) type Bad = (usize, &'static str);

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte of `word` that equals `byte`; only the lowest such bit is certain,
/// which is the one that is used.
#[inline(always)]
fn bytes_equal(word: u64, byte: u8) -> u64 {
    let x = word ^ (LOW * byte as u64);
    x.wrapping_sub(LOW) & !x & HIGH
}

/// Offset of the first quote, backslash or control character at or after `at`; the length if
/// there is none. Eight bytes a step.
#[inline(always)]
fn special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(LOW * 0x20) & !word & HIGH;
        let hits = bytes_equal(word, b'"') | bytes_equal(word, b'\\') | control;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if *byte == b'"' || *byte == b'\\' || *byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// From just after the opening quote: the offset of the closing one, and whether there are
/// escapes between.
#[inline(always)]
pub(super) fn string(bytes: &[u8], start: usize) -> Result<(usize, bool), Bad> {
    let mut at = start;
    let mut escaped = false;
    loop {
        at = special(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((at, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape(bytes, at)?;
            }
            Some(_) => return Err((at, "a control character in a string must be escaped")),
            None => return Err((at, "the string has no end")),
        }
    }
}

/// From a backslash: the offset after its escape.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Bad> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let lone = (at, "half of a surrogate pair stands alone");
            let unit = hex4(bytes, at + 2).ok_or((at, "`\\u` needs four hexadecimal digits"))?;
            match unit {
                0xDC00..=0xDFFF => Err(lone),
                0xD800..=0xDBFF if bytes.get(at + 6..at + 8) != Some(b"\\u") => Err(lone),
                0xD800..=0xDBFF => match hex4(bytes, at + 8) {
                    Some(0xDC00..=0xDFFF) => Ok(at + 12),
                    _ => Err(lone),
                },
                _ => Ok(at + 6),
            }
        }
        _ => Err((at, "unknown escape in a string")),
    }
}

/// The four hexadecimal digits at `at`.
pub(super) fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | (*digit as char).to_digit(16)?))
}

#[inline(always)]
fn digits(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// The offset after the number that starts at `start`.
#[inline(always)]
pub(crate) fn number(bytes: &[u8], start: usize) -> Result<usize, Bad> {
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    match bytes.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits(bytes, at),
        _ => return Err((at, "a digit was expected")),
    }
    if bytes.get(at) == Some(&b'.') {
        let end = digits(bytes, at + 1);
        if end == at + 1 {
            return Err((end, "a digit was expected after the point"));
        }
        at = end;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let end = digits(bytes, at + 1 + sign);
        if end == at + 1 + sign {
            return Err((end, "a digit was expected in the exponent"));
        }
        at = end;
    }
    Ok(at)
}

#[inline(always)]
pub(super) fn white(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}
