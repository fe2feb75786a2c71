//! Regular expressions of JavaScript and Go that mean the same in Rust. Not here: matching.

/// Bytes of one that hookmill takes.
const BYTES_MAX: usize = 1024;

/// The same expression for hookmill; `None` where it could mean something else, or nothing.
pub(in crate::import) fn carried(pattern: &str) -> Option<String> {
    if pattern.is_empty() || pattern.len() > BYTES_MAX / 4 || (pattern.starts_with('/') && pattern.len() > 1)
    {
        return None;
    }
    let mut carried = String::with_capacity(pattern.len());
    let (mut in_class, mut open, mut may_repeat) = (false, 0_usize, false);
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        let repeats = matches!(letter, '*' | '+' | '?') && !in_class;
        match letter {
            '\\' => carried.push_str(&escaped(letters.next()?, in_class)?),
            // A class in a class, and set operations, are Rust's own.
            '[' if in_class => return None,
            '&' | '~' | '-' if in_class && letters.peek() == Some(&letter) => return None,
            '[' => {
                in_class = true;
                carried.push(letter);
                if letters.peek() == Some(&'^') {
                    carried.extend(letters.next());
                }
                if letters.peek() == Some(&']') {
                    return None;
                }
            }
            ']' if in_class => {
                in_class = false;
                carried.push(letter);
            }
            '{' | '}' | ']' if !in_class => return None,
            '(' if !in_class => {
                if letters.peek() == Some(&'?') {
                    return None;
                }
                open += 1;
                carried.push(letter);
            }
            ')' if !in_class => {
                open = open.checked_sub(1)?;
                carried.push(letter);
            }
            _ if repeats && !may_repeat => return None,
            other => carried.push(other),
        }
        may_repeat = in_class || !(repeats || matches!(letter, '(' | '|' | '^'));
    }
    (open == 0 && !in_class).then_some(carried)
}

/// Digits and letters are those of ASCII there.
fn escaped(letter: char, in_class: bool) -> Option<String> {
    let known = match (letter, in_class) {
        ('d', true) => "0-9",
        ('d', false) => "[0-9]",
        ('w', true) => "0-9A-Za-z_",
        ('w', false) => "[0-9A-Za-z_]",
        ('t', _) => "\\t",
        ('n', _) => "\\n",
        ('r', _) => "\\r",
        // Rust escapes no slash.
        ('/', _) => "/",
        _ if letter.is_ascii_punctuation() => return Some(format!("\\{letter}")),
        _ => return None,
    };
    Some(known.to_owned())
}

/// An expression that only this text matches, upper and lower case alike.
pub(in crate::import) fn any_case(text: &str, starts: bool, ends: bool) -> Option<String> {
    if text.len() > BYTES_MAX / 4 {
        return None;
    }
    let mut pattern = "(?i)".to_owned();
    pattern.push_str(if starts { "\\A" } else { "" });
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push_str(if ends { "\\z" } else { "" });
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_carried() {
        for (pattern, expected) in [
            ("^ord-\\d+$", Some("^ord-[0-9]+$")),
            ("[\\w.-]+@x", Some("[0-9A-Za-z_.-]+@x")),
            ("(a|b)?c", Some("(a|b)?c")),
            ("a/b\\/c", Some("a/b/c")),
            ("/x/i", None),
            ("(?=x)", None),
            ("\\bx", None),
            ("\\1", None),
            ("a{2}", None),
            ("(a", None),
            ("a)", None),
            ("[a", None),
            ("*a", None),
            ("a**", None),
            ("[]a]", None),
            ("[a&&b]", None),
            ("a\\", None),
            ("", None),
        ] {
            assert_eq!(carried(pattern).as_deref(), expected, "{pattern}");
        }
        assert_eq!(any_case("a.b", true, true).as_deref(), Some("(?i)\\Aa\\.b\\z"));
    }
}
