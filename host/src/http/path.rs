//! Segments of paths. Not here: which paths there are.

use std::borrow::Cow;

/// Undoes percent-encoding. What is no UTF-8 then is replaced; it names nothing anyway.
pub(crate) fn decode(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| hex::decode(digits).ok());
        match (byte, digits.as_deref()) {
            (b'%', Some([decoded])) => {
                bytes.push(*decoded);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        fn check(segment: &str, expected: &str) {
            assert_eq!(decode(segment), expected);
        }
        check("github", "github");
        check("leads%20to%20crm", "leads to crm");
        check("gr%C3%B6%c3%9Fe", "größe");
        check("100%", "100%");
        check("%zz%4", "%zz%4");
        check("%ff", "\u{fffd}");
    }
}
