//! Bounding what guests write before people read it.

/// `text` cut to at most `bytes` bytes, at a character's border. Keeps no more memory than that.
pub(crate) fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_characters() {
        let check = |text: &str, bytes: usize, expected: &str| {
            assert_eq!(cut(text.to_owned(), bytes), expected, "{text:?} to {bytes}");
        };
        check("", 0, "");
        check("abc", 3, "abc");
        check("abc", 2, "ab");
        check("aé", 2, "a");
        check("€€", 3, "€");
        check("€€", 5, "€");
        check("€", 0, "");
    }
}
