//! Checks of fields that several documents have: names, headers, numbers.

use http::HeaderName;
use http::HeaderValue;

use crate::control::resources::check::error::Faults;
use crate::control::snapshot::Collection;
use crate::control::snapshot::Resource;
use crate::domain::event::Headers;
use crate::domain::id::WorkspaceId;

/// Longest name, characters.
const NAME_MAX: usize = 100;

/// Headers a request or an answer has for the connection's sake; nobody sets them by hand.
const CONNECTION_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Checks a name: what it may look like, and that no other document of its kind has it.
pub(in crate::control::resources) fn name<T: Resource>(
    table: &Collection<T>,
    workspace: WorkspaceId,
    own: T::Id,
    name: &str,
    faults: &mut Faults,
) {
    if let Err(detail) = name_form(name) {
        faults.add("/name", detail);
    } else if name.parse::<T::Id>().is_ok() {
        faults.add("/name", "a name must not look like an id");
    } else if table.find(workspace, name).is_some_and(|other| other.id() != own) {
        faults.add("/name", format!("another {} has the name `{name}`; choose one that is free", T::KIND));
    }
}

/// What every name may look like.
pub(in crate::control::resources) fn name_form(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name must not be empty".into());
    }
    if name.chars().count() > NAME_MAX {
        return Err(format!("a name has at most {NAME_MAX} characters"));
    }
    if name.trim() != name {
        return Err("a name neither begins nor ends with a space".into());
    }
    match name.chars().find(|letter| letter.is_control() || matches!(letter, '/' | '?' | '#' | '%')) {
        Some(letter) => Err(format!("a name stands in URLs, so it has no {letter:?}")),
        None => Ok(()),
    }
}

/// Checks the name of a header that somebody wants set or read; brings it to lower case.
pub(in crate::control::resources) fn header_name(name: &str) -> Result<String, String> {
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) => Ok(name.as_str().to_owned()),
        Err(_) => Err(format!("`{name}` cannot be the name of a header")),
    }
}

/// Where a header is in a request.
pub(in crate::control::resources) fn header_place(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Checks headers that are to be sent; brings their names to lower case.
pub(in crate::control::resources) fn headers(given: &Headers, pointer: &str, faults: &mut Faults) -> Headers {
    let mut checked = Vec::with_capacity(given.0.len());
    for (name, value) in &given.0 {
        let place = header_place(pointer, name);
        match header_name(name) {
            Ok(lower) if CONNECTION_HEADERS.contains(&lower.as_str()) => {
                faults.add(place, format!("`{lower}` is set by the connection itself"));
            }
            Ok(lower) if HeaderValue::from_str(value).is_ok() => checked.push((lower, value.clone())),
            Ok(_) => faults.add(place, "the value has characters that no header can carry"),
            Err(detail) => faults.add(place, detail),
        }
    }
    Headers(checked)
}

/// Checks that a number is within bounds.
pub(in crate::control::resources) fn within<N: PartialOrd + std::fmt::Display>(
    value: N,
    least: N,
    most: N,
    pointer: &str,
    faults: &mut Faults,
) {
    if value < least || value > most {
        faults.add(pointer, format!("expected a number from {least} to {most}, not {value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, good) in [
            ("github", true),
            ("leads to crm", true),
            ("größe", true),
            ("", false),
            (" x", false),
            ("a/b", false),
            ("a\nb", false),
            ("100%", false),
        ] {
            assert_eq!(name_form(name).is_ok(), good, "{name:?}");
        }
        assert!(name_form(&"é".repeat(100)).is_ok());
        assert!(name_form(&"é".repeat(101)).is_err());
    }

    #[test]
    fn headers_that_cannot_be_sent_are_all_named() {
        let given = [("X-Team", "growth"), ("Host", "x"), ("a b", "x"), ("x/y~", "x"), ("x-line", "a\r\nb")];
        let given = Headers(given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        let mut faults = Faults::of("destination", Vec::new());
        let checked = headers(&given, "/headers", &mut faults);
        assert_eq!(checked.0, [("x-team".to_owned(), "growth".to_owned())]);
        for pointer in ["/headers/Host", "/headers/a b", "/headers/x~1y~0", "/headers/x-line"] {
            assert!(faults.within(pointer), "{pointer}");
        }
    }
}
