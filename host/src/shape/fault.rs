//! What can go wrong in this room: bytes that are no JSON, a document that means nothing, an
//! event a document cannot be applied to. Not here: what a caller makes of it.

use std::fmt;

/// Bytes that are not JSON, with the place of the first fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid JSON at line {line}, column {column} (byte {offset}): {what}")]
pub struct JsonFault {
    /// Bytes before the fault.
    pub offset: usize,
    /// Line of the fault, from 1.
    pub line: usize,
    /// Byte in that line, from 1.
    pub column: usize,
    /// What was wrong there.
    pub what: &'static str,
}

impl JsonFault {
    /// The fault at `offset` of `body`; counts lines, so it is made only when a parse fails.
    pub(crate) fn at(body: &[u8], offset: usize, what: &'static str) -> Self {
        let before = body.get(..offset).unwrap_or(body);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Self { offset, line, column: offset - line_start.min(offset) + 1, what }
    }
}

/// One thing wrong with a filter, a mapping or a query, found when it is compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", Place(pointer))]
pub struct SpecFault {
    /// Where, as a JSON pointer into the document that was given; empty for the whole of it.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub detail: String,
}

impl SpecFault {
    pub(crate) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "the document" } else { self.0 })
    }
}

/// A filter or mapping that could not be applied to this event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}{}", Place(pointer), Context { path, seen })]
pub struct EvalFault {
    /// The clause or field that failed, as a JSON pointer into the filter or mapping.
    pub pointer: String,
    /// The path it read; empty when it read none.
    pub path: String,
    /// The value it saw, as JSON, cut to some 200 bytes; empty when it saw none.
    pub seen: String,
    /// What went wrong.
    pub detail: String,
}

struct Context<'a> {
    path: &'a str,
    seen: &'a str,
}

impl fmt::Display for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path.is_empty(), self.seen.is_empty()) {
            (true, true) => Ok(()),
            (false, true) => write!(f, " (at {})", self.path),
            (true, false) => write!(f, " (saw {})", self.seen),
            (false, false) => write!(f, " (at {}, saw {})", self.path, self.seen),
        }
    }
}

/// `text` cut to at most 200 bytes, at a character's edge.
pub(crate) fn bounded(text: &str) -> &str {
    const MOST: usize = 200;
    if text.len() <= MOST {
        return text;
    }
    let mut end = MOST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `pointer` and one more reference token, escaped as RFC 6901 has it.
pub(crate) fn push_pointer(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}
