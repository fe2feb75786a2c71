//! Which connections take an event: patterns over its type. Pure.

/// Whether any pattern matches. `*` stands for any run of characters, also none; a pattern
/// without it must be equal.
pub fn matches(patterns: &[String], event_type: &str) -> bool {
    patterns.iter().any(|pattern| glob(pattern.as_bytes(), event_type.as_bytes()))
}

/// Why none matches, in words; `None` if one does.
pub fn why_not(patterns: &[String], event_type: &str) -> Option<String> {
    if matches(patterns, event_type) {
        return None;
    }
    let wanted = patterns.join(", ");
    let seen = if event_type.is_empty() { "none".to_owned() } else { format!("`{event_type}`") };
    Some(format!("the connection takes {wanted}; the event's type is {seen}"))
}

/// Linear in pattern times text at worst: on a mismatch only the last `*` is tried again.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, seen));
            at += 1;
        } else if pattern.get(at) == Some(&text[seen]) {
            at += 1;
            seen += 1;
        } else if let Some((star_at, star_seen)) = star {
            at = star_at + 1;
            seen = star_seen + 1;
            star = Some((star_at, seen));
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "push", true),
            ("push", "push", true),
            ("push", "pushed", false),
            ("entry.*", "entry.created", true),
            ("entry.*", "entry", false),
            ("*.created", "entry.created", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("", "", true),
            ("", "x", false),
            ("é*", "été", true),
        ] {
            assert_eq!(matches(&[pattern.to_owned()], text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn says_why_not() {
        let patterns = ["push".to_owned(), "issues.*".to_owned()];
        assert_eq!(why_not(&patterns, "push"), None);
        let reason = why_not(&patterns, "star").unwrap();
        assert!(reason.contains("push, issues.*") && reason.contains("`star`"), "{reason}");
    }
}
