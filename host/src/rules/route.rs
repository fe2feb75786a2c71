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

/// Why a pattern can match no type that anybody would send, and what was probably meant; `None` if it can.
pub fn fault(pattern: &str) -> Option<String> {
    let inside = |open: char, close: char| pattern.contains(open) || pattern.contains(close);
    let is_regex = pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/');
    let like_regex = pattern.starts_with('^') || pattern.ends_with('$') || pattern.starts_with(".*");
    Some(match pattern {
        _ if pattern.chars().any(char::is_control) => "types have no control characters".to_owned(),
        _ if pattern.trim() != pattern => {
            format!("blanks around a pattern count; `{}` is probably meant", pattern.trim())
        }
        _ if inside('{', '}') => "there are no alternatives in braces: give each as a pattern of its own".to_owned(),
        _ if pattern.contains(',') => {
            let parts: Vec<String> = pattern.split(',').map(|part| format!("{:?}", part.trim())).collect();
            format!("one pattern has no commas: give each as one of its own, [{}]", parts.join(", "))
        }
        _ if pattern.starts_with('!') => {
            "a pattern cannot exclude: take `*` and add the step {\"filter\": {\"in_event\": \"type\", \"ne\": …}}".to_owned()
        }
        _ if is_regex || like_regex || pattern.contains('|') => {
            "patterns are no regular expressions: `*` stands for any run of characters, everything else for itself; a filter with `in_event` and `matches` takes an expression".to_owned()
        }
        _ if pattern.contains('?') || inside('[', ']') => {
            "only `*` stands for something else, for any run of characters".to_owned()
        }
        _ => return None,
    })
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
    fn patterns_that_match_nothing() {
        for (pattern, hint) in [
            ("a,b", r#"["a", "b"]"#),
            ("issue.created, issue.updated", r#"["issue.created", "issue.updated"]"#),
            ("a.{b,c}", "braces"),
            ("!a", "exclude"),
            ("/re/", "regular"),
            ("^push$", "regular"),
            (".*", "regular"),
            ("push|star", "regular"),
            ("push ", "`push`"),
            ("\tpush", "control"),
            ("issue?", "only `*`"),
            ("[ab]*", "only `*`"),
        ] {
            let fault = fault(pattern).unwrap();
            assert!(fault.contains(hint), "{pattern}: {fault}");
        }
        for pattern in [
            "*",
            "",
            "push",
            "orders/create",
            "/deploy",
            "entry.*",
            "Push Hook",
            "repo:refs_changed",
            "zen:event-type:ticket.*",
            "a.*.b",
            "**",
            "été",
            "x-y_z",
            "$ai",
            "a!",
        ] {
            assert_eq!(fault(pattern), None, "{pattern}");
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
