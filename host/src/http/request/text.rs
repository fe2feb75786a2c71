//! The first look at a body: UTF-8, and not nested more deeply than anything that follows can
//! bear. One pass, no recursion.

use crate::http::problem::Kind;
use crate::http::problem::Problem;

/// The body as text, if its objects and arrays are nested `depth_max` deep at most.
pub(crate) fn check(body: &[u8], depth_max: usize) -> Result<&str, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail =
            format!("the body is not UTF-8: the byte at offset {} begins no character", error.valid_up_to());
        Problem::new(Kind::MalformedJson, detail)
    })?;
    match too_deep(body, depth_max) {
        None => Ok(text),
        Some(offset) => {
            let detail = format!("the body is nested more than {depth_max} levels deep at offset {offset}");
            Err(Problem::new(Kind::MalformedJson, detail))
        }
    }
}

/// Where the nesting becomes too deep. Brackets in strings do not count.
fn too_deep(body: &[u8], depth_max: usize) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = body.get(at) {
        match byte {
            b'"' => at = string_end(body, at),
            b'[' | b'{' if depth == depth_max => return Some(at),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where the string that begins there ends.
fn string_end(body: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', body.get(at..).unwrap_or_default()) {
        at += found;
        if body[at] == b'"' {
            return at;
        }
        // What is escaped ends nothing.
        at += 2;
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth() {
        fn check(body: &str, expected: Option<usize>) {
            assert_eq!(too_deep(body.as_bytes(), 128), expected, "{body}");
        }
        check(&"[".repeat(128), None);
        check(&"[".repeat(129), Some(128));
        check(&"[]".repeat(1000), None);
        check(&format!("{{\"a\\\"{}\":1}}", "[".repeat(500)), None);
        check(&"{\"a\":[".repeat(65), Some(64 * 6));
        check(
            &format!("{{\"{}\":{}", "\\\\\\\"[".repeat(200), "[".repeat(128)),
            Some(1 + 2 + 1000 + 1 + 127),
        );
        check(&format!("[\"a{}\\", "[".repeat(200)), None);
        check(&format!("[\"a{}\\\"", "[".repeat(200)), None);
    }

    #[test]
    fn invalid_utf_8_is_placed() {
        let problem = super::check(b"{\"a\":\"\xff\"}", 128).unwrap_err();
        assert!(format!("{problem:?}").contains("offset 6"), "{problem:?}");
    }
}
