//! What a filter or mapping may look at: the payload, the headers, the event's own fields.
//! Not here: where they come from (`pipeline`).

use crate::domain::event::RequestLine;
use crate::shape::budget::Exhausted;
use crate::shape::tape::Document;

/// One event as filters and mappings see it. Made once and shared by every connection, so that
/// the payload is parsed once.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The payload.
    pub document: &'a Document<'a>,
    /// Names in lower case with their values.
    pub headers: &'a [(String, String)],
    /// The event's id as text.
    pub id: &'a str,
    /// Its type.
    pub event_type: &'a str,
    /// The name of the source it came in at; empty if it was published.
    pub source: &'a str,
    /// When it was received, as RFC 3339.
    pub received_at: &'a str,
    /// How it was asked for.
    pub request: &'a RequestLine,
    /// The payload is no JSON: `document` says nothing of it, and whoever looks at the payload fails.
    pub unreadable: bool,
}

impl<'a> Input<'a> {
    /// An input that is only a payload.
    pub fn of(document: &'a Document<'a>) -> Self {
        Self {
            document,
            headers: &[],
            id: "",
            event_type: "",
            source: "",
            received_at: "",
            request: RequestLine::NONE,
            unreadable: false,
        }
    }
}

impl Input<'_> {
    /// Whether there is a payload to look at.
    #[inline]
    pub(crate) fn readable(&self) -> Result<(), Exhausted> {
        if self.unreadable { Err(Exhausted::Unreadable) } else { Ok(()) }
    }
}

/// One of the event's own fields, as `in_event` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventField {
    Id,
    Type,
    Source,
    ReceivedAt,
}

impl EventField {
    const ALL: [Self; 4] = [Self::Id, Self::Type, Self::Source, Self::ReceivedAt];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Type => "type",
            Self::Source => "source",
            Self::ReceivedAt => "received_at",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|field| field.name() == name);
        found
            .ok_or_else(|| format!("an event has no field `{name}`; it has id, type, source, received_at, method, path, query, and query.NAME for one parameter"))
    }

    pub(crate) fn of<'a>(self, input: &Input<'a>) -> &'a str {
        match self {
            Self::Id => input.id,
            Self::Type => input.event_type,
            Self::Source => input.source,
            Self::ReceivedAt => input.received_at,
        }
    }
}
