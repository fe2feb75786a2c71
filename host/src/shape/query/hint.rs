//! What was probably meant by a text that is no query: keys that need quotes, other dialects of JSONPath. What it offers
//! was compiled. Not here: whether a text is a query (`check`).

use crate::shape::query::check;

/// Longest text that is looked at, in bytes: what follows goes as deep as its brackets.
const LONGEST: usize = 256;

/// The fault of `text`, which begins with `$` or `@`, with what was probably meant.
pub(super) fn explained(text: &str, detail: String) -> String {
    if text.len() > LONGEST {
        return detail;
    }
    let rooted = rooted(text);
    let meant = repaired(&rooted).filter(|meant| meant != text && compiles(meant));
    match meant {
        Some(meant) => format!("{detail}; did you mean `{meant}`?"),
        None => match dialect(text) {
            Some(hint) => format!("{detail}; {hint}"),
            None => detail,
        },
    }
}

fn compiles(text: &str) -> bool {
    text.strip_prefix('@')
        .map_or_else(|| check::compile(text), |rest| check::compile(&format!("${rest}")))
        .is_ok()
}

/// With the `$` it should begin with.
fn rooted(text: &str) -> String {
    match text.chars().next() {
        Some('$' | '@') | None => text.to_owned(),
        Some('.' | '[') => format!("${text}"),
        Some(_) => format!("$.{text}"),
    }
}

/// What other dialects have and RFC 9535 has not.
fn dialect(text: &str) -> Option<&'static str> {
    let has = |part: &str| text.contains(part);
    if has("=~") {
        return Some(
            "RFC 9535 has no `=~`: write `[?search(@.name, 'pattern')]`, or `match` for the whole text",
        );
    }
    if ["length()", "size()", "count()"].iter().any(|call| has(&format!(".{call}"))) {
        return Some(
            "no function follows a path: use `length` of `$apply` in a mapping, `length_gte` and its siblings in a filter, \
             `length(@.name)` in `[?…]`",
        );
    }
    if ["min()", "max()", "sum()", "avg()", "first()", "last()", "keys()", "concat("]
        .iter()
        .any(|call| has(call))
    {
        return Some(
            "no function follows a path: mappings have functions in `$apply`, such as min, max, sum, first, last",
        );
    }
    if [" in [", " nin [", " anyof ", " subsetof "].iter().any(|word| has(word)) {
        return Some("RFC 9535 has no such operator: write `@.a == 'x' || @.a == 'y'`, or a filter's `in`");
    }
    if has("(@.length") {
        return Some("RFC 9535 has no scripts: the last element is `[-1]`, the last two are `[-2:]`");
    }
    None
}

/// The query with its names quoted where they must be; `None` where it is beyond repair.
fn repaired(text: &str) -> Option<String> {
    let mut rest = text.get(1..)?;
    let mut made = text.get(..1)?.to_owned();
    if !rest.starts_with(['.', '[']) && !rest.is_empty() {
        rest = segment(rest, "", &mut made)?;
    }
    while !rest.is_empty() {
        rest = match rest
            .strip_prefix("..")
            .map(|rest| (rest, ".."))
            .or_else(|| Some((rest.strip_prefix('.')?, "")))
        {
            Some((after, _)) if after.starts_with('[') => {
                made.push_str(if rest.starts_with("..") { ".." } else { "" });
                bracket(after, &mut made)?
            }
            Some((after, dots)) => segment(after, dots, &mut made)?,
            None => bracket(rest, &mut made)?,
        };
    }
    Some(made)
}

/// One name up to the next point or bracket; `dots` is `..` before a descendant.
fn segment<'t>(rest: &'t str, dots: &str, made: &mut String) -> Option<&'t str> {
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() || name.contains(['(', ')', '\'', '"', '`', '{', '}', '|', '?', '*']) && name != "*" {
        return None;
    }
    let shorthand = name == "*"
        || name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_' || !char.is_ascii())
            && !name.starts_with(|char: char| char.is_ascii_digit());
    let index = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    match (shorthand, index) {
        (true, _) => made.push_str(&format!("{}{name}", if dots.is_empty() { "." } else { dots })),
        (false, true) => made.push_str(&format!("{dots}[{name}]")),
        (false, false) => made.push_str(&format!("{dots}['{}']", name.replace('\\', "\\\\"))),
    }
    Some(after)
}

/// What stands in brackets.
fn bracket<'t>(rest: &'t str, made: &mut String) -> Option<&'t str> {
    let end = closing(rest)?;
    let inside = rest.get(1..end)?.trim();
    let last = inside.strip_prefix("(@.length").and_then(|script| script.trim_start().strip_suffix(')'));
    let inside = match last.and_then(|script| script.strip_prefix('-')) {
        Some(from_end) => format!("-{}", from_end.trim()),
        None if last.is_some() => return None,
        None if inside.is_empty() => "*".to_owned(),
        None => match inside.strip_prefix('?') {
            Some(filter) => format!("?{}", condition(filter)?),
            None if inside.starts_with("(@") || inside.starts_with('@') => format!("?{}", condition(inside)?),
            None if inside.starts_with(|char: char| char.is_alphabetic() || char == '_' || char == '@') => {
                format!("'{}'", inside.replace('\\', "\\\\").replace('\'', "\\'"))
            }
            None => inside.to_owned(),
        },
    };
    made.push_str(&format!("[{inside}]"));
    rest.get(end + 1..)
}

/// Where the bracket that `rest` begins with is closed.
fn closing(rest: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'[') => depth += 1,
            (None, b']') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            (None, _) => {}
        }
    }
    None
}

/// The condition of a filter: its paths repaired, words and signs of other languages replaced.
fn condition(text: &str) -> Option<String> {
    let mut made = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => 1 + rest.get(1..)?.find(first)? + 1,
            '@' | '$' => path_length(rest),
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(length);
        match first {
            '@' | '$' => made.push_str(&repaired(part)?),
            _ => made.push_str(part),
        }
        rest = after;
    }
    let signs = [
        (" and ", " && "),
        (" or ", " || "),
        (" AND ", " && "),
        (" OR ", " || "),
        ("===", "=="),
        ("<>", "!="),
    ];
    let made = signs.iter().fold(made, |text, (foreign, own)| text.replace(foreign, own));
    Some(single_equals(&made))
}

/// How long the path is that `rest` begins with.
fn path_length(rest: &str) -> usize {
    let mut at = 1;
    while let Some(char) = rest[at..].chars().next() {
        match char {
            '[' => match closing(&rest[at..]) {
                Some(end) => at += end + 1,
                None => return rest.len(),
            },
            ' ' | '\t' | '=' | '<' | '>' | '!' | '&' | '|' | ')' | '(' | ',' | '~' | ']' => return at,
            other => at += other.len_utf8(),
        }
    }
    at
}

/// `=` alone is meant to be `==`.
fn single_equals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut made = String::with_capacity(text.len() + 1);
    for (at, char) in text.char_indices() {
        made.push(char);
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let alone = !matches!(before, Some(b'=' | b'!' | b'<' | b'>'))
            && !matches!(bytes.get(at + 1), Some(b'=' | b'~'));
        if char == '=' && alone {
            made.push('=');
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use crate::shape::query::Query;
    use crate::shape::source::Path;

    fn fault(text: &str) -> String {
        Query::compile(text).expect_err(text).detail
    }

    #[test]
    fn what_was_meant_is_offered() {
        for (text, meant) in [
            ("$.event-data.e", "$['event-data'].e"),
            ("$.@type", "$['@type']"),
            ("$.a.b:c[0].d-e", "$.a['b:c'][0]['d-e']"),
            ("$..x-y", "$..['x-y']"),
            ("$.list.0", "$.list[0]"),
            ("$.list.0.name", "$.list[0].name"),
            ("$.2fa", "$['2fa']"),
            ("$.first name", "$['first name']"),
            ("$['a'].b-c", "$['a']['b-c']"),
            ("$.list[(@.length-1)]", "$.list[-1]"),
            ("$.list[(@.length - 1)].x", "$.list[-1].x"),
            ("$.list[]", "$.list[*]"),
            ("$.list.[0]", "$.list[0]"),
            ("$.a[name]", "$.a['name']"),
            ("$event.x", "$.event.x"),
            ("$.$ref", "$['$ref']"),
            ("event.x-y", "$.event['x-y']"),
            (".event", "$.event"),
            ("$.l[?(@.event-data.x == 'a-b')]", "$.l[?(@['event-data'].x == 'a-b')]"),
            ("$.l[?@.a = 1 and @.b = 'x']", "$.l[?@.a == 1 && @.b == 'x']"),
            ("$.l[(@.a > 1)]", "$.l[?(@.a > 1)]"),
        ] {
            let fault = fault(text);
            assert!(fault.ends_with(&format!("; did you mean `{meant}`?")), "{text}: {fault}");
        }
    }

    #[test]
    fn other_dialects_are_named() {
        for (text, words) in [
            ("$.list.length()", "`length` of `$apply`"),
            ("$.a[?(@.name =~ /x.*/i)]", "search(@.name, 'pattern')"),
            ("$.a[?(@.n in ['x','y'])]", "a filter's `in`"),
            ("$.prices.max()", "`$apply`"),
            ("$.l[(@.length/2)]", "no scripts"),
        ] {
            let fault = fault(text);
            assert!(fault.contains(words), "{text}: {fault}");
        }
        for text in ["$.a[", "$.", "$[?@.a ==]", "$.a['b", "$.{{x}}"] {
            assert!(!fault(text).contains("did you mean"), "{text}: {}", fault(text));
        }
    }

    #[test]
    fn a_path_of_an_item_is_quoted_as_it_was_written() {
        for (text, meant) in [("@index", "@.index"), ("@.a-b", "@['a-b']"), ("@.x.0", "@.x[0]"), ("@.[", "")]
        {
            let fault = Path::compile(text, true).expect_err(text);
            assert!(!fault.contains('$'), "{text}: {fault}");
            assert!(
                meant.is_empty() || fault.ends_with(&format!("did you mean `{meant}`?")),
                "{text}: {fault}"
            );
        }
    }
}
