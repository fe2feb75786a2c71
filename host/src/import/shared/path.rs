//! Paths into a payload, as JSONPath. Not here: who wrote them and how.

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum PathStep {
    /// A member.
    Name(String),
    /// An element of a list.
    Index(usize),
    /// Any element of a list; any member of an object, too, so whoever uses it asks for a list first.
    Any,
}

/// The JSONPath of these steps from `root`, which is `$` or `@`.
pub(in crate::import) fn jsonpath(root: &str, steps: &[PathStep]) -> String {
    let mut text = root.to_owned();
    for step in steps {
        match step {
            PathStep::Name(name) if is_plain(name) => {
                text.push('.');
                text.push_str(name);
            }
            PathStep::Name(name) => text.push_str(&format!("[{}]", quoted(name))),
            PathStep::Index(index) => text.push_str(&format!("[{index}]")),
            PathStep::Any => text.push_str("[*]"),
        }
    }
    text
}

/// A text as JSONPath writes it within quotes.
pub(in crate::import) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_written() {
        let steps = ["a", "b-c", "x\"y"].map(|name| PathStep::Name(name.to_owned()));
        assert_eq!(jsonpath("$", &steps), r#"$.a["b-c"]["x\"y"]"#);
        assert_eq!(jsonpath("@", &[PathStep::Any, PathStep::Index(2)]), "@[*][2]");
    }
}
