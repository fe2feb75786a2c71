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
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (offset, byte) in body.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return Some(offset);
        }
    }
    None
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
    }

    #[test]
    fn invalid_utf_8_is_placed() {
        let problem = super::check(b"{\"a\":\"\xff\"}", 128).unwrap_err();
        assert!(format!("{problem:?}").contains("offset 6"), "{problem:?}");
    }
}
