//! Which connections take an event: patterns over its type, or the group it is in. Pure.

use crate::domain::config::Connection;

/// Whether a connection takes events of this type, which is in that group of the event catalogue.
pub fn takes(connection: &Connection, event_type: &str, group: Option<&str>) -> bool {
    let is_in = |group| connection.event_groups.iter().any(|wanted| wanted == group);
    matches(&connection.event_types, event_type) || group.is_some_and(is_in)
}

/// Whether any pattern matches. `*` stands for any run of characters, also none; a pattern
/// without it must be equal.
pub fn matches(patterns: &[String], event_type: &str) -> bool {
    patterns.iter().any(|pattern| glob(pattern.as_bytes(), event_type.as_bytes()))
}

/// Why it does not, in words; `None` if it does.
pub fn why_not(connection: &Connection, event_type: &str, group: Option<&str>) -> Option<String> {
    if takes(connection, event_type, group) {
        return None;
    }
    let groups = connection.event_groups.iter().map(|group| format!("the group {group}"));
    let wanted: Vec<String> = connection.event_types.iter().cloned().chain(groups).collect();
    let mut seen = if event_type.is_empty() { "none".to_owned() } else { format!("`{event_type}`") };
    if !connection.event_groups.is_empty() {
        seen.push_str(&group.map_or(" in no group".to_owned(), |group| format!(" in the group {group}")));
    }
    Some(format!("the connection takes {}; the event's type is {seen}", wanted.join(", ")))
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
        let mut connection = connection(&["push", "issues.*"], &[]);
        assert_eq!(why_not(&connection, "push", None), None);
        let reason = why_not(&connection, "star", Some("stars")).unwrap();
        assert!(reason.contains("push, issues.*") && reason.contains("`star`"), "{reason}");
        connection.event_groups = vec!["stars".to_owned()];
        assert_eq!(why_not(&connection, "star", Some("stars")), None);
        let reason = why_not(&connection, "fork", None).unwrap();
        assert!(reason.contains("issues.*, the group stars; ") && reason.contains("in no group"), "{reason}");
    }

    fn connection(types: &[&str], groups: &[&str]) -> Connection {
        let texts = |given: &[&str]| given.iter().map(|text| (*text).to_owned()).collect();
        Connection {
            id: crate::domain::id::ConnectionId::from_bits(1),
            workspace: crate::domain::id::WorkspaceId::from_bits(1),
            name: "c".to_owned(),
            created_at: crate::domain::time::Timestamp::from_millis(0),
            state: crate::domain::config::FlowState::Active,
            protect: false,
            origins: Vec::new(),
            event_types: texts(types),
            event_groups: texts(groups),
            steps: Vec::new(),
            destination: crate::domain::id::DestinationId::from_bits(1),
            retry: None,
        }
    }
}
