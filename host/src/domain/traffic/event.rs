//! What comes in: headers, the event and how a source told them apart.
//! Not here: how it got in (`http`) or whether it may (`rules::verify`).

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::id::{EventId, SourceId, WorkspaceId};
use crate::domain::time::Timestamp;

/// Header names in lower case with their values, in the order they came. Values that are not
/// UTF-8 were read as Latin-1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The first value of that name, which must be in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// Every value of that name, which must be in lower case.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// What a plugin asks for: headers, in the order they came, and things of the request by their names with a colon
    /// before them (`:method`, `:query.NAME`), which no header's name has.
    pub fn asked_for(&self, wanted: &[String], request: &RequestLine) -> Vec<(String, String)> {
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<_> = self.0.iter().filter(|(name, _)| wanted.contains(name)).cloned().collect();
        for name in wanted {
            let Some(part) = name.strip_prefix(':').and_then(RequestPart::named) else { continue };
            found.extend(part.values(request).map(|value| (name.clone(), value.into_owned())));
        }
        found
    }
}

/// What of an event's request is neither header nor body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestLine {
    /// Upper case; empty for events published through the API, and for those stored before it was kept.
    pub method: String,
    /// What stood behind the source's own URL, as it came (`/tenant/42`); empty if nothing did.
    pub path: String,
    /// The query as it came, without `?`; empty if there was none.
    pub query: String,
}

impl RequestLine {
    /// Nothing of it.
    pub const NONE: &Self = &Self { method: String::new(), path: String::new(), query: String::new() };

    /// What most requests are: a POST to the source's own URL.
    pub fn is_plain_post(&self) -> bool {
        self.method == "POST" && self.path.is_empty() && self.query.is_empty()
    }
}

/// One of the values in a [`RequestLine`], as filters, mappings and plugins ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestPart {
    /// The method.
    Method,
    /// The path behind the source's URL.
    Path,
    /// The whole query.
    Query,
    /// The values of one parameter of the query, decoded.
    Parameter {
        /// Its name.
        name: Box<str>,
        /// `query.` and the name.
        full: Box<str>,
    },
}

impl RequestPart {
    /// `method`, `path`, `query` or `query.NAME`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "method" => Some(Self::Method),
            "path" => Some(Self::Path),
            "query" => Some(Self::Query),
            _ => match name.strip_prefix("query.") {
                Some(parameter) if !parameter.is_empty() => {
                    Some(Self::Parameter { name: parameter.into(), full: name.into() })
                }
                _ => None,
            },
        }
    }

    /// As [`Self::named`] takes it.
    pub fn name(&self) -> &str {
        match self {
            Self::Method => "method",
            Self::Path => "path",
            Self::Query => "query",
            Self::Parameter { full, .. } => full,
        }
    }

    /// Its values: none where the request had no such thing, several where a parameter came several times.
    pub fn values<'a>(&'a self, line: &'a RequestLine) -> impl Iterator<Item = Cow<'a, str>> {
        let (whole, query, wanted) = match self {
            Self::Method => (line.method.as_str(), "", ""),
            Self::Path => (line.path.as_str(), "", ""),
            Self::Query => (line.query.as_str(), "", ""),
            Self::Parameter { name, .. } => ("", line.query.as_str(), &**name),
        };
        let parameters = url::form_urlencoded::parse(query.as_bytes());
        let named = parameters.filter(move |(have, _)| have == wanted).map(|(_, value)| value);
        Some(whole).filter(|whole| !whole.is_empty()).map(Cow::Borrowed).into_iter().chain(named)
    }
}

/// What the store is asked to keep: an event that has no id yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewEvent {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Where it came in; `None` when it was published through the API.
    pub source: Option<SourceId>,
    /// Its type; empty when the source has no rule for it.
    pub event_type: Arc<str>,
    /// The media type it came with; empty when it came with none.
    pub content_type: Arc<str>,
    /// The request's headers, without those that carry credentials.
    pub headers: Headers,
    /// Method, path and query of its request.
    #[serde(default)]
    pub request: RequestLine,
    /// The bytes as they came, unpacked if they came compressed. Never changed.
    pub body: Bytes,
    /// When the request had been read.
    pub received_at: Timestamp,
    /// The configuration in force, by which it is routed even after a crash.
    pub revision: u64,
    /// What makes a second copy of it a duplicate, if anything does.
    pub idempotency: Option<IdempotencyKey>,
    /// The scheme that vouched for it (`github`, `key`, …); for the trace.
    pub verified_by: Arc<str>,
}

/// The first 128 bits of the SHA-256 over the source (or workspace) and the key's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdempotencyKey(pub [u8; 16]);

/// One received or published payload. Never changed once it has its id.
#[derive(Clone, Debug)]
pub struct Event {
    /// Given by the store in the order of commits.
    pub id: EventId,
    /// All the rest.
    pub data: NewEvent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &[&str]) {
        let line = RequestLine {
            method: "GET".into(),
            path: "/tenant/42".into(),
            query: "msisdn=447%20700&text=a+b&text=%C3%BC&empty=".into(),
        };
        let part = RequestPart::named(name).unwrap();
        assert_eq!(part.name(), name);
        assert_eq!(part.values(&line).collect::<Vec<_>>(), expected, "{name}");
        assert_eq!(part.values(RequestLine::NONE).count(), 0, "{name}");
    }

    #[test]
    fn what_a_plugin_asks_for() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = Headers(vec![pair("x-a", "1"), pair("x-b", "2"), pair("x-a", "3")]);
        let line = RequestLine { method: "GET".into(), path: String::new(), query: "a=1&a=%32".into() };
        let wanted = [":query.a", "x-a", ":path", ":method", ":nonsense"].map(str::to_owned);
        let expected = [
            pair("x-a", "1"),
            pair("x-a", "3"),
            pair(":query.a", "1"),
            pair(":query.a", "2"),
            pair(":method", "GET"),
        ];
        assert_eq!(headers.asked_for(&wanted, &line), expected);
        assert_eq!(headers.asked_for(&[], &line), []);
    }

    #[test]
    fn parts_of_a_request() {
        check("method", &["GET"]);
        check("path", &["/tenant/42"]);
        check("query", &["msisdn=447%20700&text=a+b&text=%C3%BC&empty="]);
        check("query.msisdn", &["447 700"]);
        check("query.text", &["a b", "ü"]);
        check("query.empty", &[""]);
        check("query.none", &[]);
        for unknown in ["", "query.", "url", "Method"] {
            assert_eq!(RequestPart::named(unknown), None, "{unknown}");
        }
    }
}
